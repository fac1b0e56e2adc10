import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { revokeConsent } from '../consent/consents.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { placeOfTemplate } from '../devices/insert-template.js';
import { loadCampusKey } from '../people/campus-key.js';
import { createSeal } from '../privacy/seal.js';
import { type CampusFileInput, parseCampusFile } from './campus-file.js';
import { seedCampus } from './seed-campus.js';
import { storeFingers } from './store-fingers.js';
import { encodeCampus, rollNumber, TEST_CAMPUS_KEY, testCampus } from './test-campus.js';

/** Tuesday 7 July 2026, 06:00 on campus. */
const START_MS = Date.parse('2026-07-07T06:00+05:30');

let db: TestDatabase;
let clock: ManualClock;
let directory: string;

beforeAll(async () => {
  db = await openTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'rollcall-seed-'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await db?.close();
});
beforeEach(async () => {
  await db.knex.raw('TRUNCATE campus, student, section, course, faculty, judgement_todo CASCADE');
  clock = new ManualClock(START_MS);
});

const seed = (file: CampusFileInput, provisionDir?: string) =>
  seedCampus({
    db,
    clock,
    campusKey: TEST_CAMPUS_KEY,
    bytes: encodeCampus(file),
    ...(provisionDir === undefined ? {} : { provisionDir }),
  });

const SEAL = createSeal([{ id: '01020304', bytes: Buffer.alloc(32, 9) }]);

const seedWithFingers = (file: CampusFileInput) =>
  seedCampus({
    db,
    clock,
    campusKey: TEST_CAMPUS_KEY,
    bytes: encodeCampus(file),
    storeFingers: (trx, parsed) => storeFingers(trx, { file: parsed, seal: SEAL, nowMs: clock.wallMs() }),
  });

const FINGER = {
  template_id: '0190a000-0000-7000-8000-000000000001',
  finger_position: 1,
  format: 'ef01-0009-1536',
  sealed: Buffer.from('sealed by a gateway').toString('base64'),
  quality: 0.8,
  consent: { notice_version: '2026-1', notice_sha256: 'ab'.repeat(32), language: 'te' as const },
};

const TABLES = [
  'campus',
  'building',
  'room',
  'gateway',
  'gateway_key',
  'attendance_biometric_device',
  'course',
  'faculty',
  'section',
  'student',
  'roster_membership',
  'credential',
  'credential_hash',
  'attendance_timetable_slot',
  'attendance_session',
];

async function everything(): Promise<Record<string, unknown>> {
  const entries = TABLES.map(async (table) => [table, await db.knex(table).orderByRaw('1, 2')] as const);
  return Object.fromEntries(await Promise.all(entries));
}

