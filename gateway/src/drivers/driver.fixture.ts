import { RollcallError } from '@rollcall/protocol/errors';
import type { ClockState } from '@rollcall/protocol/punch';
import { BusyClock } from './busy-clock.fixture.js';
import type { DriverDefinition, DriverEvent, DriverSession } from './driver.js';
import type { KeepRequest, TerminalLink, TerminalLog } from './terminal-log.js';
import type { BroughtFinger, PeopleLink } from './terminal-people.js';

/** What a driver says, each entry of a terminal's log that it keeps for the first time, and each finger that it brings. */
export type BenchEvent =
  | DriverEvent
  | { type: 'log'; log: TerminalLog }
  | { type: 'terminal_finger'; finger: BroughtFinger };

/** One driver session with everything it can see and do, on a clock that moves only when told to. */
export class DriverBench {
  readonly clock = new BusyClock();
  readonly events: BenchEvent[] = [];
  /** What a terminal's driver has kept, and what it remembers: both outlive its connections. */
  readonly keeps: KeepRequest[] = [];
  readonly memory = new Map<string, string>();
  readonly #identities = new Set<string>();
  /** Why nothing can be kept; undefined while the disk is well. */
  keepFailure: RollcallError | undefined;
  clockState: ClockState = 'synced';
  /** Who hears of a terminal's people, from the next connection on. */
  people: PeopleLink = {
    keepsFingers: true,
    reachable: () => undefined,
    fingerBrought: (finger) => void this.events.push({ type: 'terminal_finger', finger }),
    userSeen: () => undefined,
    forgotAll: () => undefined,
    counted: () => undefined,
    changedByHand: () => undefined,
  };
  readonly written: string[] = [];
  readonly counts: Record<string, number> = {};
  readonly #driver: DriverDefinition<unknown>;
  readonly #options: unknown;
  /** Speeds that the driver has set. */
  readonly bauds: number[] = [];
  /** What a driver that captures itself handed out, as hex. */
  readonly captured: string[] = [];
  /** Reports and datagrams come whole: nothing splits them on the way. */
  readonly takesWhole: boolean;
  readonly #datagrams: boolean;
  session: DriverSession;
  /** Questions for feature reports that wait for what is fed next. */
  readonly #questions: { answer(report: Uint8Array): void; fail(reason: unknown): void }[] = [];
  #isConnected = true;
  #random: Uint8Array;
  readonly #secret: string;
  /** Why the driver gave the connection up. */
  readonly gaveUp: RollcallError[] = [];
  /** Turns that are taken at this moment; a driver that ends must not hold one. */
  turns = 0;
  /** What was written when the driver said that it was a secret. */
  readonly concealed: string[] = [];

  /**
   * @param random what the driver draws, from the beginning again after a reconnect.
   * @param more what every secret file holds, and whether it is connected by UDP.
   */
  constructor(
    driver: DriverDefinition<unknown>,
    options: Record<string, unknown> = {},
    random: Uint8Array = new Uint8Array(),
    { secret = '', datagrams = false }: { secret?: string | undefined; datagrams?: boolean | undefined } = {},
  ) {
    this.#driver = driver;
    this.#datagrams = datagrams;
    this.takesWhole = datagrams || driver.link.kind === 'hid';
    this.#options = driver.options.parse(options);
    this.#random = random;
    this.#secret = secret;
    this.session = this.#open();
  }

  /** What a replug does: the old session is thrown away, a new one starts and settles. */
  reconnect(): void {
    this.disconnect();
    this.replug();
    this.settle();
  }

  /** A new connection at its very beginning; the old one has ended before. */
  replug(): void {
    this.#isConnected = true;
    this.session = this.#open();
  }

