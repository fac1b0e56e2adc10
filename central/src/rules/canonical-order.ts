import type { Capture } from './facts.js';

/**
 * Puts captures into the one order that their content gives, and each punch in it once: order of arrival and
 * repetition must not show in any mark (domain case 79). Every field takes part, so that the outcome is the same
 * even if one punch id came with two contents.
 */
export function canonicalOrder(captures: readonly Capture[]): Capture[] {
  const sorted = captures.toSorted((a, b) => compareTimes(a.atMs, b.atMs) || compareContents(a, b));
  const seen = new Set<string>();
  const ordered: Capture[] = [];
  for (const capture of sorted) {
    if (seen.has(capture.punchId)) continue;
    seen.add(capture.punchId);
    ordered.push(capture);
  }
  return ordered;
}

/** True for times that a date can have; anything else counts as unknown. */
export function isKnownTime(atMs: number | null): atMs is number {
  return atMs !== null && Number.isInteger(atMs) && atMs >= TIME_MIN_MS && atMs <= TIME_MAX_MS;
}

/** The years that four digits can write, 0000 to 9999. */
export const TIME_MIN_MS = Date.parse('0000-01-01T00:00:00.000Z');
export const TIME_MAX_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function compareTimes(a: number | null, b: number | null): number {
  const first = isKnownTime(a) ? a : Number.POSITIVE_INFINITY;
  const second = isKnownTime(b) ? b : Number.POSITIVE_INFINITY;
  return first < second ? -1 : first > second ? 1 : 0;
}

/** Asked only where the times are the same, since writing the keys is dear. */
function compareContents(a: Capture, b: Capture): number {
  const [first, second] = [keyOf(a), keyOf(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

function keyOf(capture: Capture): string {
  const { punchId, kind, gatewayId, deviceId, roomId, direction, outcome, timeSource } = capture;
  return JSON.stringify([punchId, kind, gatewayId, deviceId, roomId, direction, outcome, timeSource]);
}
