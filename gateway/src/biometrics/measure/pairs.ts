import { RollcallError } from '@rollcall/protocol/errors';

/** One image of a folder: `FINGER_IMPRESSION.png`. */
export interface Impression {
  name: string;
  finger: string;
  number: number;
}

export interface ImpressionPair {
  a: string;
  b: string;
  isGenuine: boolean;
}

const NAME = /^(.+)_(\d+)$/;

/** Reads a file name without its extension; undefined when it is not named like an impression. */
export function parseImpression(name: string): Impression | undefined {
  const [, finger, number] = NAME.exec(name) ?? [];
  return finger === undefined ? undefined : { name, finger, number: Number(number) };
}

/** In the order of fingers and impressions, numbers as numbers. */
export function sortImpressions(impressions: readonly Impression[]): Impression[] {
  return [...impressions].sort((a, b) => byFinger(a.finger, b.finger) || a.number - b.number);
}

function byFinger(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/**
 * Genuine pairs are all pairs of impressions of a finger. Impostor pairs are, with `fvc`, the first impressions of
 * all pairs of fingers, and with `all` every impression of one against every impression of the other.
 */
export function makePairs(impressions: readonly Impression[], kind: 'all' | 'fvc'): ImpressionPair[] {
  const sorted = sortImpressions(impressions);
  const first = new Set<string>();
  const seen = new Set<string>();
  for (const { finger, name } of sorted) {
    if (!seen.has(finger)) first.add(name);
    seen.add(finger);
  }
  const pairs: ImpressionPair[] = [];
  for (const [at, a] of sorted.entries()) {
    for (const b of sorted.slice(at + 1)) {
      const isGenuine = a.finger === b.finger;
      if (!isGenuine && kind === 'fvc' && !(first.has(a.name) && first.has(b.name))) continue;
      pairs.push({ a: a.name, b: b.name, isGenuine });
    }
  }
  return pairs;
}

/** A list of pairs, two names a line. Throws `REQUEST_INVALID` for a name that no image has. */
export function parsePairs(text: string, known: ReadonlySet<string>): ImpressionPair[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [a = '', b = ''] = line.trim().split(/\s+/);
    for (const name of [a, b]) {
      if (known.has(name)) continue;
      throw new RollcallError('REQUEST_INVALID', `The pair list names "${name}", which is not in the folder`);
    }
    return { a, b, isGenuine: parseImpression(a)?.finger === parseImpression(b)?.finger };
  });
}

/** First word of every line that is not a comment: images to leave out. */
export function parseExclusions(text: string): Set<string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return new Set(lines.map((line) => line.trim().split(/\s+/)[0] ?? ''));
}
