import { readFileSync, writeFileSync } from 'node:fs';
import { openSetRates, type ProbeResult } from '../measure/open-set.js';
import { parseExclusions } from '../measure/pairs.js';
import { extractAll, scoreOf } from './evaluate.js';
import { type FolderEntry, listFolder } from './load.js';

export interface OpenSetOptions {
  /** Impressions 1..enroll of every finger are enrolled. */
  enroll: number;
  /** Numbers of the impressions that probe. */
  probes: readonly number[];
  exclude?: string;
  json?: string;
}

/** Searches every probe among all enrolled fingers; a finger's score is the best of its impressions. */
export function openSet(folder: string, options: OpenSetOptions): void {
  const excluded =
    options.exclude === undefined ? new Set() : parseExclusions(readFileSync(options.exclude, 'utf8'));
  const entries = listFolder(folder, ['.png']).filter(({ name }) => !excluded.has(name));
  const { fingers } = extractAll(entries);
  const enrolled = entries.filter(({ number }) => number <= options.enroll);
  const isEnrolled = new Set(enrolled.map(({ finger }) => finger));
  const results: ProbeResult[] = entries
    .filter(({ finger, number }) => options.probes.includes(number) && isEnrolled.has(finger))
    .map((probe) => search(probe, enrolled, (name) => scoreOf(fingers.get(probe.name), fingers.get(name))));
  const result = openSetRates(results);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  const misses = Object.entries(result.fnir_at_fpir).map(
    ([fpir, fnir]) => `FNIR at FPIR ${fpir} %: ${fnir.toFixed(2)} %`,
  );
  process.stdout.write(
    `${[`probes ${result.probes}`, `rank-1 ${result.rank1.toFixed(2)} %`, ...misses].join('\n')}\n`,
  );
}

function search(
  probe: FolderEntry,
  enrolled: readonly FolderEntry[],
  score: (name: string) => number,
): ProbeResult {
  const result: ProbeResult = { own: 0, other: 0 };
  for (const { finger, name } of enrolled) {
    const side = finger === probe.finger ? 'own' : 'other';
    result[side] = Math.max(result[side], score(name));
  }
  return result;
}
