import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../auth/password.js';
import { API, type Body, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';

const BINDINGS = `${API}/device-bindings`;
const FACTORS = `${API}/second-factors`;
const PASSWORD = 'a long enough password';
const MINUTE_MS = 60_000;

let server: TestServer;
/** The one that is scanned in. */
let session: string;
const student = (index: number) => server.as('student', { student: rollNumber(index) });
const office = () => server.as('coordinator');
const phone = (name: string | number) => ({ device_id: `phone-of-${name}` });
const reason = { reason: 'at the counter, with the identity card' };

beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  // Who scanned in a class already is told so by any phone: who is to scan again has the first scan in the class before.
  await openForScans('CS301');
  for (const index of [3, 4]) expect(await isBound(index, index)).toBe(true);
  server.goTo('10:49');
  await openForScans('CS302');
  for (const index of [0, 1, 2]) expect(await isBound(index, index)).toBe(true);
  await knex('account')
    .whereNotNull('student_id')
    .update({ password_hash: await hashPassword(PASSWORD) });
});
afterAll(() => server.stop());

async function openForScans(course: string): Promise<void> {
  ({ id: session } = await server.sessionOf(course));
  await server.post(`${API}/sessions/${session}/open/`);
  await server.as('faculty', { faculty: 'F001' }).post(`${API}/sessions/${session}/generate-qr/`);
}
const wait = (ms: number): void => server.clock.stepWall(ms);
const bind = async (index: number, name: string | number, more: object = {}): Promise<Body> =>
  (await student(index).post(`${BINDINGS}/rebind/`, { ...phone(name), password: PASSWORD, ...more })).body;
const officeCode = async (index: number): Promise<string> =>
  (await office().post(`${BINDINGS}/codes/`, { student: rollNumber(index), ...reason })).body.code;
const enroll = async (index: number, more: object): Promise<Body> =>
  (await student(index).post(`${FACTORS}/`, { password: PASSWORD, ...more })).body;
const confirm = async (index: number, code: string): Promise<Body> =>
  (await student(index).post(`${FACTORS}/confirm/`, { code })).body;
/** As the application on the phone of the student does it, from the URI alone. */
function application(uri: string): () => string {
  const parts = new URL(uri).searchParams;
  const totp = new TOTP({ secret: parts.get('secret') ?? '', algorithm: 'SHA1', digits: 6, period: 30 });
  return () => totp.generate({ timestamp: server.clock.wallMs() });
}
/** By a scan: the first phone of a student is bound, any other one refused. */
const isBound = async (index: number, name: string | number): Promise<boolean> => {
  const screen = await server.as('faculty', { faculty: 'F001' }).get(`${API}/sessions/${session}/qr/`);
  const scan = { qr_token: screen.body.qr_token, ...phone(name) };
  return (await student(index).post(`${API}/records/qr-scan/`, scan)).body.code !== 'DEVICE_NOT_BOUND';
};
const actions = async (entityType: string, index: number): Promise<string[]> =>
  server.db
    .knex('attendance_audit_log as l')
    .join('student as s', 's.id', 'l.student_id')
    .where({ entity_type: entityType, roll_number: rollNumber(index) })
    .orderBy('l.id')
    .pluck('action');

