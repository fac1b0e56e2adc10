import type { DriverContext } from '../driver.js';
import { ClockWatch } from '../terminal/clock-watch.js';
import { formatLocal, LocalTime } from '../terminal/local-time.js';
import { packTime } from '../terminal/packed-time.js';
import type { TerminalLog } from '../terminal-log.js';
import type { ZkPushOptions } from '../zk-push.js';
import type { CommandQueue } from './command-queue.js';
import type { DrainWatch } from './drain-watch.js';

/** An upload this short, after a silence, is somebody who was just there. */
const FRESH_LINES_MAX = 20;
/** A last entry this young proves that the clock is right, whatever is not known of it. */
const YOUNG_MS = 90_000;
const AHEAD_MS = 5_000;
/** A clock that is wrong by more than this is set, where that is wanted; one that does not obey, once an hour. */
const SET_CLOCK_MS = 10_000;
const SET_CLOCK_EVERY_MS = 3_600_000;

export interface Moment {
  monoMs: number;
  wallMs: number;
}

export interface PushTimeOptions {
  context: Pick<DriverContext<ZkPushOptions>, 'clock' | 'terminal' | 'options'>;
  drain: Pick<DrainWatch, 'isDrained'>;
  commands: Pick<CommandQueue, 'add'>;
}

/** The clock of a terminal that pushes: what its entries tell of it, and how it is set. */
export class PushTime {
  readonly #options: PushTimeOptions;
  readonly zone: LocalTime;
  readonly #watch: ClockWatch;
  #setMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: PushTimeOptions) {
    this.#options = options;
    const { terminal, options: device } = options.context;
    this.zone = new LocalTime(device.time_zone);
    this.#watch = new ClockWatch((name) => terminal.recall(name));
  }

  get clock(): ClockWatch['clock'] {
    return this.#watch.clock;
  }

  now(): Moment {
    const { clock } = this.#options.context;
    return { monoMs: clock.monoMs(), wallMs: clock.wallMs() };
  }

  /** The answer to a terminal that asks what time it is; undefined while we do not know either. */
  answer(): string | undefined {
    const { terminal, clock } = this.#options.context;
    if (terminal.clockState() !== 'synced') return undefined;
    const nowMs = clock.wallMs();
    const offset = this.zone.offsetMs(nowMs);
    const minutes = Math.abs(Math.round(offset / 60_000));
    const zone = `${offset < 0 ? '-' : '+'}${String(Math.floor(minutes / 60)).padStart(2, '0')}${String(minutes % 60).padStart(2, '0')}`;
    return `DateTime=${packTime(this.zone.toLocalMs(nowMs))},ServerTZ=${zone}`;
  }

  /**
   * A terminal never says what time it has. But what it sends after a silence in which its log was drained has just
   * happened; and where nothing is known, an entry as young as now shows that its clock is right.
   */
  read(logs: readonly TerminalLog[], now: Moment): ReturnType<ClockWatch['read']> {
    const last = logs.at(-1);
    const nothing = { news: [], memory: {} };
    if (last === undefined) return nothing;
    const ageMs = now.wallMs - last.deviceTimeMs;
    const isYoung = this.clock === undefined && ageMs >= -AHEAD_MS && ageMs <= YOUNG_MS;
    const isFresh = this.#options.drain.isDrained && logs.length <= FRESH_LINES_MAX;
    if (!isYoung && !isFresh) return nothing;
    const clockState = this.#options.context.terminal.clockState();
    return this.#watch.read({
      terminalMs: last.deviceTimeMs,
      monoMs: now.monoMs,
      wallMs: now.wallMs,
      clockState,
    });
  }

  /** Only while nothing waits in the terminal: what it logged under the wrong time was placed by that. */
  set({ monoMs, wallMs }: Moment): void {
    const { context, drain, commands } = this.#options;
    const { options, terminal } = context;
    const form = options.set_clock;
    const offsetMs = this.#watch.offsetMs ?? 0;
    const isDue = monoMs - this.#setMs >= SET_CLOCK_EVERY_MS && drain.isDrained;
    if ((form !== 'text' && form !== 'number') || !isDue || Math.abs(offsetMs) < SET_CLOCK_MS) return;
    if (terminal.clockState() !== 'synced') return;
    this.#setMs = monoMs;
    const local = this.zone.toLocalMs(wallMs);
    const result = commands.add(
      `SET OPTION DateTime=${form === 'text' ? formatLocal(local) : packTime(local)}`,
    );
    void result?.then((answer) => {
      if (answer?.code !== 0 || this.#isClosed) return;
      const { monoMs: atMs, wallMs: nowMs } = this.now();
      const clockState = terminal.clockState();
      const note = this.#watch.read({ terminalMs: nowMs, monoMs: atMs, wallMs: nowMs, clockState });
      terminal.keep({ ...note, clock: this.clock }).catch(() => undefined);
    });
  }

  close(): void {
    this.#isClosed = true;
  }
}