  disconnect(): void {
    this.#isConnected = false;
    this.session.close();
    for (const question of this.#questions.splice(0))
      question.fail(new RollcallError('PORT_CLOSED', 'closed'));
  }

  /** Lets the time after opening pass in which a driver may ignore bytes. */
  settle(): this {
    this.clock.advance(this.#driver.link.readyWithinMs);
    return this;
  }

  /** Time passes, and what it settles runs on: a driver that converses awaits its device. */
  async pass(byMs: number): Promise<void> {
    this.clock.advance(byMs);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** What the device sends; where a feature report was asked for, it is that one. */
  feed(bytes: Uint8Array | string): void {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    const question = this.#questions.shift();
    if (question === undefined) this.session.onBytes(chunk);
    else question.answer(chunk);
  }

  /** Asks whether the device answers, as a connection does after opening; the answer comes with the dialog. */
  probe(): void {
    // A device that says something else is part of some vectors: then the events tell.
    // Not at once: a dialog watches what is written from here on, the first question included.
    queueMicrotask(() => this.session.probe?.().catch(() => undefined));
  }

  /** The strongest value of every card that was emitted. */
  get cards(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'card'
        ? [event.read.values.full ?? event.read.values.u32 ?? event.read.values.w26 ?? '']
        : [],
    );
  }

  get rejections(): string[] {
    return this.events.flatMap((event) => (event.type === 'rejected' ? [event.reason] : []));
  }

  readonly #terminal: TerminalLink = {
    keep: async (request) => {
      if (this.keepFailure !== undefined) throw this.keepFailure;
      this.keeps.push(request);
      const fresh = (request.logs ?? []).filter(({ identity }) => !this.#identities.has(identity));
      for (const log of fresh) {
        this.#identities.add(log.identity);
        this.events.push({ type: 'log', log });
      }
      for (const [name, value] of Object.entries(request.memory ?? {})) this.memory.set(name, value);
      const { length: rejected } = request.rejected ?? [];
      return { fresh: fresh.length + rejected, repeated: (request.logs ?? []).length - fresh.length };
    },
    recall: (name) => this.memory.get(name),
    clockState: () => this.clockState,
  };

  /** A terminal whose store was replaced: nothing is remembered. */
  forget(): void {
    this.memory.clear();
    this.#identities.clear();
  }

  #open(): DriverSession {
    let drawn = 0;
    return this.#driver.open({
      deviceId: 'bench',
      options: this.#options,
      clock: this.clock,
      datagrams: this.#datagrams,
      write: async (bytes) => {
        if (!this.#isConnected) throw new Error('closed');
        this.written.push(Buffer.from(bytes).toString('latin1'));
      },
      features: {
        set: async (report) => {
          if (!this.#isConnected) throw new RollcallError('PORT_CLOSED', 'closed');
          this.written.push(Buffer.from(report).toString('latin1'));
        },
        get: () =>
          new Promise((answer, fail) => {
            if (this.#isConnected) this.#questions.push({ answer, fail });
            else fail(new RollcallError('PORT_CLOSED', 'closed'));
          }),
      },
      setBaud: async (baud) => {
        this.bauds.push(baud);
      },
      randomBytes: (count) => {
        drawn += count;
        // Beyond what the vector states the bytes do not matter, only that there are enough.
        return Uint8Array.from({ length: count }, (_, at) => this.#random[drawn - count + at] ?? 0x5a);
      },
      terminal: { ...this.#terminal, people: this.people },
      readSecret: () => this.#secret,
      takeTurn: async () => {
        if (!this.#isConnected) throw new Error('closed');
        this.turns += 1;
        return () => {
          this.turns -= 1;
        };
      },
      giveUp: (reason) => {
        this.gaveUp.push(reason);
        this.disconnect();
      },
      conceal: () => this.concealed.push(this.written.at(-1) ?? ''),
      emit: (event) => this.events.push(event),
      capture: (_direction, bytes) => this.captured.push(Buffer.from(bytes).toString('hex')),
      count: (counter, by = 1) => {
        this.counts[counter] = (this.counts[counter] ?? 0) + by;
      },
    });
  }
}
