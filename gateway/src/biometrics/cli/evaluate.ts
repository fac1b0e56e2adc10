import { readFileSync, writeFileSync } from 'node:fs';
import { compare, type PreparedFinger, prepare } from '../match/compare.js';
import { type ImpressionPair, makePairs, parseExclusions, parsePairs } from '../measure/pairs.js';
import { type Rates, rates } from '../measure/rates.js';
import { type FolderEntry, listFolder, tryLoadTemplate } from './load.js';

export interface EvaluateOptions {
  /** `all`, `fvc`, or a file with two names a line. */
  pairs: string;
  exclude?: string;
  json?: string;
  /** Writes every pair with its score, for other programs. */
  scores?: string;
}

export interface Evaluation extends Rates {
  images: number;
  failures_to_extract: number;
  genuine_pairs: number;
  impostor_pairs: number;
  /** CPU time of this process, one thread. */
  extract_ms: number;
  compare_ms: number;
}

/** Measures a folder of impressions, prints the rates. */
export function evaluate(folder: string, options: EvaluateOptions): void {
  const excluded =
    options.exclude === undefined ? new Set() : parseExclusions(readFileSync(options.exclude, 'utf8'));
  const entries = listFolder(folder, ['.png']).filter(({ name }) => !excluded.has(name));
  const pairs = choosePairs(entries, options.pairs);
  const { fingers, millis: extractMillis } = extractAll(entries);
  const started = process.cpuUsage();
  const scores = pairs.map(({ a, b }) => scoreOf(fingers.get(a), fingers.get(b)));
  const compareMillis = cpuMillis(started);
  const genuine = scores.filter((_, at) => pairs[at]!.isGenuine);
  const impostor = scores.filter((_, at) => !pairs[at]!.isGenuine);
  const result: Evaluation = {
    ...rates(genuine, impostor),
    images: entries.length,
    failures_to_extract: [...fingers.values()].filter((finger) => finger === undefined).length,
    genuine_pairs: genuine.length,
    impostor_pairs: impostor.length,
    extract_ms: rounded(extractMillis / Math.max(1, entries.length)),
    compare_ms: rounded(compareMillis / Math.max(1, pairs.length)),
  };
  if (options.scores !== undefined) writeFileSync(options.scores, scoreList(pairs, scores));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(table(result));
}

function choosePairs(entries: readonly FolderEntry[], kind: string): ImpressionPair[] {
  if (kind === 'all' || kind === 'fvc') return makePairs(entries, kind);
  return parsePairs(readFileSync(kind, 'utf8'), new Set(entries.map(({ name }) => name)));
}

/** Every finger made ready; undefined where nothing could be extracted. */
export function extractAll(entries: readonly FolderEntry[]) {
  const started = process.cpuUsage();
  const fingers = new Map<string, PreparedFinger | undefined>();
  for (const { name, file } of entries) {
    const template = tryLoadTemplate(file);
    fingers.set(name, template === undefined ? undefined : prepare(template));
  }
  return { fingers, millis: cpuMillis(started) };
}

/** A failed extraction scores 0, and counts. */
export function scoreOf(a: PreparedFinger | undefined, b: PreparedFinger | undefined): number {
  return a === undefined || b === undefined ? 0 : compare(a, b);
}

function cpuMillis(started: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(started);
  return (used.user + used.system) / 1000;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function scoreList(pairs: readonly ImpressionPair[], scores: readonly number[]): string {
  return pairs.map(({ a, b }, at) => `${a} ${b} ${scores[at]!.toFixed(4)}\n`).join('');
}

function table(result: Evaluation): string {
  const rows = Object.entries(result).map(([name, value]) => {
    const isRate = ['eer', 'fmr100', 'fmr1000', 'fmr10000', 'zero_fmr'].includes(name);
    return `${name.padEnd(20)} ${isRate ? `${(value as number).toFixed(2)} %` : value}`;
  });
  return `${rows.join('\n')}\n`;
}
