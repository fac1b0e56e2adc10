/** Commands that wait for a terminal. */
export const COMMANDS_MAX = 1_000;
/** Commands handed over in one poll: small terminals take one answer of a few kilobytes. */
const COMMANDS_PER_POLL = 5;
const BYTES_PER_POLL = 4_096;
/** A terminal that does not say what became of a command gets it again after this time (PUSH note §1.6). */
export const RESEND_MS = 120_000;
const SENDINGS_MAX = 3;
/** Terminals cut longer numbers off (PUSH note §1.5). */
const ID_MAX = 999_999_999;

export interface QueuedCommand {
  id: number;
  text: string;
}

interface Waiting extends QueuedCommand {
  sentMs: number | undefined;
  sendings: number;
  sendingsMax: number;
  patienceMs: number;
  settle(result: CommandResult): void;
}

/** What the terminal said; undefined when it never said anything. */
export type CommandResult = { code: number } | undefined;

/** Commands for one terminal, each until the terminal says what became of it. */
export class CommandQueue {
  #waiting: Waiting[] = [];
  #lastId: number;

  /** @param firstId after a restart another number than before: a late result must not settle another command. */
  constructor(firstId: number) {
    this.#lastId = firstId % ID_MAX;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves with what the terminal answers, or undefined when it never does. Undefined where there is no room.
   *
   * @param sendingsMax how often it is sent at most; what a person carries out is not sent again
   * @param patienceMs how long its answer is waited for after each sending
   */
  add(
    text: string,
    { sendingsMax = SENDINGS_MAX, patienceMs = RESEND_MS } = {},
  ): Promise<CommandResult> | undefined {
    if (this.#waiting.length >= COMMANDS_MAX) return undefined;
    this.#lastId = (this.#lastId % ID_MAX) + 1;
    const id = this.#lastId;
    return new Promise((settle) => {
      this.#waiting.push({ id, text, sentMs: undefined, sendings: 0, sendingsMax, patienceMs, settle });
    });
  }

  /** True while such a command waits. */
  has(prefix: string): boolean {
    return this.#waiting.some(({ text }) => text.startsWith(prefix));
  }

  /**
   * Nobody wants it any more.
   *
   * @returns false where it was sent already: the terminal may be carrying it out
   */
  withdraw(text: string): boolean {
    const found = this.#waiting.find((one) => one.text === text && one.sentMs === undefined);
    if (found === undefined) return false;
    this.#waiting = this.#waiting.filter((one) => one !== found);
    found.settle(undefined);
    return true;
  }

  /** What is to be sent now. */
  take(monoMs: number): QueuedCommand[] {
    const isDue = ({ sentMs, patienceMs }: Waiting): boolean =>
      sentMs === undefined || monoMs - sentMs >= patienceMs;
    const [given, kept] = [
      this.#waiting.filter((one) => isDue(one) && one.sendings >= one.sendingsMax),
      this.#waiting.filter((one) => !isDue(one) || one.sendings < one.sendingsMax),
    ];
    this.#waiting = kept;
    for (const { settle } of given) settle(undefined);
    const due = thatFit(kept.filter(isDue).slice(0, COMMANDS_PER_POLL));
    for (const one of due) {
      one.sentMs = monoMs;
      one.sendings += 1;
    }
    return due.map(({ id, text }) => ({ id, text }));
  }

  /** The terminal says what became of one. */
  settle(id: number, code: number): void {
    const found = this.#waiting.find((one) => one.id === id);
    this.#waiting = this.#waiting.filter((one) => one !== found);
    found?.settle({ code });
  }

  close(): void {
    for (const { settle } of this.#waiting) settle(undefined);
    this.#waiting = [];
  }
}

/** The first one always: a template alone may be as long. */
function thatFit(commands: readonly Waiting[]): Waiting[] {
  let bytes = 0;
  return commands.filter(({ text }, at) => {
    bytes += text.length;
    return at === 0 || bytes <= BYTES_PER_POLL;
  });
}
