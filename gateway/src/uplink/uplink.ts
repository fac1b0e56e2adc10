import type { Clock } from '@rollcall/protocol/clock';
import type { CommandName } from '@rollcall/protocol/command';
import { isRollcallError, type RollcallError } from '@rollcall/protocol/errors';
import type { Health } from '@rollcall/protocol/health';
import { parseJson } from '@rollcall/protocol/parse';
import { type RosterPointer, rosterPointerSchema } from '@rollcall/protocol/roster';
import { buildTopic, type DownTopic } from '@rollcall/protocol/topics';
import type { Log } from '../log.js';
import type { RowStamp } from '../store/outbox-row.js';
import type { Store } from '../store/store.js';
import type { Writer } from '../store/writer.js';
import { Acks } from './acks.js';
import { type CommandHandlers, takeCommand } from './commands.js';
import { HealthTopic } from './health.js';
import { Link } from './link.js';
import { Pump } from './pump.js';
import { RetainedTopics } from './retained-topics.js';
import type { Signer } from './signer.js';
import { Greetings } from './status.js';

export interface UplinkOptions {
  gatewayId: string;
  mqttUrl: string;
  password: string;
  ca: Buffer | undefined;
  windowBatches: number;
  batchRows: number;
  resendMs: number;
  healthIntervalMs: number;
  stamp: () => RowStamp;
  software: string;
  store: Store;
  writer: Writer;
  signer: Signer;
  clock: Clock;
  log: Log;
  buildHealth: () => Health;
  handlers: CommandHandlers;
  onRoster: (pointer: RosterPointer) => Promise<void>;
  onLinkProblem: (problem: RollcallError | undefined) => void;
  onOverdue: (isOverdue: boolean) => void;
  onRolledBack: () => void;
}

/** The side of the gateway that talks to central: knows the store, and nothing of readers. */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #link: Link;
  readonly #acks: Acks;
  readonly #health: HealthTopic;
  readonly pump: Pump;
  readonly topics: RetainedTopics;

  constructor(options: UplinkOptions) {
    this.#options = options;
    const { gatewayId, clock, log, store, writer } = options;
    this.#link = this.#createLink();
    this.pump = new Pump({
      ...options,
      storeId: store.storeId,
      outbox: store.outbox,
      position: writer,
      publish: (kind, bytes) => this.#link.publish(buildTopic({ kind, gatewayId }), bytes),
    });
    this.#acks = new Acks({
      storeId: store.storeId,
      position: writer,
      mark: (throughSeq) => writer.markAcked(throughSeq),
      advance: (throughSeq) => this.#advance(throughSeq),
      onRolledBack: options.onRolledBack,
      log,
    });
    this.topics = new RetainedTopics({
      clock,
      log,
      publish: (topic, payload) => this.#link.publish(topic, payload, { retain: true }),
    });
    this.#health = new HealthTopic({
      gatewayId,
      intervalMs: options.healthIntervalMs,
      clock,
      topics: this.topics,
      build: options.buildHealth,
    });
  }

  start(): void {
    this.pump.start();
    this.#health.start();
    this.#link.start();
  }

  async stop(): Promise<void> {
    this.#health.stop();
    this.pump.stop();
    this.topics.stop();
    await this.#link.stop();
  }

  healthChanged(): void {
    this.#health.changed();
  }

  #createLink(): Link {
    const { stamp, software, store, log } = this.#options;
    const greetings = new Greetings({ stamp, software, meta: store.meta, log });
    return new Link({
      ...this.#options,
      greeting: () => greetings.next(),
      onUp: () => {
        this.topics.linkUp();
        this.pump.linkUp();
      },
      onDown: () => {
        this.topics.linkDown();
        this.pump.linkDown();
      },
      onMessage: (topic, payload) => this.#dispatch(topic, payload),
      onProblem: this.#options.onLinkProblem,
    });
  }

  #advance(throughSeq: number): void {
    this.pump.acked(throughSeq);
    // An empty outbox is news: class sessions wait for it.
    if (throughSeq === this.#options.writer.headSeq) this.healthChanged();
  }

  #dispatch(topic: DownTopic, payload: Uint8Array): void {
    if (topic.kind === 'command') this.#takeCommand(topic.command, payload);
    else if (topic.kind === 'ack') this.#acks.take(payload);
    else {
      // Central publishes it as soon as it reads, also where the broker stayed and nothing else tells.
      this.pump.centralSpoke();
      this.#takeRoster(payload);
    }
  }

  #takeCommand(command: string, payload: Uint8Array): void {
    const { gatewayId } = this.#options;
    void takeCommand(command, payload, {
      ...this.#options,
      respond: (name, response) => {
        // A name outside the contract is answered too: whoever made it up is listening there.
        const to = buildTopic({ kind: 'response', gatewayId, command: name as CommandName });
        return this.#link.publish(to, JSON.stringify(response));
      },
    });
  }

  #takeRoster(payload: Uint8Array): void {
    // An empty retained message is how a broker forgets the pointer.
    if (payload.length === 0) return;
    const { onRoster, log } = this.#options;
    try {
      const pointer = parseJson(rosterPointerSchema, payload, 'ROSTER_INVALID', 'The roster pointer');
      onRoster(pointer).catch((error: unknown) =>
        log.error({ err: error }, 'the roster could not be followed'),
      );
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      log.warn({ code: error.code }, error.message);
    }
  }
}
