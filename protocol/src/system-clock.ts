import type { Clock } from './clock.js';

/** The machine's clocks. The monotonic one counts from the boot of the machine, not of the process. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  // On Linux hrtime is CLOCK_MONOTONIC, which starts at boot: comparable between processes of one boot.
  monoMs() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1_000 + Math.floor(nanoseconds / 1_000_000);
  },
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
