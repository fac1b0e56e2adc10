import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import type { DriverContext, DriverSession } from '../driver.js';
import { ClockWatch } from '../terminal/clock-watch.js';
import { LocalTime } from '../terminal/local-time.js';
import { number32 } from '../terminal/number32.js';
import { packTime, unpackTime } from '../terminal/packed-time.js';
import { isUser, terminalLog } from '../terminal/terminal-options.js';
import type { RejectedLine, TerminalLog } from '../terminal-log.js';
import type { UserChange } from '../user-change.js';
import type { Zk4370Options } from '../zk-4370.js';
import { Conversation } from './conversation.js';
import { LogReader } from './log-reader.js';
import { COMMAND, type Packet } from './packet.js';
import { parseEvent, type RawRecord } from './records.js';
import { UserWriter } from './user-writer.js';
import { readUsers } from './users.js';

/** A clock that is wrong by more than this is set, once an hour at most. */
const SET_CLOCK_MS = 5_000;
const SET_CLOCK_EVERY_MS = 3_600_000;
/** Only attendance is told unasked; fingers and keys are nobody's business here. */
const ATTENDANCE_EVENTS = 1;
/** Numbers of the answer to `sizes`, in fours of bytes (pyzk). */
const SIZES = { users: 16, records: 32, bytes: 36 } as const;
/** Events that may wait for the disk. */
const EVENTS_WAITING_MAX = 64;
const CARDS_PER_KEEP = 250;

/** What one terminal is asked, from connecting to the end of the connection. */
export class PullSession implements DriverSession {
  readonly #context: DriverContext<Zk4370Options>;
  readonly #zone: LocalTime;
  readonly #clock: ClockWatch;
  readonly #conversation: Conversation;
  readonly #log: LogReader;
  #cancelPoll: (() => void) | undefined;
  #isClosed = false;
  #clockSetMs = Number.NEGATIVE_INFINITY;
  /** User ids by the terminal's own numbers, for logs that have only those. */
  readonly #users = new Map<number, string>();
  #userCount: number | undefined;
  #eventsWaiting = 0;
  #lastEvent: Promise<void> = Promise.resolve();