describe('a new phone', () => {
  it('case 105: is bound with the password and a code of the office, twice a semester, then by the office; the old one ends', async () => {
    expect(await isBound(3, 'new')).toBe(false);
    expect(await bind(3, 'new')).toMatchObject({
      code: 'SECOND_FACTOR_NEEDED',
      detail: 'Ask the office for a code, and send it along',
    });
    const code = await officeCode(3);
    expect(code).toMatch(/^[2-9A-HJ-NP-Z]{8}$/);
    expect((await bind(3, 'new', { code, password: 'guessed' })).code).toBe('LOGIN_REFUSED');
    // What is refused for another reason takes no code.
    expect((await bind(3, 0, { code })).code).toBe('DEVICE_ALREADY_USED');
    expect(await bind(3, 'new', { code: code.toLowerCase() })).toEqual({ changes_left: 1 });
    expect(await bind(3, 'new', { code })).toEqual({ changes_left: 1 });
    expect([await isBound(3, '3'), await isBound(3, 'new')]).toEqual([false, true]);
    expect((await bind(3, 'newer', { code })).code).toBe('LOGIN_REFUSED');
    expect(await bind(3, 'newer', { code: await officeCode(3) })).toEqual({ changes_left: 0 });
    expect((await bind(3, 'newest', { code: await officeCode(3) })).code).toBe('REBIND_LIMIT');

    const wish = { student: rollNumber(3), reason: 'phone was stolen' };
    const release = `${BINDINGS}/release/`;
    expect((await server.as('faculty', { faculty: 'F001' }).post(release, wish)).status).toBe(403);
    expect((await office().post(release, wish)).body).toEqual({ released: true });
    expect((await office().post(release, wish)).body).toEqual({ released: false });
    expect(await actions('device_binding', 3)).toEqual(['rebind', 'rebind', 'release']);
    expect(await actions('rebind_code', 3)).toEqual(['issue', 'use', 'issue', 'use', 'issue']);
  });

  it('case 105: a code of the office is kept as a hash, is of one student, ends after 15 minutes and by the next one', async () => {
    const first = await officeCode(4);
    const rows = await server.db.knex('rebind_code');
    expect(JSON.stringify(rows)).not.toContain(first);
    const log = await server.db.knex('attendance_audit_log').where({ entity_type: 'rebind_code' });
    expect(JSON.stringify(log)).not.toContain(first);
    expect((await bind(2, 'new-2', { code: first })).code).toBe('LOGIN_REFUSED');
    const second = await officeCode(4);
    expect((await bind(4, 'new-4', { code: first })).code).toBe('LOGIN_REFUSED');
    wait(15 * MINUTE_MS);
    expect((await bind(4, 'new-4', { code: second })).code).toBe('LOGIN_REFUSED');
    for (const role of [
      'student',
      'faculty',
      'hod',
      'mentor',
      'lab_technician',
      'enrollment_officer',
    ] as const) {
      const answer = await server.as(role).post(`${BINDINGS}/codes/`, { student: rollNumber(4), ...reason });
      expect([role, answer.status]).toEqual([role, 403]);
    }
    expect((await office().post(`${BINDINGS}/codes/`, { student: 'NOBODY', ...reason })).status).toBe(404);
  });

  it('case 105: two requests at once use one code once', async () => {
    const code = await officeCode(2);
    const answers = await Promise.all([bind(2, 'left', { code }), bind(2, 'right', { code })]);
    expect(answers.map((body) => body.code ?? 'bound').sort()).toEqual(['LOGIN_REFUSED', 'bound']);
  });
});

