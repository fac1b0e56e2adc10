import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCapture } from '../capture/capture.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import type { FileKey } from '../people/key-file.js';
import { loadDataKeys } from './data-key.js';
import { createSeal, HEAD_BYTES } from './seal.js';

let db: TestDatabase;
let folder: string;
let path: string;
let told: object[];
const log = { error: (context: object) => void told.push(context) } as never;

beforeAll(async () => {
  db = await openTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'rollcall-data-key-'));
  path = join(folder, 'keys', 'data-key');
});
afterAll(async () => {
  await db.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  told = [];
  rmSync(join(folder, 'keys'), { recursive: true, force: true });
  await db.knex('student').delete();
});

const load = () => loadDataKeys(db.knex, { dataDir: folder, log });
const keep = async (keys: readonly FileKey[], roll: string): Promise<void> => {
  const [student] = await db.knex('student').insert({ roll_number: roll, full_name: roll }).returning('id');
  const place = { table: 'student', column: 'contact_sealed', row: student.id };
  const contact_sealed = createSeal(keys).sealText('9440000000', place);
  await db.knex('student').where({ id: student.id }).update({ contact_sealed });
};

describe('the keys of sealed data', () => {
  it('are made once, for a database in which nothing is sealed', async () => {
    const made = await load();
    expect(await load()).toEqual(made);
    await keep(made, 'A1');
    expect(await load()).toEqual(made);
    expect(told).toEqual([]);
  });

  it('F3: are never made anew beside a database that needs others: the start says which, and what to restore', async () => {
    const keys = await load();
    await keep(keys, 'A2');
    rmSync(path);
    const refused = await load().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining(path),
      context: { missing: [{ keyId: keys[0]?.id, places: ['student.contact_sealed'] }] },
    });
    // An embedded database may lie far from the data folder that was removed.
    const { rows } = await db.knex.raw('SHOW data_directory');
    expect(refused).toMatchObject({ message: expect.stringContaining(rows[0].data_directory) });
    expect(existsSync(path)).toBe(false);
  });

  it('F3: are told apart where the file has others, once at the start; whoever gives up what was sealed goes on', async () => {
    const old = await load();
    await keep(old, 'A3');
    writeFileSync(path, randomBytes(32).toString('hex'));
    const [other] = await load();
    expect(told).toEqual([
      {
        code: 'SEAL_BROKEN',
        path,
        missing: [{ keyId: old[0]?.id, places: ['student.contact_sealed'] }],
      },
    ]);
    expect(JSON.stringify(told)).not.toContain(old[0]?.bytes.toString('hex'));
    // With both lines nothing is missing.
    told = [];
    const both = [other, ...old].map((key) => key?.bytes.toString('hex'));
    writeFileSync(path, `${both.join('\n')}\n`);
    await load();
    expect(told).toEqual([]);
  });

  it('F3: open everything in any order, and the last one says which phones are known: those bound with it', async () => {
    const old = await load();
    await keep(old, 'A7');
    const phone = async (): Promise<string> => {
      const dataKeys = await load();
      const scans = { scan: () => Promise.reject(new Error('nobody scans')) };
      return createCapture({ knex: db.knex, clock: new ManualClock(), dataKeys, scans }).deviceHash('phone');
    };
    const lines = (...keys: readonly FileKey[]) =>
      writeFileSync(path, keys.map(({ bytes }) => bytes.toString('hex')).join('\n'));
    const before = await phone();
    writeFileSync(path, randomBytes(32).toString('hex'));
    const stopgap = (await load()) as FileKey[];
    const since = await phone();
    expect(since).not.toBe(before);
    expect(told).toMatchObject([{ code: 'SEAL_BROKEN' }, { code: 'SEAL_BROKEN' }]);
    told = [];
    lines(...stopgap, ...old);
    expect(await phone()).toBe(before);
    lines(...old, ...stopgap);
    expect(await phone()).toBe(since);
    expect(told).toEqual([]);
  });

  it('F3: are all found, also one that a single row of many needs', async () => {
    const [first] = await load();
    const old = { id: '0badc0de', bytes: randomBytes(32) };
    await keep([first as FileKey], 'A4');
    await db.knex.raw(
      `INSERT INTO student (roll_number, full_name, contact_sealed)
       SELECT 'M' || n, 'M', contact_sealed FROM student, generate_series(1, 1500) AS n WHERE roll_number = 'A4'`,
    );
    await keep([old], 'A5');
    await load();
    expect(told).toMatchObject([{ missing: [{ keyId: old.id, places: ['student.contact_sealed'] }] }]);
  });

  it('F3: are not needed by what a revoked template leaves, nor by anything too short to be sealed', async () => {
    const values = [Buffer.alloc(0), Buffer.from('01aabbccdd', 'hex'), Buffer.alloc(HEAD_BYTES - 1, 1)];
    await db
      .knex('student')
      .insert(values.map((contact_sealed, n) => ({ roll_number: `E${n}`, full_name: 'E', contact_sealed })));
    expect(await load()).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it('F3: are not called missing where nobody can know: no other key is to be put over a good one', async () => {
    await keep(await load(), 'A6');
    const loadAt = (file: string) =>
      loadDataKeys(db.knex, { dataDir: folder, file, log }).catch((error: unknown) => error);
    // Below a file: unlike a closed folder, this stops root as well.
    const below = await loadAt(join(path, 'data-key'));
    expect(below).toMatchObject({ code: 'KEY_INVALID', message: expect.stringContaining('ENOTDIR') });
    expect(below).toMatchObject({ message: expect.not.stringContaining('put a new key there') });
    const gone = await loadAt(join(folder, 'nowhere', 'data-key'));
    expect(gone).toMatchObject({ message: expect.stringContaining('put a new key there') });
    // What a new one costs beside the sealed values.
    expect(gone).toMatchObject({ message: expect.stringContaining('DEVICE_NOT_BOUND') });
  });

  it('of the seals of the audit log are needed as well', async () => {
    await db.knex('audit_seal').insert({
      day: '2026-07-07',
      through_id: 1,
      through_transaction: 1,
      rows_sealed: 1,
      previous_hash: Buffer.alloc(32),
      hash: Buffer.alloc(32),
      key_id: 'aabbccdd',
      leaves: Buffer.alloc(40),
      sealed_at: new Date(0),
    });
    await expect(load()).rejects.toMatchObject({
      context: { missing: [{ keyId: 'aabbccdd', places: ['audit_seal'] }] },
    });
  });
});
