import { RollcallError } from '@rollcall/protocol/errors';
import type { LocalTime } from '../terminal/local-time.js';
import type {
  RejectedLine,
  TerminalClock,
  TerminalLink,
  TerminalLog,
  TerminalNews,
} from '../terminal-log.js';
import type { Conversation } from './conversation.js';
import { COMMAND } from './packet.js';
import { parseRecord, type RawRecord, type RecordBytes, recordBytes } from './records.js';

/** Entries kept in one transaction, as the gateway takes them. */
const ENTRIES_PER_KEEP = 250;
/** Before the entries the table has its own length. */
const HEAD_BYTES = 4;
const MEMORY = { cursor: 'cursor', dialect: 'record-bytes' } as const;

/** How many entries were kept, and the last of them as it was: another one there means another log. */
interface Cursor {
  count: number;
  last: string;
  /**
   * The last entry of before, which is looked for in a log that is not the one it was: as long as it is still there,
   * nothing behind it was lost.
   */
  sought?: string;
}

const EMPTY: Cursor = { count: 0, last: '' };

export interface LogReaderOptions {
  terminal: TerminalLink;
  conversation: Conversation;
  clock: () => TerminalClock | undefined;
  /** An entry, or why it is none. */
  toLog(record: RawRecord, index: number): TerminalLog | string;
  zone: LocalTime;
  onRejected(): void;
}

/**
 * Drains the log of a terminal that is asked. The cursor moves in the transaction that keeps the entries before it, so
 * that a cut at any byte costs nothing and repeats nothing. A terminal is never locked for that (`DISABLEDEVICE`): a
 * gateway that dies would leave it locked, and what is logged meanwhile is read at the next poll.
 */
export class LogReader {
  readonly #options: LogReaderOptions;
  #size: RecordBytes | undefined;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    const known = Number(options.terminal.recall(MEMORY.dialect));
    this.#size = known === 8 || known === 16 || known === 40 ? known : undefined;
  }

  /** True once it is known that entries have the same user ids as events have. */
  get hasUserIds(): boolean {
    return this.#size === 16 || this.#size === 40;
  }

  /** True where entries have the terminal's own numbers for people. */
  get hasOwnNumbers(): boolean {
    return this.#size === 8;
  }

  /**
   * @param count how many entries the terminal says to have.
   * @returns false where it turned out that its users have to be read first.
   */
  async drain(count: number): Promise<boolean> {
    const cursor = this.#cursor();
    if (count === 0) {
      if (cursor.count > 0) await this.#tellGap(cursor.sought ?? cursor.last, undefined, EMPTY);
      return true;
    }
    const { conversation } = this.#options;
    const table = { name: 'its log', table: COMMAND.attendanceLog, parameter: 0 };
    let pending = Buffer.alloc(0);
    let index = 0;
    let first: RawRecord | undefined;
    let needsUsers = false;
    await conversation.readTable(
      table,
      async (length, read) => {
        const size = recordBytes(length - HEAD_BYTES, count);
        if (size === undefined) throw unreadable();
        needsUsers = size === 8 && this.#size !== 8;
        await this.#noteSize(size);
        if (needsUsers) return length;
        index = await this.#startOf(cursor, (length - HEAD_BYTES) / size, (at) =>
          read(HEAD_BYTES + at * size, size),
        );
        if (index === 0 && length > HEAD_BYTES) first = parseRecord(await read(HEAD_BYTES, size));
        return HEAD_BYTES + index * size;
      },
      async (chunk) => {
        const size = this.#size ?? 40;
        pending = Buffer.concat([pending, chunk]);
        const whole = Math.floor(pending.length / size);
        await this.#keep(pending.subarray(0, whole * size), index);
        index += whole;
        pending = Buffer.from(pending.subarray(whole * size));
      },
    );
    if (needsUsers) return false;
    const { sought, ...reached } = this.#cursor();
    if (sought !== undefined) await this.#tellGap(sought, first, reached);
    return true;
  }

  /** From the cursor on where the log is still the one that it was; otherwise from its beginning. */
  async #startOf(
    cursor: Cursor,
    records: number,
    read: (at: number) => Promise<Uint8Array>,
  ): Promise<number> {
    if (cursor.count === 0) return 0;
    if (records >= cursor.count && hexOf(await read(cursor.count - 1)) === cursor.last) return cursor.count;
    // What is still there of the old log is known by its content, and not kept twice.
    await this.#keepCursor({ ...EMPTY, sought: cursor.sought ?? cursor.last }, []);
    return 0;
  }

  /** The log was cleared, or overwritten beyond what was read: whether somebody was in between nobody can know. */
  async #tellGap(last: string, first: RawRecord | undefined, reached: Cursor): Promise<void> {
    const { zone } = this.#options;
    const before = parseRecord(Buffer.from(last, 'hex')).local;
    const news: TerminalNews = {
      type: 'log_gap',
      fromMs: before === undefined ? undefined : zone.toUtcMs(before),
      throughMs: first?.local === undefined ? undefined : zone.toUtcMs(first.local),
      reason: 'its log was cleared or overwritten since it was read last',
    };
    await this.#keepCursor(reached, [news]);
  }

  async #noteSize(size: RecordBytes): Promise<void> {
    if (this.#size === size) return;
    this.#size = size;
    await this.#options.terminal.keep({ memory: { [MEMORY.dialect]: String(size) } });
  }

  async #keep(bytes: Uint8Array, firstIndex: number): Promise<void> {
    const size = this.#size ?? 40;
    const { terminal, clock, toLog, onRejected } = this.#options;
    let { sought } = this.#cursor();
    for (let at = 0; at < bytes.length; at += ENTRIES_PER_KEEP * size) {
      const part = bytes.subarray(at, at + ENTRIES_PER_KEEP * size);
      const logs: TerminalLog[] = [];
      const rejected: RejectedLine[] = [];
      for (let offset = 0; offset < part.length; offset += size) {
        const index = firstIndex + (at + offset) / size;
        const record = part.subarray(offset, offset + size);
        if (sought !== undefined && hexOf(record) === sought) sought = undefined;
        const log = toLog(parseRecord(record), index);
        if (typeof log === 'string') rejected.push({ line: hexOf(record), reason: log });
        else logs.push(log);
      }
      const count = firstIndex + (at + part.length) / size;
      const last = hexOf(part.subarray(part.length - size));
      const cursor: Cursor = { count, last, ...(sought === undefined ? {} : { sought }) };
      await terminal.keep({
        logs,
        rejected,
        clock: clock(),
        memory: { [MEMORY.cursor]: JSON.stringify(cursor) },
      });
      if (rejected.length > 0) onRejected();
    }
  }

  async #keepCursor(cursor: Cursor, news: readonly TerminalNews[]): Promise<void> {
    await this.#options.terminal.keep({ news, memory: { [MEMORY.cursor]: JSON.stringify(cursor) } });
  }

  #cursor(): Cursor {
    const text = this.#options.terminal.recall(MEMORY.cursor);
    return text === undefined ? EMPTY : (JSON.parse(text) as Cursor);
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Nothing may be called drained that nobody could read. */
function unreadable(): RollcallError {
  return new RollcallError(
    'DEVICE_REFUSED',
    'The log of the terminal has another size than its number of entries; it is read again, and if this stays, note the firmware and tell us',
  );
}
