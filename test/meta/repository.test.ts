import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ERROR_CODES } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import { isSource, isTest, projectFiles, ROOT, readProjectFile } from './tree.js';

const files = projectFiles().filter((name) => existsSync(join(ROOT, name)));
const sources = files.filter(isSource);
const shipped = sources.filter((name) => !isTest(name));

/** Lines of one source file (edge §6.2). */
const FILE_LINES_MAX = 500;
/** A library that talks to the outside is imported in one file per workspace, so that it can be replaced. */
const GUARDED_LIBRARIES = [
  'serialport',
  '@serialport/parser-readline',
  'better-sqlite3',
  'mqtt',
  'aedes',
  'pg',
  'knex',
  'pg-boss',
  'pino',
  'prom-client',
  'koffi',
  'node-hid',
  'better-sse',
];
const FORBIDDEN_FILE_NAMES = /(^|\/)(utils?|helpers?|misc|common)\.tsx?$/;
/** Packages whose package.json names no license, or not exactly; what their LICENSE file is. */
const LICENSES_READ_BY_HAND: Readonly<Record<string, string>> = {
  'node_modules/decko': 'MIT',
  'node_modules/png-js': 'MIT',
  'node_modules/stickyfill': 'MIT',
  'node_modules/url-template': 'BSD-2-Clause',
};
/** OFL-1.1: fonts, kept unmodified beside the code; documents that embed them are free of the license by its words. */
const LICENSES_THAT_FIT =
  /^(Apache-2\.0|MIT|ISC|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|CC-BY-4\.0|Python-2\.0|Zlib|PostgreSQL|MPL-2\.0|MIT-0|PSF-2\.0|OFL-1\.1)$/;

describe('the repository keeps its own rules', () => {
  it('has no source file longer than the limit', () => {
    const long = shipped.filter((name) => readProjectFile(name).split('\n').length > FILE_LINES_MAX);
    expect(long).toEqual([]);
  });

  it('has no barrel file and no file named after nothing', () => {
    const bad = shipped.filter((name) => /(^|\/)index\.tsx?$/.test(name) || FORBIDDEN_FILE_NAMES.test(name));
    expect(bad).toEqual([]);
  });

  it('has no unfinished marks, no focused tests and no swallowed errors', () => {
    const patterns: [string, RegExp][] = [
      ['unfinished', /\b(TODO|FIXME|XXX|HACK)\b/],
      ['focused', /\b(it|test|describe)\.only\b/],
      ['swallowed', /catch\s*(\([^)]*\))?\s*\{\s*\}/],
    ];
    const found = sources
      .filter((name) => name !== 'test/meta/repository.test.ts')
      .flatMap((name) => {
        const text = readProjectFile(name);
        return patterns.filter(([, pattern]) => pattern.test(text)).map(([what]) => `${name}: ${what}`);
      });
    expect(found).toEqual([]);
  });

  it('imports each native or wire library in one file per workspace', () => {
    const users = new Map<string, Set<string>>();
    for (const name of shipped) {
      for (const [, library = ''] of readProjectFile(name).matchAll(
        /(?:from|import)\s*\(?\s*'([^'.][^']*)'/g,
      )) {
        if (!GUARDED_LIBRARIES.includes(library)) continue;
        const key = `${name.split('/')[0]} ${library}`;
        users.set(key, (users.get(key) ?? new Set()).add(name));
      }
    }
    const shared = [...users].filter(([, names]) => names.size > 1).map(([key, names]) => [key, ...names]);
    expect(shared).toEqual([]);
  });

  it('uses only error codes of the one table', () => {
    const known = new Set<string>(Object.keys(ERROR_CODES));
    const unknown = shipped.flatMap((name) =>
      [...readProjectFile(name).matchAll(/new RollcallError\(\s*'([^']+)'/g)]
        .filter(([, code = '']) => !known.has(code))
        .map(([, code]) => `${name}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });

  it('has no dead link in its documents', () => {
    const dead = files
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) =>
        [...readProjectFile(name).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
          .map(([, target = '']) => target)
          .filter((target) => !/^[a-z]+:/.test(target))
          .filter((target) => !existsSync(join(ROOT, normalize(join(dirname(name), target)))))
          .map((target) => `${name} → ${target}`),
      );
    expect(dead).toEqual([]);
  });

  it('has a lock file without download addresses', () => {
    expect(readProjectFile('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });

  it('depends only on packages whose license fits Apache-2.0', () => {
    const lock = JSON.parse(readProjectFile('package-lock.json')) as {
      packages: Record<string, { license?: string; link?: boolean }>;
    };
    const odd = Object.entries(lock.packages)
      .filter(([path, entry]) => path.includes('node_modules/') && entry.link !== true)
      .filter(([path, entry]) => !isFitting(LICENSES_READ_BY_HAND[path] ?? entry.license))
      .map(([path, entry]) => `${path}: ${entry.license ?? 'no license named'}`);
    expect(odd).toEqual([]);
  });

  it('names every architecture decision in the order of its number', () => {
    const records = files.filter((name) => /^docs\/adr\/\d{4}-[a-z0-9-]+\.md$/.test(name));
    const strays = files.filter((name) => name.startsWith('docs/adr/') && !records.includes(name));
    const numbers = records.map((name) => name.slice('docs/adr/'.length, 'docs/adr/'.length + 4));
    expect(strays).toEqual([]);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const name of records)
      expect(readProjectFile(name), name).toMatch(
        /## Context[\s\S]*## Decision[\s\S]*## Consequences[\s\S]*## Revisit when/,
      );
  });
});

function isFitting(license: string | undefined): boolean {
  if (license === undefined) return false;
  const alternatives = license.replaceAll(/[()]/g, '').split(/ OR /);
  return alternatives.some((one) => one.split(/ AND /).every((part) => LICENSES_THAT_FIT.test(part.trim())));
}
