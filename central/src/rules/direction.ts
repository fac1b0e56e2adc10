import { eachCapture } from './rule.js';

/** Leaving the class before is not arriving at this one. A capture without direction counts as arrival. */
export const directionRule = eachCapture('direction', (capture) =>
  capture.direction === 'out' ? 'EXIT' : undefined,
);
