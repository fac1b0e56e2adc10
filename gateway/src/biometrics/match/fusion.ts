import { CALIBRATION, WEIGHTS } from './constants.js';

/**
 * One number from all evidence, in points: a score of s stands for a false match rate of 10^(-s/10) against an
 * arbitrary other finger. 0 says nothing, 60 is one in a million. Never negative.
 */
export function fuse(evidence: readonly number[]): number {
  let raw: number = WEIGHTS.bias;
  for (let at = 0; at < evidence.length; at += 1) raw += WEIGHTS.of[at]! * evidence[at]!;
  return toPoints(raw);
}

/** The false match rate a score stands for. */
export function falseMatchRate(score: number): number {
  return 10 ** (-score / 10);
}

/** Linear between the knots that were measured; the last slope goes on, which is extrapolation (fingerprint §10). */
function toPoints(raw: number): number {
  let low: readonly [number, number] = CALIBRATION[0];
  if (raw <= low[0]) return 0;
  for (const high of CALIBRATION.slice(1)) {
    if (raw <= high[0] || high === CALIBRATION.at(-1)) {
      return low[1] + ((high[1] - low[1]) * (raw - low[0])) / (high[0] - low[0]);
    }
    low = high;
  }
  return low[1];
}
