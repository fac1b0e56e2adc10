import { readFileSync } from 'node:fs';
import type { Clock } from '@rollcall/protocol/clock';
import type { ANCHOR_SOURCES } from '@rollcall/protocol/clock-anchor';
import { bootIdSchema } from '@rollcall/protocol/ids';
import type { ClockState } from '@rollcall/protocol/punch';
import { CLOCK_FLOOR_MS } from '@rollcall/protocol/retime';
import type { Log } from '../log.js';
import type { RowDraft, RowStamp } from '../store/outbox-row.js';
import type { SyncProbe } from './clock-sync.js';

/** A jump of wall against monotonic time beyond this is a step (edge §4.2). */
const STEP_MS = 500;
/** A probe may start a child process, so it is asked less often than the clocks are compared. */
const CHECK_INTERVAL_MS = 1_000;
const PROBE_INTERVAL_MS = { synced: 60_000, unsynced: 5_000, stepped: 5_000 } as const;
const HOUR_MS = 3_600_000;

type AnchorSource = (typeof ANCHOR_SOURCES)[number];

export interface ClockAnchorsOptions {
  clock: Clock;
  bootId: string;
  probe: SyncProbe;
  log: Log;
  /** Takes the anchor into the outbox. */
  write(row: RowDraft): void;
  onChange?: (state: ClockState) => void;
}

/** The running machine's boot; the scope in which monotonic times compare. */
export function readBootId(): string {
  return bootIdSchema.parse(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

/**
 * Knows how far the wall clock can be trusted and writes a pair of both clocks whenever that changes, so that
 * central can place what was recorded under a wrong one.
 */
export class ClockAnchors {
  readonly #options: ClockAnchorsOptions;
  #state: ClockState = 'unsynced';
  #offsetMs: number;
  #evidence: string | undefined;
  /** Evidence known before the last step; only another one ends the distrust. */
  #staleEvidence: string | undefined;
  #probedMonoMs = Number.NEGATIVE_INFINITY;
  #anchoredMonoMs = 0;
  #steps = 0;
  #isStarted = false;
  #cancel: (() => void) | undefined;

  constructor(options: ClockAnchorsOptions) {
    this.#options = options;
    const { clock } = options;
    this.#offsetMs = clock.wallMs() - clock.monoMs();
  }

  get state(): ClockState {
    return this.#state;
  }

  /** Both clocks now. */
  stamp(): RowStamp {
    const { clock } = this.#options;
    return this.stampAt(clock.monoMs(), clock.wallMs());
  }

  /** A pair of readings made together a moment ago; notices a step before the punch is written, not after. */
  stampAt(monoMs: number, wallMs: number): RowStamp {
    if (this.#isStarted) this.#compare(monoMs, wallMs);
    return {
      boot_id: this.#options.bootId,
      mono_ms: Math.max(0, Math.round(monoMs)),
      occurred_at: new Date(wallMs).toISOString(),
      clock_state: this.#state,
    };
  }

  /** Resolves once the state is known and the first anchor is on its way. */
  async start(): Promise<void> {
    await this.#probe();
    this.#isStarted = true;
    this.#anchor('start');
    this.#schedule();
  }

  stop(): void {
    if (!this.#isStarted) return;
    this.#cancel?.();
    this.#compareNow();
    this.#anchor('stop');
    this.#isStarted = false;
  }

  /** One look at the clocks; public so that tests need not wait for the timer. */
  async check(): Promise<void> {
    const { clock } = this.#options;
    this.#compareNow();
    if (clock.monoMs() - this.#probedMonoMs >= PROBE_INTERVAL_MS[this.#state]) await this.#probe();
    if (this.#isStarted && clock.monoMs() - this.#anchoredMonoMs >= HOUR_MS) this.#anchor('hourly');
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(CHECK_INTERVAL_MS, () => {
      void this.check()
        .catch((error: unknown) => this.#options.log.error({ err: error }, 'the clock could not be checked'))
        .finally(() => {
          if (this.#isStarted) this.#schedule();
        });
    });
  }

  #compareNow(): void {
    const { clock } = this.#options;
    this.#compare(clock.monoMs(), clock.wallMs());
  }

  #compare(monoMs: number, wallMs: number): void {
    const offsetMs = wallMs - monoMs;
    const jumpMs = offsetMs - this.#offsetMs;
    // A slow correction (slewing) moves the reference along; only a jump between two looks is a step.
    this.#offsetMs = offsetMs;
    if (Math.abs(jumpMs) <= STEP_MS) return;
    this.#options.log.warn({ jumpMs: Math.round(jumpMs) }, 'the wall clock was stepped');
    this.#steps += 1;
    this.#staleEvidence = this.#evidence;
    this.#probedMonoMs = Number.NEGATIVE_INFINITY;
    this.#enter('stepped');
    this.#anchor('step');
  }

  async #probe(): Promise<void> {
    const steps = this.#steps;
    const told = await this.#options.probe();
    // Whoever vouches for a clock that was reset to 2000 by a power cut is wrong (domain case 88).
    const evidence = this.#options.clock.wallMs() < CLOCK_FLOOR_MS ? undefined : told;
    // Evidence read around a step may be from either side of it; the next look decides.
    if (this.#steps !== steps) return;
    this.#probedMonoMs = this.#options.clock.monoMs();
    this.#evidence = evidence;
    if (evidence === undefined) {
      if (this.#state === 'synced') this.#enter('unsynced');
      return;
    }
    if (this.#state === 'synced' || (this.#state === 'stepped' && evidence === this.#staleEvidence)) return;
    this.#enter('synced');
    if (this.#isStarted) this.#anchor('sync');
  }

  #enter(state: ClockState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onChange?.(state);
  }

  #anchor(source: AnchorSource): void {
    const { clock, bootId, write } = this.#options;
    this.#anchoredMonoMs = clock.monoMs();
    const stamp: RowStamp = {
      boot_id: bootId,
      mono_ms: Math.max(0, Math.round(clock.monoMs())),
      occurred_at: new Date(clock.wallMs()).toISOString(),
      clock_state: this.#state,
    };
    write({ kind: 'anchor', body: { ...stamp, source } });
  }
}
