import { BusyClock } from './busy-clock.fixture.js';
import type { DriverDefinition, DriverEvent, DriverSession } from './driver.js';

/** One driver session with everything it can see and do, on a clock that moves only when told to. */
export class DriverBench {
  readonly clock = new BusyClock();
  readonly events: DriverEvent[] = [];
  readonly written: string[] = [];
  readonly counts: Record<string, number> = {};
  readonly #driver: DriverDefinition<unknown>;
  readonly #options: unknown;
  session: DriverSession;
  #isConnected = true;

  constructor(driver: DriverDefinition<unknown>, options: Record<string, unknown> = {}) {
    this.#driver = driver;
    this.#options = driver.options.parse(options);
    this.session = this.#open();
  }

  /** What a replug does: the old session is thrown away, a new one starts and settles. */
  reconnect(): void {
    this.session.close();
    this.session = this.#open();
    this.settle();
  }

  disconnect(): void {
    this.#isConnected = false;
    this.session.close();
  }

  /** Lets the time after opening pass in which a driver may ignore bytes. */
  settle(): this {
    this.clock.advance(this.#driver.link.readyWithinMs);
    return this;
  }

  feed(bytes: Uint8Array | string): void {
    this.session.onBytes(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
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

  #open(): DriverSession {
    return this.#driver.open({
      deviceId: 'bench',
      options: this.#options,
      clock: this.clock,
      write: async (bytes) => {
        if (!this.#isConnected) throw new Error('closed');
        this.written.push(Buffer.from(bytes).toString('latin1'));
      },
      emit: (event) => this.events.push(event),
      count: (counter, by = 1) => {
        this.counts[counter] = (this.counts[counter] ?? 0) + by;
      },
    });
  }
}
