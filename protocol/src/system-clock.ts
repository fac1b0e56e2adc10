import type { Clock } from './clock.js';

/** The machine's clocks. The monotonic one counts from the boot of the machine, not of the process. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  // On Linux hrtime is CLOCK_MONOTONIC, which starts at boot: comparable between processes of one boot.
  monoMs: () => Number(process.hrtime.bigint() / 1_000_000n),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
