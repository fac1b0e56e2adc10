import type { Clock } from '@rollcall/protocol/clock';
import { systemClock } from '@rollcall/protocol/system-clock';

export interface FasterOptions {
  /**
   * `fast`: passed time is multiplied as well, for what works off the time that passed: a wire, a sensor. `real`: only
   * waits are shorter, for what subtracts passed time from the time of day, which is what it is: a terminal's clock is
   * corrected by it, and would be wrong by the multiple.
   */
  elapsed?: 'fast' | 'real';
}

/** A clock by which waits take a fraction of their time. The time of day is what it is. */
export const fasterClock = (times: number, { elapsed = 'fast' }: FasterOptions = {}): Clock => ({
  wallMs: () => systemClock.wallMs(),
  monoMs: () => systemClock.monoMs() * (elapsed === 'fast' ? times : 1),
  after: (delayMs, callback) => systemClock.after(delayMs / times, callback),
});