describe('seedCampus', () => {
  it('loads a campus and makes the class sessions of today and tomorrow', async () => {
    expect(await seed(testCampus(3))).toEqual({
      gateways: 1,
      devices: 4,
      students: 3,
      slots: 2,
      sessions: { created: 2, existing: 0, leftOut: [], clashes: [] },
    });
    const keys = await db.knex('gateway_key');
    const keyId = createHash('sha256').update(Buffer.alloc(32, 7)).digest('hex').slice(0, 16);
    expect(keys).toMatchObject([{ key_id: keyId, gateway_id: 'gw-a' }]);
  });

  it('changes nothing when it is loaded again', async () => {
    await seed(testCampus(20));
    const before = await everything();
    clock.advance(3_600_000);
    expect((await seed(testCampus(20))).sessions).toEqual({
      created: 0,
      existing: 2,
      leftOut: [],
      clashes: [],
    });
    expect(await everything()).toEqual(before);
  });

  it('keeps cards as keyed hashes of every projection, never as numbers', async () => {
    await seed(testCampus(1));
    expect(await db.knex('credential_hash').orderBy('projection').pluck('projection')).toEqual([
      'full',
      'u32',
      'w26',
    ]);
    expect(JSON.stringify(await everything())).not.toContain('0F00000001');
  });

  it('case 93: a card that changes hands keeps its history and belongs to the new owner from now on', async () => {
    await seed(testCampus(2));
    const file = testCampus(2);
    const [first, second] = file.students;
    if (first === undefined || second === undefined) throw new Error('two students are needed');
    second.cards = first.cards;
    first.cards = [];
    clock.advance(86_400_000);
    await seed(file);
    const owners = await db.knex.raw(
      `SELECT st.roll_number, upper_inf(c.valid_during) AS is_open, lower(c.valid_during) AS since
       FROM credential c JOIN student st ON st.id = c.student_id JOIN credential_hash h ON h.credential_id = c.id
       WHERE h.projection = 'full' AND h.hash = (SELECT hash FROM credential_hash h2 JOIN credential c2 ON c2.id = h2.credential_id
         JOIN student s2 ON s2.id = c2.student_id WHERE s2.roll_number = ? AND h2.projection = 'full') ORDER BY since`,
      [rollNumber(0)],
    );
    expect(owners.rows).toMatchObject([
      { roll_number: rollNumber(0), is_open: false },
      { roll_number: rollNumber(1), is_open: true, since: new Date(clock.wallMs()) },
    ]);
  });

  it('case 61: a student who moves leaves the old section the day the new one begins', async () => {
    const file = testCampus(1);
    file.sections.push({ id: 'cse-b', name: 'CSE-B' });
    await seed(file);
    const [student] = file.students;
    if (student !== undefined) Object.assign(student, { section: 'cse-b', member_from: '2026-08-01' });
    await seed(file);
    const memberships = await db
      .knex('roster_membership')
      .orderBy('section_id')
      .select('section_id', 'valid_during');
    expect(memberships).toEqual([
      { section_id: 'cse-a', valid_during: '[2026-07-01,2026-08-01)' },
      { section_id: 'cse-b', valid_during: '[2026-08-01,)' },
    ]);
  });

  it('cases 65, 66: every slot of a campus file occupies its faculty member, room and group; again the same', async () => {
    await seed(testCampus(1));
    await seed(testCampus(1));
    const occupied = await db.knex('slot_occupancy').where({ is_enforced: true }).orderByRaw('1, 3, 4');
    expect(occupied.map((row) => [row.slot_id, row.kind, row.resource_id, row.minutes])).toEqual([
      ['cse-a-tue-1000', 'faculty', 'F001', '[600,650)'],
      ['cse-a-tue-1000', 'group', 'cse-a', '[600,650)'],
      ['cse-a-tue-1000', 'room', 'r101', '[600,650)'],
      ['cse-a-tue-1050', 'faculty', 'F001', '[650,700)'],
      ['cse-a-tue-1050', 'group', 'cse-a', '[650,700)'],
      ['cse-a-tue-1050', 'room', 'r101', '[650,700)'],
    ]);
  });

  it('cases 65, 66: a file whose slots clash is refused with both named, and nothing of it is loaded', async () => {
    const file = testCampus(1);
    Object.assign(file.timetable[1] ?? {}, { start: '10:30', end: '11:20' });
    await expect(seed(file)).rejects.toThrow(
      /cse-a-tue-1050 needs the faculty F001, which cse-a-tue-1000 has: Database Systems \(CS301\).*10:00–10:50.*SEED_INVALID/s,
    );
    expect(await db.knex('attendance_timetable_slot')).toEqual([]);
  });

  it('provisions gateways once, in files only their owner reads', async () => {
    await seed(testCampus(1), directory);
    const path = join(directory, 'gw-a', 'mqtt-password');
    const password = readFileSync(path, 'utf8').trim();
    await seed(testCampus(1), directory);
    expect(readFileSync(path, 'utf8').trim()).toBe(password);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, 'gw-a', 'card-hash-key'), 'utf8').trim()).toBe(
      TEST_CAMPUS_KEY.toString('hex'),
    );
    // The same for all gateways, and for those to come.
    expect(readFileSync(join(directory, 'gw-a', 'template-key'), 'utf8')).toBe(
      readFileSync(join(directory, 'template-key'), 'utf8'),
    );
    const { secret_sha256 } = await db.knex('gateway').first();
    expect(secret_sha256.toString('hex')).toBe(createHash('sha256').update(password).digest('hex'));
  });

  it('loads 5,000 students in a handful of statements', async () => {
    let statements = 0;
    const count = (): void => {
      statements += 1;
    };
    db.knex.on('query', count);
    await seed(testCampus(5_000));
    db.knex.off('query', count);
    expect(await db.knex('credential').count()).toEqual([{ count: 5_000 }]);
    expect(statements).toBeLessThan(50);
  });
});