describe('an authenticator application', () => {
  let now: () => string;

  it('case 105: is not begun with a password alone, nor from another phone', async () => {
    expect((await enroll(0, {})).code).toBe('REQUEST_INVALID');
    expect((await enroll(0, phone('thief'))).code).toBe('LOGIN_REFUSED');
    expect((await enroll(0, { ...phone(0), password: 'guessed' })).code).toBe('LOGIN_REFUSED');
    expect((await enroll(0, { code: '23456789' })).code).toBe('LOGIN_REFUSED');
    expect(await server.db.knex('second_factor')).toEqual([]);
    const refused = server.as('faculty', { faculty: 'F001' });
    expect((await refused.post(`${FACTORS}/`, { password: PASSWORD, ...phone(0) })).status).toBe(403);
  });

  it('case 105: counts from its first code on; its secret is sealed and shown once', async () => {
    const enrolled = await enroll(0, phone(0));
    now = application(enrolled.otpauth_uri);
    const [row] = await server.db.knex('second_factor');
    const { hex } = Secret.fromBase32(new URL(enrolled.otpauth_uri).searchParams.get('secret') ?? '');
    expect(hex).toHaveLength(40);
    expect(row.secret_sealed.toString('hex')).not.toContain(hex.toLowerCase());
    // Not confirmed: it is the office's code that is asked for.
    expect((await bind(0, 'new-0')).detail).toContain('office');
    expect((await confirm(0, '000000')).code).toBe('LOGIN_REFUSED');
    expect(await confirm(0, now())).toEqual({});
    expect((await enroll(0, phone(0))).code).toBe('ALREADY_EXISTS');
    expect((await bind(0, 'new-0')).detail).toContain('authenticator application');
    expect(await actions('second_factor', 0)).toEqual(['enroll', 'confirm']);
  });

  it('case 105: binds a phone by a code of now, never by one that was taken, nor by the office’s code', async () => {
    // The code that confirmed it.
    expect((await bind(0, 'new-0', { code: now() })).code).toBe('LOGIN_REFUSED');
    expect((await bind(0, 'new-0', { code: await officeCode(0) })).code).toBe('LOGIN_REFUSED');
    wait(30_000);
    const code = now();
    expect(await bind(0, 'new-0', { code })).toEqual({ changes_left: 1 });
    expect((await bind(0, 'newer-0', { code })).code).toBe('LOGIN_REFUSED');
    wait(90_000);
    const old = now();
    wait(90_000);
    expect((await bind(0, 'newer-0', { code: old })).code).toBe('LOGIN_REFUSED');
    const [rebind] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'device_binding', action: 'rebind' })
      .orderBy('id', 'desc')
      .limit(1);
    expect(rebind.after).toEqual({ bound: true, proof: 'authenticator' });
  });

  it('case 105: of somebody who lost it is removed by the office, with a reason; then its code counts for nothing', async () => {
    const wish = { student: rollNumber(0), reason: 'phone fell into the lake' };
    expect((await student(0).post(`${FACTORS}/remove/`, wish)).status).toBe(403);
    expect((await office().post(`${FACTORS}/remove/`, { student: rollNumber(0) })).status).toBe(400);
    expect((await office().post(`${FACTORS}/remove/`, wish)).body).toEqual({ removed: true });
    expect((await office().post(`${FACTORS}/remove/`, wish)).body).toEqual({ removed: false });
    wait(30_000);
    expect((await bind(0, 'newer-0', { code: now() })).code).toBe('LOGIN_REFUSED');
    const [row] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'second_factor', action: 'remove' });
    expect(row).toMatchObject({ reason: wish.reason, actor_role: 'coordinator' });
    expect(await bind(0, 'newer-0', { code: await officeCode(0) })).toEqual({ changes_left: 0 });
  });

  it('case 105: that is not confirmed within 15 minutes is begun anew', async () => {
    const code = application((await enroll(1, phone(1))).otpauth_uri);
    wait(15 * MINUTE_MS);
    expect((await confirm(1, code())).code).toBe('NOT_FOUND');
    const again = application((await enroll(1, phone(1))).otpauth_uri);
    expect((await confirm(1, code())).code).toBe('LOGIN_REFUSED');
    expect(await confirm(1, again())).toEqual({});
    expect((await confirm(1, again())).code).toBe('NOT_FOUND');
  });

  it('case 105: gives a code that two requests use at once to one of them', async () => {
    const code = application((await enroll(4, { code: await officeCode(4) })).otpauth_uri);
    expect(await confirm(4, code())).toEqual({});
    wait(30_000);
    const answers = await Promise.all(['both', 'ways'].map((name) => bind(4, name, { code: code() })));
    expect(answers.map((body) => body.code ?? 'bound').sort()).toEqual(['LOGIN_REFUSED', 'bound']);
  });

  it('case 105: is throttled as the sign-in is, and the right password does not begin the count anew', async () => {
    const codes: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      codes.push((await bind(1, 'new-1', { code: '000000' })).code);
    }
    expect(codes.slice(0, 4)).toEqual(Array(4).fill('LOGIN_REFUSED'));
    expect(codes.slice(-1)).toEqual(['LOGIN_THROTTLED']);
    const refused = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', reason: 'LOGIN_REFUSED' })
      .orderBy('id', 'desc')
      .first();
    expect(refused.entity_id).toBe(`POST ${BINDINGS}/rebind/`);
  });
});
