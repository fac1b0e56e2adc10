import type { Clock } from '@rollcall/protocol/clock';
import { Random } from '../random.js';
import { type Campus, type Room, shownTo } from './campus.js';
import { readerKind } from './reader-kinds.js';
import { EARLIEST_ARRIVAL_MS, type PlannedTap, planSession } from './session-plan.js';
import { occurrences, PERIOD_MINUTES } from './timetable.js';

const MINUTE_MS = 60_000;
/** How often the next class sessions are looked for. */
const PLAN_EVERY_MS = MINUTE_MS;
/** A wrong room is visited up to this long before the earliest arrival. */
const PLAN_AHEAD_MS = EARLIEST_ARRIVAL_MS + 3 * MINUTE_MS;
/** Whoever should have come before the demo began comes within this time. */
export const CATCH_UP_MS = MINUTE_MS;
/** Within this time somebody has tried every device of the campus. */
export const FIRST_ROUND_MS = 40_000;
/** Scanners need their templates first. */
const SCANNER_FROM_MS = 25_000;
/** Later than this into a class nobody catches up: it would only make a room full of late marks. */
const CATCH_UP_PHASE_MS = 18 * MINUTE_MS;

export interface CampusBehaviorOptions {
  clock: Clock;
  campus: Campus;
  tap(tap: PlannedTap): void;
}

/** Lets the students of the campus come and go, in real time, as their timetable says. */
export class CampusBehavior {
  readonly #clock: Clock;
  readonly #campus: Campus;
  readonly #tap: (tap: PlannedTap) => void;
  readonly #catchUp: Random;
  readonly #timers = new Set<() => void>();
  #plannedUntilMs = 0;

  constructor({ clock, campus, tap }: CampusBehaviorOptions) {
    this.#clock = clock;
    this.#campus = campus;
    this.#tap = tap;
    this.#catchUp = Random.of(campus.seed, 'catch-up');
  }

  start(): void {
    const nowMs = this.#clock.wallMs();
    this.#plannedUntilMs = nowMs - PERIOD_MINUTES * MINUTE_MS;
    for (const room of this.#campus.rooms) this.#tryDevices(room);
    this.#planAhead();
  }

  stop(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Somebody of the class tries each device of the room: whoever watches sees all of them at work. */
  #tryDevices(room: Room): void {
    const students = this.#campus.sections.find((section) => section.room === room)?.students ?? [];
    for (const device of [room.reader, room.second]) {
      const isScanner = readerKind(device.driver).finger !== undefined;
      const student = this.#catchUp.pick(isScanner ? students.filter((one) => one.hasFingers) : students);
      const inMs = this.#catchUp.int(isScanner ? SCANNER_FROM_MS : 0, FIRST_ROUND_MS);
      const atMs = this.#clock.wallMs() + inMs;
      const shown = shownTo(device.driver, student);
      this.#after(inMs, () => this.#tap({ atMs, room, device, shown, reason: 'first_round' }));
    }
  }

  #planAhead(): void {
    const untilMs = this.#clock.wallMs() + PLAN_AHEAD_MS;
    // A wall clock that was set back plans nothing twice.
    if (untilMs > this.#plannedUntilMs) {
      for (const section of this.#campus.sections) {
        for (const occurrence of occurrences(section, this.#plannedUntilMs, untilMs)) {
          const isJoinable = this.#clock.wallMs() - occurrence.startMs < CATCH_UP_PHASE_MS;
          for (const tap of planSession(this.#campus, occurrence)) this.#schedule(tap, isJoinable);
        }
      }
      this.#plannedUntilMs = untilMs;
    }
    this.#after(PLAN_EVERY_MS, () => this.#planAhead());
  }

  #schedule(tap: PlannedTap, isJoinable: boolean): void {
    const inMs = tap.atMs - this.#clock.wallMs();
    if (inMs >= 0) this.#after(inMs, () => this.#tap(tap));
    else if (isJoinable) this.#after(this.#catchUp.int(0, CATCH_UP_MS), () => this.#tap(tap));
  }

  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  }
}
