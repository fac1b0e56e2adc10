import { COMMAND, REPLY } from './codes.js';
import type { Command } from './commands.js';
import type { Answer } from './link.js';

/**
 * A comparison that nobody waits for any more. BIOMATCHR does not say whose finger was compared (OSDP v2.2 §7.15), so
 * nobody else's comparison begins before the reader has said all of this one. A reader that knows ABORT may still have the
 * result in its queue; one that does not goes on until somebody touches it or its own time is over.
 */
export class GivenUpMatch {
  readonly #untilMs: number;
  #isOver = false;
  #isSaid = false;

  /** @param untilMs when a reader is waited for no longer that ends the scan by itself and does not say so */
  constructor(untilMs: number) {
    this.#untilMs = untilMs;
  }

  /** Whether the reader does not scan for it any more; a poll shows whether there is something left to say. */
  get isOver(): boolean {
    return this.#isOver;
  }

  isDone(nowMs: number): boolean {
    return this.#isSaid || nowMs > this.#untilMs;
  }

  onAnswer({ code }: Command, answer: Answer): void {
    if (answer.type !== 'reply') return;
    if (code === COMMAND.abort || answer.code === REPLY.fingerMatched) this.#isOver = true;
    else if (code === COMMAND.poll && answer.code === REPLY.ack) this.#isSaid = this.#isOver;
  }
}
