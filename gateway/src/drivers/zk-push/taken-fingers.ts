import { createHash } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';

/** By then the gateway has the template from central, and sees by itself that it is the same. */
const REMEMBERED_MS = 600_000;

interface Taken {
  user: string;
  fingerPosition: number;
  record: Uint8Array;
}

/**
 * Fingers that enrollments have just taken. A terminal brings them again where an answer was lost, and in a second table;
 * of which only a hash is kept here.
 */
export class TakenFingers {
  readonly #clock: Clock;
  /** Until when. */
  readonly #known = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(finger: Taken): void {
    const nowMs = this.#clock.monoMs();
    for (const [key, untilMs] of this.#known) if (untilMs <= nowMs) this.#known.delete(key);
    this.#known.set(keyOf(finger), nowMs + REMEMBERED_MS);
  }

  has(finger: Taken): boolean {
    return (this.#known.get(keyOf(finger)) ?? 0) > this.#clock.monoMs();
  }
}

function keyOf({ user, fingerPosition, record }: Taken): string {
  return `${user}/${fingerPosition}/${createHash('sha256').update(record).digest('base64')}`;
}
