import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { buildTopic, type DownTopic, downFilter, parseTopic } from '@rollcall/protocol/topics';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { Log } from '../log.js';
import { Backoff } from './backoff.js';
import { RivalDetector } from './rival-detector.js';

/** Publishes waiting for their PUBACK; the outbox keeps everything else on disk. */
export const INFLIGHT_MAX = 64;
const KEEPALIVE_S = 30;
const CONNECT_TIMEOUT_MS = 10_000;
/** A broker that takes longer to answer a publish is treated as gone. */
const PUBACK_TIMEOUT_MS = 20_000;
const GOODBYE_TIMEOUT_MS = 2_000;
const RECONNECT_FIRST_MS = 1_000;
const RECONNECT_MAX_MS = 30_000;
/** A connection that held this long was a good one. */
const STABLE_MS = 60_000;
/** The same reason is logged again after this long: a broker that is away for days must not fill the disk. */
const REASON_LOG_INTERVAL_MS = 900_000;
/** Return codes of CONNACK that no waiting changes: identifier, login and permission refused. */
const REFUSED_CODES = new Set([2, 4, 5]);

/** What this connection says about the gateway: made anew for each, because the session counts them. */
export interface Greeting {
  birth: string;
  will: string;
}

export interface LinkOptions {
  mqttUrl: string;
  gatewayId: string;
  password: string;
  ca: Buffer | undefined;
  clock: Clock;
  log: Log;
  random?: () => number;
  greeting: () => Greeting;
  onUp: () => void;
  onDown: () => void;
  onMessage: (topic: DownTopic, payload: Uint8Array) => void;
  /** Why there is no connection; undefined once there is. */
  onProblem?: (problem: RollcallError | undefined) => void;
}

interface Pending {
  reject: (error: RollcallError) => void;
}