describe('parseCampusFile', () => {
  const refusal = (change: (file: CampusFileInput) => void): string => {
    const file = testCampus(2);
    change(file);
    try {
      parseCampusFile(encodeCampus(file));
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return 'accepted';
  };

  it.each<[string, (file: CampusFileInput) => unknown, RegExp]>([
    [
      'an unknown room',
      (f) => Object.assign(f.timetable[1] ?? {}, { room: 'r999' }),
      /timetable\[1\]\.room: "r999" is not in any building/,
    ],
    [
      'a duplicate roll number',
      (f) => Object.assign(f.students[1] ?? {}, { roll_number: rollNumber(0) }),
      /students\[1\]\.roll_number: this roll number stands twice/,
    ],
    [
      'an unknown gateway',
      (f) => Object.assign(f.devices[0] ?? {}, { gateway: 'gw-z' }),
      /devices\[0\]\.gateway: "gw-z" is not in gateways/,
    ],
    [
      'an unknown section',
      (f) => Object.assign(f.students[0] ?? {}, { section: 'x' }),
      /students\[0\]\.section: "x" is not in sections/,
    ],
    [
      'a zone that does not exist',
      (f) => Object.assign(f.campus, { zone: 'Asia/Atlantis' }),
      /campus\.zone: must be an IANA time zone/,
    ],
    [
      'a date that does not exist',
      (f) => Object.assign(f.students[0] ?? {}, { member_from: '2026-02-30' }),
      /students\[0\]\.member_from/,
    ],
    [
      'a card in the wrong form',
      (f) => Object.assign(f.students[0] ?? {}, { cards: ['04a1b2c3'] }),
      /students\[0\]\.cards\[0\].*technology/,
    ],
    [
      'a period that ends before it starts',
      (f) => Object.assign(f.academic_period, { ends_on: '2026-01-01' }),
      /academic_period\.ends_on/,
    ],
    ['an unknown key', (f) => Object.assign(f, { rooms: [] }), /Unrecognized key: "rooms"/],
    [
      'a key that is not 32 bytes',
      (f) => Object.assign(f.gateways[0] ?? {}, { public_key: 'AAAA' }),
      /gateways\[0\]\.public_key: must be 32 bytes/,
    ],
  ])('refuses %s, naming the path', (_what, change, message) => {
    expect(refusal(change)).toMatch(message);
    expect(refusal(change)).toContain('SEED_INVALID');
  });

  it('refuses one card with two owners without repeating its number', () => {
    const card = testCampus(1).students[0]?.cards?.[0] ?? '';
    const text = refusal((file) => Object.assign(file.students[1] ?? {}, { cards: [card] }));
    expect(text).toMatch(/students\[1\]\.cards\[0\]: students\[0\] has this card too/);
    expect(text).not.toContain(card.split(':')[1]);
  });

  it('refuses text that is not JSON', () => {
    expect(() => parseCampusFile(new TextEncoder().encode('{'))).toThrow(/SEED_INVALID/);
  });
});

describe('loadCampusKey', () => {
  it('makes the key at first use, in a file only its owner reads, and keeps it', async () => {
    const first = await loadCampusKey({ dataDir: directory });
    expect(first).toHaveLength(32);
    expect(await loadCampusKey({ dataDir: directory })).toEqual(first);
    expect(statSync(join(directory, 'keys', 'card-hash-key')).mode & 0o777).toBe(0o600);
  });

  it('says what to do about a key or a provision folder that cannot be read or written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-unreadable-'));
    const file = join(folder, 'file');
    writeFileSync(file, 'no folder');
    await expect(loadCampusKey({ dataDir: folder, file: folder })).rejects.toThrow(
      /key of the card hashes.*ROLLCALL_CARD_HASH_KEY_FILE.*KEY_INVALID/,
    );
    await expect(seed(testCampus(), file)).rejects.toThrow(
      /--provision-dir.*nothing was loaded.*SEED_INVALID/,
    );
    rmSync(folder, { recursive: true, force: true });
  });

  it('refuses a key file that holds something else', async () => {
    await expect(
      loadCampusKey({ dataDir: directory, file: join(directory, 'gw-a', 'mqtt-password') }),
    ).rejects.toThrow(/32 bytes.*KEY_INVALID/);
  });
});

it('case 160: a role that an admin ended stays ended when the file is loaded again; what is given is audited', async () => {
  const file: CampusFileInput = {
    ...testCampus(),
    accounts: [{ login: 'office', name: 'Office', roles: [{ role: 'admin' }] }],
  };
  await seed(file);
  const { id } = await db.knex('account').where({ login: 'office' }).first('id');
  const audit = () => db.knex('attendance_audit_log').where({ entity_id: id, action: 'grant_role' });
  expect((await audit()).map(({ after }) => after.role)).toEqual(['admin']);
  await db
    .knex('account_role')
    .where({ account_id: id })
    .update({ valid_to: new Date(START_MS) });
  await seed({ ...file, accounts: [{ login: 'office', roles: [{ role: 'admin' }, { role: 'dean' }] }] });
  const held = await db.knex('account_role').where({ account_id: id }).orderBy('role');
  expect(held.map(({ role, valid_to: until }) => [role, until === Number.POSITIVE_INFINITY])).toEqual([
    ['admin', false],
    ['dean', true],
  ]);
  expect((await audit()).map(({ after }) => after.role)).toEqual(['admin', 'dean']);
});

