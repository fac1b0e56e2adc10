import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HttpCampus } from '../marks/http-campus.js';
import { SETTING_KEYS, type SettingKey } from '../rules/setting-keys.js';
import { ASKED_PROOFS, READ_LATER } from './setting-proofs/asked.js';
import { JUDGED_PROOFS } from './setting-proofs/judged.js';
import type { SettingProof } from './setting-proofs/proof.js';

/** Tests and tables that name every key. */
const NOT_A_PROOF = /(configuration-routes|setting-effects|setting-keys|setting-proofs)/;

const sourcesOf = (folder: string): { name: string; text: string }[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

const PROOFS = { ...JUDGED_PROOFS, ...ASKED_PROOFS } as Partial<Record<SettingKey, SettingProof>>;

let campus: HttpCampus;
beforeAll(async () => {
  campus = await HttpCampus.open();
});
afterAll(() => campus?.close());
beforeEach(() => campus.nextDay());

describe('A10.13: changing a setting changes what happens', () => {
  it.each(Object.entries(PROOFS))('%s', async (key, proof) => {
    const seen: unknown[] = [];
    for (const value of proof.values) {
      await campus.nextDay();
      const rows = [await campus.set(key as SettingKey, String(value))];
      for (const [other, needed] of Object.entries(proof.beside ?? {})) {
        rows.push(await campus.set(other as SettingKey, needed));
      }
      seen.push(await proof.happen(campus));
      for (const row of rows) await campus.unset(row);
    }
    expect(seen).toEqual(proof.seen);
  });

  it('every key has its proof here or is set by the test of its subject, or nothing reads it yet', () => {
    const files = sourcesOf(fileURLToPath(new URL('..', import.meta.url)));
    const named = (key: string, kind: RegExp): boolean =>
      files.some(({ name, text }) => kind.test(name) && !NOT_A_PROOF.test(name) && text.includes(key));
    const bare = SETTING_KEYS.filter(
      (key) => PROOFS[key] === undefined && !Object.hasOwn(READ_LATER, key) && !named(key, /\.test\.ts$/),
    );
    expect(bare).toEqual([]);
    const isRead = Object.keys(READ_LATER).filter((key) => named(key, /(?<!\.test)\.ts$/));
    expect(isRead, 'is read now: give it a proof and take it off READ_LATER').toEqual([]);
  });

  it('no proof has the same outcome for both values', () => {
    const idle = Object.entries(PROOFS).filter(
      ([, { seen }]) => JSON.stringify(seen[0]) === JSON.stringify(seen[1]),
    );
    expect(idle).toEqual([]);
  });
});