/**
 * The connection to the broker. A new client for every connection, with nothing carried over: the client's
 * queue and store are in memory and lose what they hold, so they never hold anything that the outbox has not
 * (edge §0, finding 7). Sessions are clean; what matters below `down/` is retained or sent again.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  readonly #rivals: RivalDetector;
  readonly #pending = new Set<Pending>();
  #client: MqttClient | undefined;
  #will = '';
  #logged: { message: string; monoMs: number } | undefined;
  #isUp = false;
  #isStopped = false;
  #cancelTimer: (() => void) | undefined;
  #cancelStable: (() => void) | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff({
      firstMs: RECONNECT_FIRST_MS,
      maxMs: RECONNECT_MAX_MS,
      random: options.random ?? Math.random,
    });
    this.#rivals = new RivalDetector(options.clock);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  start(): void {
    this.#connect();
  }

  /** Says goodbye, so that nobody has to wait for the will. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelStable?.();
    const client = this.#client;
    if (client === undefined) return;
    if (this.#isUp) await this.#sayGoodbye();
    this.#isUp = false;
    this.#failPending('The gateway is stopping');
    this.#client = undefined;
    await this.#within(GOODBYE_TIMEOUT_MS, client.endAsync());
    // One that waits for answers that never come would keep the stopped process alive.
    this.#drop(client);
  }

  /**
   * Publishes with QoS 1. Resolves on PUBACK, which means that the broker took it and nothing more.
   *
   * @throws RollcallError `LINK_DOWN`
   */
  publish(topic: string, payload: Uint8Array | string, { retain = false } = {}): Promise<void> {
    const client = this.#client;
    if (!this.#isUp || client === undefined)
      return Promise.reject(down('There is no connection to the broker'));
    if (this.#pending.size >= INFLIGHT_MAX)
      return Promise.reject(down('The broker is behind with its answers'));
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        this.#pending.delete(pending);
        cancel();
        if (error === undefined || error === null) resolve();
        else
          reject(error instanceof RollcallError ? error : down('The broker did not take a message', error));
      };
      const pending: Pending = { reject: settle };
      const cancel = this.#options.clock.after(PUBACK_TIMEOUT_MS, () => {
        settle(down(`The broker did not answer within ${PUBACK_TIMEOUT_MS / 1000} s`));
        this.#drop(client);
      });
      this.#pending.add(pending);
      const bytes =
        typeof payload === 'string'
          ? payload
          : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
      client.publish(topic, bytes, { qos: 1, retain }, settle);
    });
  }

  #connect(): void {
    const { mqttUrl, log } = this.#options;
    const greeting = this.#options.greeting();
    this.#will = greeting.will;
    const client = connect(mqttUrl, this.#clientOptions(greeting));
    this.#client = client;
    client.on('connect', () => {
      this.#welcome(client, greeting).catch((error: unknown) => {
        this.#report(error);
        this.#drop(client);
      });
    });
    client.on('message', (text, payload) => {
      if (client !== this.#client) return;
      const topic = parseTopic(text);
      if (topic === undefined || !isDown(topic) || topic.gatewayId !== this.#options.gatewayId) {
        log.warn({ topic: text }, 'a message on a topic outside the contract was ignored');
        return;
      }
      this.#options.onMessage(topic, payload);
    });
    // A client that is being torn down may still report; only the living one is listened to.
    client.on('error', (error) => {
      if (client === this.#client) this.#report(error);
    });
    client.on('close', () => this.#closed(client));
  }

  #clientOptions(greeting: Greeting): IClientOptions {
    const { gatewayId, password, ca } = this.#options;
    return {
      protocolVersion: 4,
      clientId: gatewayId,
      username: gatewayId,
      password,
      clean: true,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      will: { topic: this.#statusTopic(), payload: Buffer.from(greeting.will), qos: 1, retain: true },
      ...(ca === undefined ? {} : { ca }),
    };
  }

  /** Subscribes, then says that the gateway is there; only then may anything else be published. */
  async #welcome(client: MqttClient, greeting: Greeting): Promise<void> {
    const { gatewayId, clock, log } = this.#options;
    const granted = await client.subscribeAsync(downFilter(gatewayId), { qos: 1 });
    if (granted.some(({ qos }) => qos === 128)) {
      throw new RollcallError(
        'LINK_AUTH',
        `The broker does not let ${gatewayId} read ${downFilter(gatewayId)}; fix its ACL`,
      );
    }
    if (client !== this.#client || this.#isStopped) return;
    this.#isUp = true;
    await this.publish(this.#statusTopic(), greeting.birth, { retain: true });
    if (client !== this.#client || !this.#isUp) return;
    this.#logged = undefined;
    log.info({ mqttUrl: hostOf(this.#options.mqttUrl) }, 'connected to the broker');
    this.#cancelStable = clock.after(STABLE_MS, () => {
      this.#backoff.reset();
      this.#rivals.reset();
    });
    if (!this.#rivals.isSuspected) this.#options.onProblem?.(undefined);
    this.#options.onUp();
  }

  async #sayGoodbye(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#within(GOODBYE_TIMEOUT_MS, this.publish(this.#statusTopic(), this.#will, { retain: true }));
    } catch (error) {
      log.debug({ err: error }, 'the broker left before the goodbye; it has the will');
    }
  }

  /** Waits for the work, but no longer than the limit. */
  async #within(limitMs: number, work: Promise<void>): Promise<void> {
    let cancel = (): void => undefined;
    const limit = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(limitMs, resolve);
    });
    await Promise.race([work, limit]).finally(cancel);
  }

  #closed(client: MqttClient): void {
    if (client !== this.#client) return;
    const { clock, log, onDown, onProblem } = this.#options;
    const wasUp = this.#isUp;
    this.#client = undefined;
    this.#isUp = false;
    this.#cancelStable?.();
    client.end(true);
    this.#failPending('The connection to the broker was lost');
    if (wasUp) onDown();
    if (wasUp && this.#rivals.noteLoss()) {
      const taken = new RollcallError(
        'CLIENT_ID_TAKEN',
        `The broker keeps closing the connection: probably another gateway logs in as ${this.#options.gatewayId}. ` +
          'Give each gateway its own gateway.id and password',
      );
      log.warn({ code: taken.code }, taken.message);
      onProblem?.(taken);
    } else if (wasUp) this.#report(down('The connection to the broker was lost'));
    if (this.#isStopped) return;
    const delayMs = this.#backoff.nextMs();
    log.debug({ delayMs }, 'connecting again');
    this.#cancelTimer = clock.after(delayMs, () => this.#connect());
  }

  /** Ends a connection that no longer works; `close` follows and reconnects. */
  #drop(client: MqttClient): void {
    client.stream.destroy();
  }

  #report(error: unknown): void {
    const { clock, log, onProblem } = this.#options;
    const problem = asProblem(error, this.#options);
    const { code, message } = problem;
    const monoMs = clock.monoMs();
    if (this.#logged?.message === message && monoMs - this.#logged.monoMs < REASON_LOG_INTERVAL_MS) {
      log.debug({ code }, message);
    } else {
      this.#logged = { message, monoMs };
      log.warn({ code }, message);
    }
    onProblem?.(problem);
  }

  #failPending(message: string): void {
    for (const { reject } of [...this.#pending]) reject(down(message));
  }

  #statusTopic(): string {
    return buildTopic({ kind: 'status', gatewayId: this.#options.gatewayId });
  }
}

function isDown(topic: { kind: string }): topic is DownTopic {
  return topic.kind === 'ack' || topic.kind === 'roster' || topic.kind === 'command';
}

function down(message: string, cause?: unknown): RollcallError {
  return new RollcallError('LINK_DOWN', message, { cause });
}

function asProblem(error: unknown, { gatewayId, mqttUrl }: LinkOptions): RollcallError {
  if (error instanceof RollcallError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'number' && REFUSED_CODES.has(code)) {
    return new RollcallError(
      'LINK_AUTH',
      `The broker refuses the login ${gatewayId}; check uplink.password_file and that central knows this gateway`,
      { cause: error },
    );
  }
  return down(
    `The broker at ${hostOf(mqttUrl)} cannot be reached (${String(message)}); punches are kept here and sent once it is`,
    error,
  );
}

/** The address without anything secret that an operator may have put into it. */
function hostOf(url: string): string {
  return new URL(url).host;
}
