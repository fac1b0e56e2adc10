import { eachCapture } from './rule.js';

/** Captures count from the early-open instant, inclusive (domain D0, case 27). */
export const earlyRule = eachCapture('early', (capture, _facts, limits) =>
  capture.atMs < limits.capturesFromMs ? 'BEFORE_WINDOW' : undefined,
);
