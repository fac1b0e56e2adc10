import type { Clock } from '@rollcall/protocol/clock';
import { systemClock } from '@rollcall/protocol/system-clock';

/** A clock by which everything takes a fraction of its time: a wire, a sensor, a pause. The time of day is what it is. */
export const fasterClock = (times: number): Clock => ({
  wallMs: () => systemClock.wallMs(),
  monoMs: () => systemClock.monoMs() * times,
  after: (delayMs, callback) => systemClock.after(delayMs / times, callback),
});
