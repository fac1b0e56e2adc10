import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { fromPng } from '../image/png.js';
import { press, randomPattern } from '../ridge-pattern.fixture.js';
import { draw } from './draw.js';
import { evaluate } from './evaluate.js';
import { extractFile } from './extract-file.js';
import { identify } from './identify.js';
import { matchFiles } from './match-files.js';
import { openSet } from './open-set.js';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-fingers-'));
const out = mkdtempSync(join(tmpdir(), 'rollcall-fingers-out-'));
const FINGERS = [51, 52];
let printed = '';

function write(name: string, seed: number, rotation: number): void {
  const { width, height, pixels } = press(randomPattern(seed), { rotation, seed: rotation + 20, noise: 20 });
  writeFileSync(join(folder, name), encode({ width, height, data: pixels, depth: 8, channels: 1 }));
}

beforeAll(() => {
  for (const [at, seed] of FINGERS.entries()) {
    write(`${at + 1}_1.png`, seed, 0);
    write(`${at + 1}_2.png`, seed, 9);
  }
  const blank = encode({
    width: 64,
    height: 64,
    data: new Uint8Array(4096).fill(255),
    depth: 8,
    channels: 1,
  });
  writeFileSync(join(folder, '3_1.png'), blank);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

afterEach(() => {
  printed = '';
});

afterAll(() => {
  vi.restoreAllMocks();
  for (const each of [folder, out]) rmSync(each, { recursive: true });
});

describe('the command line', () => {
  it('evaluates a folder: failures to extract score 0 and count', () => {
    const json = join(out, 'rates.json');
    evaluate(folder, { pairs: 'all', json, scores: join(out, 'scores.txt') });
    const result = JSON.parse(readFileSync(json, 'utf8')) as Record<string, number>;
    expect(Object.keys(result).slice(0, 5)).toEqual(['eer', 'fmr100', 'fmr1000', 'fmr10000', 'zero_fmr']);
    expect(result).toMatchObject({
      eer: 0,
      images: 5,
      failures_to_extract: 1,
      genuine_pairs: 2,
      impostor_pairs: 8,
    });
    expect(readFileSync(join(out, 'scores.txt'), 'utf8')).toMatch(/^1_1 3_1 0\.0000$/m);
  });

  it('leaves out what it is told to, and takes a list of pairs', () => {
    const exclude = join(out, 'exclude.txt');
    const pairs = join(out, 'pairs.txt');
    const json = join(out, 'rates.json');
    writeFileSync(exclude, '# no finger\n3_1 is blank\n2_2 is another\n');
    writeFileSync(pairs, '1_1 1_2\n1_1 2_1\n');
    evaluate(folder, { pairs, exclude, json });
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
      images: 3,
      failures_to_extract: 0,
      genuine_pairs: 1,
      impostor_pairs: 1,
    });
  });

  it('searches probes among enrolled fingers', () => {
    openSet(folder, { enroll: 1, probes: [2] });
    expect(printed).toMatch(/^probes 2\nrank-1 100\.00 %\n/);
  });

  it.each(['rollcall', 'incits378'] as const)('extracts %s and matches it', (format) => {
    const file = join(out, `finger.${format}`);
    extractFile(join(folder, '1_1.png'), { out: file, format });
    printed = '';
    matchFiles(file, join(folder, '1_2.png'));
    const [, points = '0'] = /^score ([0-9.]+)\nfalse match rate [0-9.]+e[-+]\d+\n$/.exec(printed) ?? [];
    expect(Number(points)).toBeGreaterThan(30);
  });

  it('identifies a finger among images', () => {
    const gallery = join(out, 'gallery');
    mkdirSync(gallery);
    for (const name of ['1_1', '2_1'])
      extractFile(join(folder, `${name}.png`), { out: join(gallery, name), format: 'rollcall' });
    printed = '';
    identify(join(folder, '2_2.png'), gallery);
    expect(printed).toMatch(/^match 2\n/);
  });

  it('draws a picture that can be opened', () => {
    const file = join(out, 'picture.png');
    draw(join(folder, '1_1.png'), { out: file });
    const picture = fromPng(new Uint8Array(readFileSync(file)));
    expect([picture.width, picture.height]).toEqual([880, 520]);
    expect(printed).toMatch(/^quality \d+.*; minutiae \d+ and \d+\n$/);
  });

  it('writes nothing into the folder of images', () => {
    expect(readdirSync(folder).every((name) => name.endsWith('.png'))).toBe(true);
  });
});
