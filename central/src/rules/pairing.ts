import { isOfClass, type SessionFacts } from './facts.js';
import type { TimedCapture } from './rule.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** After this long a tap is a new way in, whatever the last one was (domain case 45). */
const PARITY_MAX_MS = 6 * HOUR_MS;

/** One stay in a room of the class. */
export interface Stay {
  roomId: string;
  enteredMs: number;
  leftMs: number;
  isExitAssumed: boolean;
  entry: TimedCapture;
}

export interface Pairing {
  stays: readonly Stay[];
  /** Captures that were the way out. */
  exits: ReadonlySet<TimedCapture>;
  /** Exits are captured in the rooms of the class, so that the stays can be measured. */
  isMeasured: boolean;
}

export const NO_PAIRING: Pairing = { stays: [], exits: new Set(), isMeasured: false };

/** Whether the room was one of the class's at that time. */
export const isHere = ({ rooms }: SessionFacts, { roomId, atMs, kind }: TimedCapture): boolean =>
  isOfClass(kind) ||
  rooms.some((room) => room.roomId === roomId && room.fromMs <= atMs && atMs < room.untilMs);

/**
 * Pairs captures in the rooms of the class into stays (domain cases 43–47). An exit that nobody captured is
 * assumed at the end of the block of contiguous classes or at the next capture elsewhere, whichever is first.
 */
export function pairStays(timeline: readonly TimedCapture[], session: SessionFacts): Pairing {
  const walk = new Walk(session);
  for (const capture of timeline) walk.see(capture);
  return walk.end();
}

class Walk {
  readonly #session: SessionFacts;
  readonly #stays: Stay[] = [];
  readonly #exits = new Set<TimedCapture>();
  #open: { roomId: string; entry: TimedCapture; enteredMs: number; lastInMs: number } | undefined;
  /** The last tap that was no repetition, for rooms where every second one is the way out. */
  #lastTapMs = Number.NEGATIVE_INFINITY;

  constructor(session: SessionFacts) {
    this.#session = session;
  }

  see(capture: TimedCapture): void {
    if (!isHere(this.#session, capture)) this.#close(capture.atMs, true);
    else if (this.#isWayOut(capture)) this.#goOut(capture);
    else this.#comeIn(capture);
  }

  #isWayOut(capture: TimedCapture): boolean {
    if (capture.direction !== null) return capture.direction === 'out';
    if (capture.roomId === null || !this.#session.alternatingRooms.includes(capture.roomId)) return false;
    const { policy } = this.#session;
    const isRepeated = capture.atMs - this.#lastTapMs < policy.debounce_seconds * 1000;
    if (isRepeated) return this.#open === undefined;
    const isSameDay = this.#dayOf(capture.atMs) === this.#dayOf(this.#lastTapMs);
    const isSoon = capture.atMs - this.#lastTapMs <= PARITY_MAX_MS;
    this.#lastTapMs = capture.atMs;
    if (isSameDay && isSoon) return this.#open !== undefined;
    // Whoever never tapped out of an earlier stay was gone long before this tap.
    this.#open = undefined;
    return false;
  }

  #dayOf = (atMs: number): number => Math.floor((atMs - this.#session.midnightMs) / DAY_MS);

  #comeIn(capture: TimedCapture): void {
    const roomId = capture.roomId ?? '';
    if (this.#open?.roomId === roomId || (this.#open !== undefined && isOfClass(capture.kind))) {
      this.#open.lastInMs = capture.atMs;
      return;
    }
    this.#close(capture.atMs, false);
    this.#open = { roomId, entry: capture, enteredMs: capture.atMs, lastInMs: capture.atMs };
  }

  #goOut(capture: TimedCapture): void {
    this.#exits.add(capture);
    const open = this.#open;
    if (open === undefined) return;
    this.#close(capture.atMs, false);
    // Out and in again at the same instant: legal, whichever of the two is written first (domain case 46).
    if (open.lastInMs === capture.atMs && open.enteredMs < capture.atMs) {
      this.#open = { ...open, enteredMs: capture.atMs };
    }
  }

  #close(leftMs: number, isExitAssumed: boolean): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { roomId, entry, enteredMs } = open;
    this.#stays.push({ roomId, entry, enteredMs, leftMs: Math.max(leftMs, enteredMs), isExitAssumed });
  }

  end(): Pairing {
    this.#close(this.#session.blockEndMs, true);
    const isMeasured = this.#session.tracksExits || this.#exits.size > 0;
    return { stays: this.#stays, exits: this.#exits, isMeasured };
  }
}

/** How long somebody was inside between two instants. */
export function dwellMs(stays: readonly Stay[], fromMs: number, untilMs: number): number {
  let sum = 0;
  for (const { enteredMs, leftMs } of stays) {
    sum += Math.max(0, Math.min(leftMs, untilMs) - Math.max(enteredMs, fromMs));
  }
  return sum;
}
