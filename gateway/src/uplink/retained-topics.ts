import type { Clock } from '@rollcall/protocol/clock';
import type { Log } from '../log.js';

/** Changes within this time travel as one message. */
const SPACING_MS = 1_000;
/** A state that the broker did not take is offered again after this long. */
const RETRY_MS = 5_000;

export interface RetainedTopicsOptions {
  clock: Clock;
  log: Log;
  publish: (topic: string, payload: string) => Promise<void>;
}

interface Entry {
  build: () => string;
  isDirty: boolean;
}

/**
 * What the broker keeps for latecomers. Only the newest state of a topic is ever sent, one message at a time;
 * on every connection all of it again, because a broker may have forgotten.
 */
export class RetainedTopics {
  readonly #options: RetainedTopicsOptions;
  readonly #entries = new Map<string, Entry>();
  #isUp = false;
  #isSending = false;
  /** Something changed while a message was on its way: one more round. */
  #isWanted = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: RetainedTopicsOptions) {
    this.#options = options;
  }

  /** The topic has a new state; it is built when it is sent, so that it is never old. */
  changed(topic: string, build: () => string): void {
    this.#entries.set(topic, { build, isDirty: true });
    this.#sendAfter(SPACING_MS);
  }

  linkUp(): void {
    this.#isUp = true;
    for (const entry of this.#entries.values()) entry.isDirty = true;
    void this.#send();
  }

  linkDown(): void {
    this.#isUp = false;
  }

  stop(): void {
    this.#isUp = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #sendAfter(waitMs: number): void {
    this.#cancelTimer ??= this.#options.clock.after(waitMs, () => {
      this.#cancelTimer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#isWanted = true;
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#isWanted && this.#isUp) {
        this.#isWanted = false;
        await this.#sendChanged();
      }
    } finally {
      this.#isSending = false;
    }
  }

  async #sendChanged(): Promise<void> {
    for (const [topic, entry] of this.#entries) {
      if (!this.#isUp) return;
      if (!entry.isDirty) continue;
      entry.isDirty = false;
      await this.#publish(topic, entry);
    }
  }

  async #publish(topic: string, entry: Entry): Promise<void> {
    try {
      await this.#options.publish(topic, entry.build());
    } catch (error) {
      entry.isDirty = true;
      if (this.#isUp) this.#sendAfter(RETRY_MS);
      this.#options.log.debug({ err: error, topic }, 'a state was not taken by the broker');
    }
  }
}
