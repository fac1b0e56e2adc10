import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HttpCampus } from '../marks/http-campus.js';
import { SETTING_KEYS, type SettingKey } from '../rules/setting-keys.js';
import { ASKED_PROOFS } from './setting-proofs/asked.js';
import { JUDGED_PROOFS } from './setting-proofs/judged.js';
import { type SettingProof, valuesOf } from './setting-proofs/proof.js';

const PROOFS = { ...JUDGED_PROOFS, ...ASKED_PROOFS } as Record<SettingKey, SettingProof>;

let campus: HttpCampus;
beforeAll(async () => {
  campus = await HttpCampus.open();
});
afterAll(() => campus?.close());
beforeEach(() => campus.nextDay());

describe('A10.13: changing a setting changes what happens', () => {
  it.each(Object.entries(PROOFS))('%s', async (key, proof) => {
    const seen: unknown[] = [];
    for (const value of valuesOf(proof, campus)) {
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

  it('every key has its proof, and no proof is about anything else', () => {
    expect(Object.keys(PROOFS).toSorted()).toEqual([...SETTING_KEYS].toSorted());
  });

  it('no proof has the same value twice, or the same outcome for both', () => {
    const isSame = ([first, second]: readonly unknown[]): boolean =>
      JSON.stringify(first) === JSON.stringify(second);
    const idle = Object.entries(PROOFS).filter(
      ([, proof]) => isSame(proof.seen) || isSame(valuesOf(proof, campus)),
    );
    expect(idle).toEqual([]);
  });
});
