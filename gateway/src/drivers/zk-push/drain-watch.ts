import type { TerminalNews } from '../terminal-log.js';

/**
 * A terminal with something left sends it within this time: it polls every ten seconds and repeats a failed upload
 * after thirty.
 */
const SETTLE_MS = 40_000;
/** Polls remembered; one every few seconds for longer than `SETTLE_MS`. */
const POLLS_MAX = 64;
const NAMES = { greeted: 'greeted', kept: 'kept-entries', replay: 'replayed-at' } as const;

interface Moment {
  monoMs: number;
  wallMs: number;
}

export interface PollOutcome {
  memory: Record<string, string>;
  news: TerminalNews[];
  /** Wall time to which the log is drained; undefined when nothing new can be said. */
  throughMs: number | undefined;
  /** It holds more than ever came: it is to send all of it again. */
  isToReplay: boolean;
}

/**
 * Knows how far the log of a terminal that pushes is drained. It never says so itself: it is when it kept polling for
 * long enough without sending anything. A second look is at how many entries it says to hold: more than were ever kept
 * means that some were lost on the way (a stamp moved by another server, a lost answer). Then all of it is asked for
 * again, once, and if entries are still missing people are told.
 */
export class DrainWatch {
  readonly #recall: (name: string) => string | undefined;
  #polls: Moment[] = [];
  #isGreeted: boolean;
  #isDrained = false;
  /** An upload was refused, and has to come again first. */
  #isOwed = false;
  #kept: number;
  /** Lines since all of it was asked for; undefined while it is not. */
  #replayed: number | undefined;

  constructor(recall: (name: string) => string | undefined) {
    this.#recall = recall;
    this.#isGreeted = recall(NAMES.greeted) !== undefined;
    this.#kept = Number(recall(NAMES.kept) ?? 0);
  }

  get isDrained(): boolean {
    return this.#isDrained;
  }

  get isReplaying(): boolean {
    return this.#replayed !== undefined;
  }

  /** The terminal was told from where to send. Returns what to remember. */
  greeted(): Record<string, string> {
    this.#isGreeted = true;
    this.#busy();
    return { [NAMES.greeted]: '1' };
  }

  /** An upload was kept. Returns what to remember. */
  taken({ lines, fresh }: { lines: number; fresh: number }): Record<string, string> {
    this.#busy();
    this.#isOwed = false;
    if (this.#replayed !== undefined) this.#replayed += lines;
    if (fresh === 0) return {};
    this.#kept += fresh;
    return { [NAMES.kept]: String(this.#kept) };
  }

  refused(): void {
    this.#busy();
    this.#isOwed = true;
  }

  /** @param holds how many entries the terminal says to have; undefined where it does not say. */
  polled(now: Moment, holds: number | undefined): PollOutcome {
    const nothing = { memory: {}, news: [], throughMs: undefined, isToReplay: false };
    this.#polls.push(now);
    if (this.#polls.length > POLLS_MAX) this.#polls.shift();
    // A terminal that knows another server may think that everything was taken: it is to ask what we have.
    if (!this.#isGreeted) return { ...nothing, isToReplay: true };
    const settled = this.#polls.filter(({ monoMs }) => now.monoMs - monoMs >= SETTLE_MS).at(-1);
    if (settled === undefined || this.#isOwed) return nothing;
    if (holds !== undefined && holds > this.#kept) {
      const missing = this.#onMissing(holds);
      if (missing.isToReplay) return missing;
      this.#isDrained = true;
      return { ...missing, throughMs: settled.wallMs };
    }
    this.#replayed = undefined;
    this.#isDrained = true;
    return { ...nothing, throughMs: settled.wallMs };
  }

  #onMissing(holds: number): PollOutcome {
    const outcome = { news: [], throughMs: undefined, isToReplay: false };
    if (this.#replayed === undefined && this.#recall(NAMES.replay) !== String(holds)) {
      this.#replayed = 0;
      this.#polls = [];
      return { ...outcome, memory: { [NAMES.replay]: String(holds) }, isToReplay: true };
    }
    const lines = this.#replayed;
    this.#replayed = undefined;
    this.#kept = holds;
    const memory = { [NAMES.kept]: String(holds) };
    // Entries that are alike in everything are one here: then all of them came, and nothing is missing.
    if (lines !== undefined && lines >= holds) return { ...outcome, memory };
    const reason = 'the terminal says that it holds more entries than it sends; read its log at the terminal';
    return {
      ...outcome,
      memory,
      news: [{ type: 'log_gap', fromMs: undefined, throughMs: undefined, reason }],
    };
  }

  #busy(): void {
    this.#polls = [];
    this.#isDrained = false;
  }
}
