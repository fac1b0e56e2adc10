import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpCampus } from '../marks/http-campus.js';
import type { SettingKey } from '../rules/setting-keys.js';
import { ASKED_PROOFS } from './setting-proofs/asked.js';
import { ASKED_BY_CLASS, OTHER_SCOPES, OWN_SCOPES } from './setting-proofs/by-class.js';
import { type SettingProof, valuesOf } from './setting-proofs/proof.js';

let campus: HttpCampus;
beforeAll(async () => {
  campus = await HttpCampus.open();
  const { knex } = campus.server.db;
  await knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
  await knex('programme').insert(['btech', 'mtech'].map((id) => ({ id, department_id: 'cse', name: id })));
  await knex('section').where({ id: 'cse-a' }).update({ programme_id: 'btech' });
});
afterAll(() => campus?.close());

describe('A10.13: a setting that is looked up for a class', () => {
  it.each(
    ASKED_BY_CLASS,
  )('%s may differ by programme and by type of course, and leaves the others alone', async (key) => {
    const proof = ASKED_PROOFS[key] as SettingProof;
    const happenWith = async (scopes: readonly object[]): Promise<unknown> => {
      await campus.nextDay();
      const rows: string[] = [];
      for (const scope of scopes) rows.push(await campus.set(key, String(valuesOf(proof, campus)[1]), scope));
      for (const [other, needed] of Object.entries(proof.beside ?? {})) {
        rows.push(await campus.set(other as SettingKey, needed));
      }
      const seen = await proof.happen(campus);
      for (const row of rows) await campus.unset(row);
      return seen;
    };
    for (const scope of OWN_SCOPES) expect(await happenWith([scope])).toEqual(proof.seen[1]);
    expect(await happenWith(OTHER_SCOPES)).toEqual(proof.seen[0]);
  });
});
