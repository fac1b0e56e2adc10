import type { Clock } from '@rollcall/protocol/clock';
import type { Health } from '@rollcall/protocol/health';
import { buildTopic } from '@rollcall/protocol/topics';
import type { RetainedTopics } from './retained-topics.js';

export interface HealthTopicOptions {
  gatewayId: string;
  intervalMs: number;
  clock: Clock;
  topics: Pick<RetainedTopics, 'changed'>;
  build: () => Health;
}

/** `up/health`: on change, and often enough that a missing one means something. */
export class HealthTopic {
  readonly #options: HealthTopicOptions;
  readonly #topic: string;
  #cancelTimer: (() => void) | undefined;

  constructor(options: HealthTopicOptions) {
    this.#options = options;
    this.#topic = buildTopic({ kind: 'health', gatewayId: options.gatewayId });
  }

  start(): void {
    this.changed();
    this.#cancelTimer = this.#options.clock.after(this.#options.intervalMs, () => this.start());
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  changed(): void {
    const { topics, build } = this.#options;
    topics.changed(this.#topic, () => JSON.stringify(build()));
  }
}
