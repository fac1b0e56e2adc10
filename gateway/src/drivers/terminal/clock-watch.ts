import type { ClockState } from '@rollcall/protocol/punch';
import type { TerminalClock, TerminalNews } from '../terminal-log.js';

/** A clock that is wrong by more than this is said to central (PUSH note §1.9). */
export const CLOCK_WRONG_MS = 60_000;
/** So much more or less wrong than when it was last said is news again. */
const CLOCK_CHANGED_MS = 60_000;
const NAMES = { offset: 'clock-offset-ms', told: 'clock-told-ms' } as const;

export interface Reading {
  /** The terminal's clock, by its configured zone. */
  terminalMs: number;
  monoMs: number;
  wallMs: number;
  /** Of our own clock. */
  clockState: ClockState;
}

export interface ClockNote {
  news: TerminalNews[];
  memory: Record<string, string>;
}

/** What is known of one terminal's clock, over connections and restarts. */
export class ClockWatch {
  readonly #recall: (name: string) => string | undefined;
  #clock: TerminalClock | undefined;
  #offsetMs: number | undefined;

  constructor(recall: (name: string) => string | undefined) {
    this.#recall = recall;
    const known = recall(NAMES.offset);
    if (known === undefined) return;
    this.#offsetMs = Number(known);
    this.#clock = { offsetMs: this.#offsetMs };
  }

  get clock(): TerminalClock | undefined {
    return this.#clock;
  }

  /** How far it is ahead of ours, when last compared with a clock of ours that was right; undefined before. */
  get offsetMs(): number | undefined {
    return this.#offsetMs;
  }

  /** The clocks were compared: what is to be remembered and told of it. */
  read({ terminalMs, monoMs, wallMs, clockState }: Reading): ClockNote {
    this.#clock = { terminalMs, monoMs };
    if (clockState !== 'synced') return { news: [], memory: {} };
    const offsetMs = Math.round(terminalMs - wallMs);
    this.#offsetMs = offsetMs;
    const memory: Record<string, string> = { [NAMES.offset]: String(offsetMs) };
    const toldMs = Number(this.#recall(NAMES.told) ?? 0);
    const isWrong = Math.abs(offsetMs) > CLOCK_WRONG_MS;
    if (Math.abs(offsetMs - toldMs) <= CLOCK_CHANGED_MS || (!isWrong && toldMs === 0)) {
      return { news: [], memory };
    }
    memory[NAMES.told] = isWrong ? String(offsetMs) : '0';
    return { news: isWrong ? [{ type: 'device_clock_wrong', offsetMs }] : [], memory };
  }
}