  constructor(context: DriverContext<Zk4370Options>) {
    this.#context = context;
    this.#zone = new LocalTime(context.options.time_zone);
    this.#clock = new ClockWatch((name) => context.terminal.recall(name));
    this.#conversation = new Conversation(context, (packet) => this.#onEvent(packet));
    this.#log = new LogReader({
      terminal: context.terminal,
      conversation: this.#conversation,
      clock: () => this.#clock.clock,
      toLog: (record, index) => this.#toLog(record, index),
      zone: this.#zone,
      onRejected: () =>
        this.#reject('bad_record', 'the terminal has entries that nobody understands; they are put aside'),
    });
  }

  async probe(): Promise<void> {
    await this.#conversation.connect(() => this.#commKey());
    await this.#checkSerial();
    await this.#readClock();
    if (this.#context.isLookedAt === true) {
      await this.#conversation.leave();
      return;
    }
    const mask = Buffer.alloc(4);
    mask.writeUInt32LE(ATTENDANCE_EVENTS);
    // Firmware without events is read all the same, at every poll.
    await this.#conversation.ask('to tell events', COMMAND.event, mask);
    this.#schedulePoll(0);
  }

  onBytes(chunk: Uint8Array): void {
    this.#conversation.onBytes(chunk);
  }

  async changeUser(change: UserChange): Promise<void> {
    await new UserWriter(this.#conversation).change(change);
    this.#userCount = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelPoll?.();
    this.#conversation.close();
  }

  #commKey(): number {
    const { comm_key_file: file } = this.#context.options;
    if (file === '') return 0;
    const text = this.#context.readSecret(file);
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new RollcallError(
      'KEY_INVALID',
      `${file} does not hold a Comm Key; write its digits and nothing else`,
    );
  }

  async #checkSerial(): Promise<void> {
    const answer = await this.#conversation.ask(
      'for its serial number',
      COMMAND.option,
      Buffer.from('~SerialNumber\0', 'latin1'),
    );
    const serial = optionValue(answer);
    const { serial: expected } = this.#context.options;
    if (expected !== '' && serial !== expected) {
      throw new RollcallError(
        'DEVICE_REFUSED',
        `Another terminal answers at this address: ${serial === '' ? 'it has no serial number' : serial}; correct port or serial`,
      );
    }
    this.#context.emit({ type: 'identity', text: `ZK ${serial}`.slice(0, 40) });
  }

  #schedulePoll(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancelPoll = this.#context.clock.after(delayMs, () => {
      void this.#poll()
        .catch((error: unknown) => this.#onPollFailed(error))
        .finally(() => this.#schedulePoll(this.#context.options.poll_seconds * 1_000));
    });
  }

  /** Answers that do not come mean a connection that is dead; a full disk means to try again. */
  #onPollFailed(error: unknown): void {
    if (this.#isClosed) return;
    const reason = isRollcallError(error)
      ? error
      : new RollcallError('INTERNAL', 'The log of the terminal could not be read', { cause: error });
    if (['STORE_FULL', 'STORE_BUSY', 'STORE_CORRUPT'].includes(reason.code)) return;
    this.#context.giveUp(reason);
  }

  async #poll(): Promise<void> {
    const { clock, emit, terminal, options } = this.#context;
    const throughMs = clock.wallMs();
    const sizes = await this.#conversation.ask('for its counts', COMMAND.sizes);
    if (sizes === undefined || sizes.length < SIZES.bytes) {
      throw new RollcallError(
        'DEVICE_REFUSED',
        'The terminal does not say how many entries it has; update its firmware',
      );
    }
    emit({ type: 'alive' });
    const count = (at: number): number => Buffer.from(sizes).readUInt32LE(at);
    await this.#readUsers(count(SIZES.users));
    await this.#readClock();
    if (!(await this.#log.drain(count(SIZES.records)))) {
      await this.#readUsers(count(SIZES.users));
      await this.#log.drain(count(SIZES.records));
    }
    // What waits for the clock to become known is not in time yet.
    if (this.#clock.clock !== undefined) emit({ type: 'drained', throughMs });
    const offsetMs = this.#clock.offsetMs ?? 0;
    const isDue = clock.monoMs() - this.#clockSetMs >= SET_CLOCK_EVERY_MS;
    if (!options.set_clock || !isDue || Math.abs(offsetMs) < SET_CLOCK_MS) return;
    if (terminal.clockState() === 'synced') await this.#setClock();
  }

  async #readClock(): Promise<void> {
    const { clock, terminal } = this.#context;
    const answer = await this.#conversation.ask('for the time', COMMAND.getTime);
    const monoMs = clock.monoMs();
    const wallMs = clock.wallMs();
    const local =
      answer === undefined || answer.length < 4 ? undefined : unpackTime(Buffer.from(answer).readUInt32LE(0));
    if (local === undefined) return;
    const terminalMs = this.#zone.toUtcMs(local);
    const note = this.#clock.read({ terminalMs, monoMs, wallMs, clockState: terminal.clockState() });
    await terminal.keep({ ...note, clock: this.#clock.clock });
  }

  async #setClock(): Promise<void> {
    const { clock } = this.#context;
    this.#clockSetMs = clock.monoMs();
    const data = Buffer.alloc(4);
    data.writeUInt32LE(packTime(this.#zone.toLocalMs(clock.wallMs())));
    await this.#conversation.ask('to set its clock', COMMAND.setTime, data);
    await this.#readClock();
  }

  /** Only where somebody has to be looked up: by card, or where the log has the terminal's own numbers. */
  async #readUsers(count: number): Promise<void> {
    const needsUsers = this.#context.options.user_ids === 'card' || this.#log.hasOwnNumbers;
    if (!needsUsers || count === this.#userCount || count === 0) return;
    const { users } = await readUsers(this.#conversation, count);
    if (users.length === 0) return;
    this.#users.clear();
    for (const { uid, user } of users) if (isUser(user)) this.#users.set(uid, user);
    if (this.#context.options.user_ids === 'card') await this.#keepCards(users);
    this.#userCount = count;
  }

  async #keepCards(users: readonly { user: string; card: number }[]): Promise<void> {
    const cards = users.flatMap(({ user, card }) => {
      const read = number32(card);
      return isUser(user) && read !== undefined ? [{ user, read }] : [];
    });
    for (let at = 0; at < cards.length; at += CARDS_PER_KEEP) {
      await this.#context.terminal.keep({ cards: cards.slice(at, at + CARDS_PER_KEEP) });
    }
  }

  /** An entry in the terms of the gateway, or why it cannot be one. */
  #toLog(
    { user, uid, local, verify, status }: RawRecord,
    index: number | undefined,
  ): TerminalLog | RejectedLine['reason'] {
    // A number of its own must never pass for somebody's user id: the user was deleted since.
    const id = user ?? (uid === undefined ? '' : (this.#users.get(uid) ?? `uid-${uid}`));
    if (!isUser(id)) return 'no user';
    // Blank flash reads as the very first second (pyzk issue 211); nobody came then.
    if (local === undefined || packTime(local) === 0) return 'no time';
    const entry = { user: id, local, status, verify, ...(index === undefined ? {} : { index }) };
    return terminalLog(entry, { options: this.#context.options, zone: this.#zone });
  }

  /** Acknowledged once it is on disk; before that the terminal repeats it, and it is in its log besides. */
  #onEvent({ session: kind, data }: Packet): void {
    if (this.#isClosed || this.#eventsWaiting >= EVENTS_WAITING_MAX) return;
    this.#eventsWaiting += 1;
    this.#lastEvent = this.#lastEvent
      .then(() => this.#keepEvent(kind, data))
      // Not acknowledged, so that it comes again.
      .catch(() => undefined)
      .finally(() => {
        this.#eventsWaiting -= 1;
      });
  }

  async #keepEvent(kind: number, data: Uint8Array): Promise<void> {
    const record = kind === ATTENDANCE_EVENTS ? parseEvent(data) : undefined;
    const log = record === undefined ? 'no event' : this.#toLog(record, undefined);
    // Where the log names people in another way, or it is not known how, the entry comes from there.
    if (typeof log !== 'string' && this.#log.hasUserIds) {
      await this.#context.terminal.keep({ logs: [log], clock: this.#clock.clock });
    }
    if (!this.#isClosed) await this.#conversation.acknowledge();
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

/** `~SerialNumber=CKJM201260001` and a zero. */
function optionValue(data: Uint8Array | undefined): string {
  const text = Buffer.from(data ?? []).toString('latin1');
  return (text.split('=').slice(1).join('=').split('\0')[0] ?? '').trim();
}
