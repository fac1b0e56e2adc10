import { eachCapture } from './rule.js';

/** Captures count until the session closes, inclusive (domain D0 CLOSE_GRACE_MINUTES, case 14). */
export const closeRule = eachCapture('close', (capture, _facts, limits) =>
  capture.atMs > limits.capturesUntilMs ? 'AFTER_CLOSE' : undefined,
);