describe('fingers of a campus file', () => {
  const withFinger = (): CampusFileInput => {
    const file = testCampus();
    const [student] = file.students;
    if (student !== undefined) student.fingers = [FINGER];
    return file;
  };
  const templates = () => db.knex('attendance_biometric_template').orderBy('id');

  it('are kept sealed once more, with their consent and for every gateway, and once', async () => {
    await seedWithFingers(withFinger());
    await seedWithFingers(withFinger());
    const [template, ...others] = await templates();
    expect(others).toEqual([]);
    expect(SEAL.open(template.template_sealed, placeOfTemplate(FINGER.template_id)).toString()).toBe(
      'sealed by a gateway',
    );
    expect(await db.knex('consent').where({ id: template.consent_id })).toMatchObject([
      { purpose: 'fingerprint', channel: 'paper', language: 'te', revoked_at: null },
    ]);
    const gateways = await db.knex('gateway').pluck('id');
    expect(await db.knex('template_deployment').pluck('gateway_id')).toEqual(gateways);
  });

  it('do not come back after the consent was withdrawn', async () => {
    await seedWithFingers(withFinger());
    const [template] = await templates();
    await db.knex.transaction((trx) =>
      revokeConsent(trx, template.consent_id, { accountId: null, nowMs: clock.wallMs() }),
    );
    await seedWithFingers(withFinger());
    expect(await templates()).toMatchObject([{ state: 'revoked' }]);
    expect(await db.knex('consent').whereNull('revoked_at')).toEqual([]);
  });

  it('do not come back under another id, nor where the withdrawn consent was not of a file', async () => {
    const renamed = withFinger();
    const [student] = renamed.students;
    const template_id = FINGER.template_id.replace('1', '2');
    if (student !== undefined) student.fingers = [{ ...FINGER, template_id }];
    await seedWithFingers(withFinger());
    // Enrolled here first: what the file has of this finger was never stored.
    await db.knex('template_deployment').delete();
    await db.knex('attendance_biometric_template').update({ id: randomUUID() });
    const [template] = await templates();
    await db.knex.transaction((trx) =>
      revokeConsent(trx, template.consent_id, { accountId: null, nowMs: clock.wallMs() }),
    );
    for (const file of [renamed, withFinger()]) await seedWithFingers(file);
    expect(await templates()).toMatchObject([{ id: template.id, state: 'revoked' }]);
    expect(await db.knex('consent').whereNull('revoked_at')).toEqual([]);
  });

  it('are not taken on the consent of a guardian that ended when the student came of age', async () => {
    await seed(testCampus());
    const { id } = await db
      .knex('student')
      .where({ roll_number: rollNumber(0) })
      .first('id');
    const place = { table: 'student', column: 'date_of_birth_sealed', row: id };
    await db
      .knex('student')
      .where({ id })
      .update({ date_of_birth_sealed: SEAL.sealText(JSON.stringify('2000-01-01'), place) });
    const [guardian] = await db.knex('guardian').insert({ full_name: 'Lakshmi' }).returning('id');
    await db.knex('consent').insert({
      student_id: id,
      purpose: 'fingerprint',
      actor: 'guardian',
      guardian_id: guardian.id,
      channel: 'paper',
      notice_version: '2026-1',
      notice_sha256: Buffer.alloc(32),
      granted_at: new Date(clock.wallMs()),
    });
    await seedWithFingers(withFinger());
    expect([await templates(), await db.knex('consent')]).toMatchObject([[], [{ actor: 'guardian' }]]);
  });

  it('case 118: are not taken of a student who is exempt today', async () => {
    await seed(testCampus());
    const exemption = { way: 'card_pin', granted_at: new Date(clock.wallMs()) };
    const { id } = await db
      .knex('student')
      .where({ roll_number: rollNumber(0) })
      .first('id');
    await db.knex('finger_exemption').insert({ ...exemption, student_id: id, valid_from: '2026-07-07' });
    await seedWithFingers(withFinger());
    expect([await templates(), await db.knex('consent')]).toEqual([[], []]);
    await db.knex('finger_exemption').update({ valid_until: '2026-07-07' });
    await seedWithFingers(withFinger());
    expect(await templates()).toHaveLength(1);
  });

  it('are refused without the data key, and where two have one id; then nothing is loaded', async () => {
    await expect(seed(withFinger())).rejects.toMatchObject({ code: 'SEED_INVALID' });
    const file = withFinger();
    const [, second] = file.students;
    if (second !== undefined) second.fingers = [FINGER];
    await expect(seedWithFingers(file)).rejects.toMatchObject({ code: 'SEED_INVALID' });
    expect(await db.knex('student')).toEqual([]);
  });
});
