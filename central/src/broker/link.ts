import { randomBytes } from 'node:crypto';
import { type Clock, delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { probeTopic, UP_FILTER } from '@rollcall/protocol/topics';
import { connect as connectMqtt, type IPublishPacket, type MqttClient } from 'mqtt';
import type { Log } from '../log.js';

const RECONNECT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_S = 30;
/** How long the first connection and the probe may take before central refuses to start. */
const PROBE_TIMEOUT_MS = 15_000;
/** In a shared subscription another replica may get a probe: it is sent until one comes back here. */
const PROBE_INTERVAL_MS = 250;
const CONSUME_RETRY_MS = 1_000;

export interface Message {
  topic: string;
  payload: Uint8Array;
  /** Kept by the broker from before: says how things were, not that something happens now. */
  retained: boolean;
}

export interface BrokerLink {
  /** True while the broker is connected and central's subscription has been proved. */
  readonly isConsuming: boolean;
  /** Subscribes and proves it by a message that comes back. @throws RollcallError `BROKER_PROBE_FAILED` */
  consume(): Promise<void>;
  /** Gives the subscription up: another replica holds it now. */
  release(): Promise<void>;
  /** Never waits: what cannot be sent now is sent again by whoever needs it. */
  publish(topic: string, payload: string | Uint8Array, options?: { retain?: boolean }): void;
  /** Told each time when the subscription has been proved, and now if it is: what is sent from here on is read. */
  onReading(handler: () => void): void;
  stop(): Promise<void>;
}

export interface BrokerLinkOptions {
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  clientId: string;
  /** Replicas with the same group share the messages. */
  sharedGroup?: string | undefined;
  /** Resolves when the next message may come; the broker's PUBACK waits for it. */
  handle(message: Message): Promise<void>;
  clock: Clock;
  log: Log;
  probeTimeoutMs?: number;
}

export function openBrokerLink(options: BrokerLinkOptions): BrokerLink {
  return new MqttLink(options);
}

class MqttLink implements BrokerLink {
  readonly #options: BrokerLinkOptions;
  readonly #client: MqttClient;
  readonly #filter: string;
  readonly #probeTimeoutMs: number;
  readonly #stopping = new AbortController();
  readonly #probes = new Map<string, () => void>();
  readonly #readingHandlers = new Set<() => void>();
  #isWanted = false;
  #isConsuming = false;
  #lastProblem = 'no answer';

  constructor(options: BrokerLinkOptions) {
    const { url, log, sharedGroup, probeTimeoutMs = PROBE_TIMEOUT_MS } = options;
    this.#options = options;
    this.#probeTimeoutMs = probeTimeoutMs;
    this.#filter = sharedGroup === undefined ? UP_FILTER : `$share/${sharedGroup}/${UP_FILTER}`;
    this.#client = connectClient(options);
    // Not the "message" event: only this callback holds the PUBACK and the next message back (edge finding 6).
    this.#client.handleMessage = (packet, done) => this.#take(packet, done);
    this.#client.on('error', (error) => {
      this.#lastProblem = error.message;
      log.warn(
        { err: error, url: withoutLogin(url) },
        'the broker refuses or cannot be reached; trying again',
      );
    });
    this.#client.on('close', () => {
      if (this.#isConsuming && !this.#isStopping) {
        log.warn({ url: withoutLogin(url) }, 'the broker is gone; trying again');
      }
      this.#isConsuming = false;
    });
    this.#client.on('connect', () => {
      if (this.#isWanted) void this.#resume();
    });
  }

  get isConsuming(): boolean {
    return this.#isConsuming;
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async consume(): Promise<void> {
    try {
      await this.#waitForConnection();
      await this.#subscribeAndProbe();
      this.#isWanted = true;
    } catch (error) {
      throw probeFailed(this.#options.url, error);
    }
  }

  async release(): Promise<void> {
    this.#isWanted = false;
    this.#isConsuming = false;
    if (!this.#client.connected) return;
    await this.#client.unsubscribeAsync(this.#filter).catch((error: unknown) => {
      this.#options.log.debug({ err: error }, 'the subscription ends with the connection');
    });
  }

  publish(topic: string, payload: string | Uint8Array, { retain = false } = {}): void {
    // The client would keep it in memory without a bound; acks and pointers are made again anyway.
    if (!this.#client.connected) return;
    const bytes = typeof payload === 'string' ? payload : Buffer.from(payload);
    this.#client.publish(topic, bytes, { qos: 1, retain }, (error) => {
      if (error) this.#options.log.debug({ err: error, topic }, 'a message was not delivered');
    });
  }

  onReading(handler: () => void): void {
    this.#readingHandlers.add(handler);
    if (this.#isConsuming) handler();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#isWanted = false;
    await this.#client.endAsync(true);
  }

  #take(packet: IPublishPacket, done: () => void): void {
    const { topic, retain } = packet;
    if (topic.startsWith(PROBE_PREFIX)) {
      this.#probes.get(topic)?.();
      done();
      return;
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    this.#options.handle({ topic, payload, retained: retain }).then(done, (error: unknown) => {
      // Never back to the broker: an error there stops the redelivery, too. The gateway sends it again.
      if (!this.#isStopping) this.#options.log.error({ err: error, topic }, 'a message could not be handled');
      done();
    });
  }

  async #subscribeAndProbe(): Promise<void> {
    const granted = await this.#client.subscribeAsync(this.#filter, { qos: 1 });
    if (granted.some(({ qos }) => qos > 1))
      throw new Error(`the broker refuses the subscription ${this.#filter}`);
    await this.#probe();
    this.#isConsuming = true;
    for (const handler of this.#readingHandlers) handler();
  }

  /** After a reconnect the new session of the broker knows no subscription. */
  async #resume(): Promise<void> {
    const { log, clock } = this.#options;
    while (this.#isWanted && this.#client.connected && !this.#isStopping) {
      try {
        await this.#subscribeAndProbe();
        log.info('the broker is back and the subscription works');
        return;
      } catch (error) {
        log.warn({ err: error }, 'the subscription does not work; trying again');
        await delay(clock, CONSUME_RETRY_MS, this.#stopping.signal).catch(() => undefined);
      }
    }
  }

  async #probe(): Promise<void> {
    const { clock } = this.#options;
    const topic = probeTopic(randomBytes(8).toString('hex'));
    const back = new AbortController();
    this.#probes.set(topic, () => back.abort());
    const deadlineMs = clock.monoMs() + this.#probeTimeoutMs;
    try {
      while (!back.signal.aborted) {
        if (this.#isStopping || clock.monoMs() > deadlineMs) {
          throw new Error(
            `a message sent to ${topic} does not come back through the subscription ${this.#filter}`,
          );
        }
        this.#client.publish(topic, '', { qos: 1 });
        await delay(clock, PROBE_INTERVAL_MS, back.signal).catch(() => undefined);
      }
    } finally {
      this.#probes.delete(topic);
    }
  }

  async #waitForConnection(): Promise<void> {
    const { clock } = this.#options;
    const deadlineMs = clock.monoMs() + this.#probeTimeoutMs;
    while (!this.#client.connected) {
      if (clock.monoMs() > deadlineMs) throw new Error(this.#lastProblem);
      await delay(clock, PROBE_INTERVAL_MS, this.#stopping.signal);
    }
  }
}

const PROBE_PREFIX = probeTopic('');

function connectClient({ url, username, password, clientId }: BrokerLinkOptions): MqttClient {
  return connectMqtt(url, {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    clientId,
    clean: true,
    protocolVersion: 4,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: RECONNECT_MS,
    // A refused login can be a broker that is just being set up: as for every other failure, it is tried for ever.
    reconnectOnConnackError: true,
    // This file subscribes again itself, since a subscription counts only after a probe.
    resubscribe: false,
    queueQoSZero: false,
  });
}

function probeFailed(url: string, cause: unknown): RollcallError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RollcallError(
    'BROKER_PROBE_FAILED',
    `The broker at ${withoutLogin(url)} cannot be used: ${reason}. Check that it runs there, that MQTT_USERNAME and ` +
      'MQTT_PASSWORD_FILE are right, that its ACL lets this user read and write rollcall/v1/#, and, with ' +
      'MQTT_SHARED_GROUP set, that it knows shared subscriptions',
    { cause },
  );
}

function withoutLogin(url: string): string {
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  } catch {
    return 'the address in MQTT_URL';
  }
}
