import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, API, type Body, TestServer } from '../http/test-server.js';
import { SETTING_KEYS, type SettingKey, specOf } from '../rules/setting-keys.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';

const CONFIGURATIONS = `${API}/configurations/`;

let server: TestServer;
const set = (key: string, value: unknown, more: object = {}): Promise<Answer> =>
  server.post(CONFIGURATIONS, { key, value, ...more });
const inForce = async (key: SettingKey, query = ''): Promise<unknown> => {
  const { body } = await server.get(`${CONFIGURATIONS}effective/${query}`);
  return body.settings.find((setting: Body) => setting.key === key).value;
};
const later = (hours: number): string => new Date(server.clock.wallMs() + hours * 3_600_000).toISOString();
const rows = async (): Promise<number> =>
  Number((await server.db.knex('attendance_configuration').count('id as n').first())?.['n']);

beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
  await knex('programme').insert({ id: 'btech', department_id: 'cse', name: 'B.Tech' });
});
afterAll(() => server.stop());

describe('what can be set', () => {
  /** The names in the seed's own documentation, which its code did not read. */
  it.each([
    'GRACE_PERIOD_MINUTES',
    'MIN_DURATION_FOR_PRESENT_MINUTES',
    'ATTENDANCE_THRESHOLD_PERCENT',
    'OFFLINE_SYNC_MAX_DELTA_MINUTES',
    'ATTENDANCE_DATA_RETENTION_YEARS',
    'AUTO_OPEN_SESSIONS',
    'AUTO_CLOSE_SESSIONS',
    'QR_TOKEN_EXPIRY_MINUTES',
    'MAX_CORRECTION_DAYS',
    'BIOMETRIC_ENABLED',
    'RFID_ENABLED',
    'GPS_VERIFICATION',
    'AUTO_MARK_ABSENT',
    'SEND_ATTENDANCE_NOTIFICATIONS',
    'ALLOW_QR_SELF_MARK',
    'DEFAULT_TIMEZONE',
  ])('A10.27: %s is a key under the name that is documented', async (key) => {
    const spec = specOf(key as SettingKey);
    expect((await set(key, spec.default)).body).toMatchObject({ key, value: String(spec.default) });
  });

  it.each([
    'THRESHOLD_PERCENT',
    'DATA_RETENTION_YEARS',
    'grace_period_minutes',
    'toString',
    '__proto__',
  ])('A10.27: %s, which nothing reads, is refused and named', async (key) => {
    const before = await rows();
    const { status, body } = await set(key, '1');
    expect([status, body.code]).toEqual([422, 'SETTING_UNKNOWN']);
    expect(body.detail).toContain(key);
    expect(await rows()).toBe(before);
  });

  const wrongValues = SETTING_KEYS.flatMap((key): [string, unknown][] => {
    const spec = specOf(key);
    if (spec.type === 'boolean') return ['yes', '1', '', 'TRUE'].map((value) => [key, value]);
    if (key === 'EXAM_LIST_DATE')
      return ['2026-02-30', '2026-02-29', '2026-13-01', '2026-11-31', '10.11.2026'].map((value) => [
        key,
        value,
      ]);
    if (spec.type === 'string') return ['', "'; DROP TABLE student; --"].map((value) => [key, value]);
    return [spec.min - 1, spec.max + 1, spec.default + 0.5, '', 'many', '1e1', 'NaN'].map((value) => [
      key,
      value,
    ]);
  });
  it.each(wrongValues)('%s cannot be %j', async (key, value) => {
    const { status, body } = await set(key, value);
    expect([status, body.code]).toEqual([422, 'SETTING_INVALID']);
    expect(body.detail).toContain(key);
  });

  it('every whole number of its bounds can be set, at both ends', async () => {
    for (const key of SETTING_KEYS) {
      const spec = specOf(key);
      if (spec.type !== 'integer') continue;
      // The cut-off is not before the grace: both at one end at a time.
      if (key === 'LATE_CUTOFF_MINUTES' || key === 'GRACE_PERIOD_MINUTES') continue;
      for (const value of [spec.min, spec.max, spec.default]) {
        expect([key, (await set(key, value)).status]).toEqual([key, 201]);
      }
    }
  });

  it('a cut-off before the grace is refused, also by way of a setting that begins later', async () => {
    expect((await set('LATE_CUTOFF_MINUTES', 4)).body.code).toBe('SETTING_INVALID');
    expect((await set('LATE_CUTOFF_MINUTES', 10, { effective_from: later(48) })).status).toBe(201);
    const early = await set('GRACE_PERIOD_MINUTES', 15);
    expect(early.body.detail).toContain('does not go with the other settings');
    expect(await inForce('GRACE_PERIOD_MINUTES')).toBe(5);
  });

  it.each([
    ['no value', { key: 'GRACE_PERIOD_MINUTES' }],
    ['a list', { key: 'GRACE_PERIOD_MINUTES', value: [5] }],
    ['an object', { key: 'GRACE_PERIOD_MINUTES', value: { n: 5 } }],
    ['a field that is none', { key: 'GRACE_PERIOD_MINUTES', value: 5, scope: 'campus' }],
    ['a date that is none', { key: 'GRACE_PERIOD_MINUTES', value: 5, effective_from: 'tomorrow' }],
    ['a kind of scope that is none', { key: 'GRACE_PERIOD_MINUTES', value: 5, scope_kind: 'room' }],
  ])('hostile: %s is refused', async (_what, body) => {
    const before = await rows();
    expect((await server.post(CONFIGURATIONS, body)).body.code).toBe('REQUEST_INVALID');
    expect(await rows()).toBe(before);
  });
});

describe('scope', () => {
  it('the narrower scope counts: a type of course before a programme before the campus', async () => {
    await set('DEBOUNCE_SECONDS', 50);
    await set('DEBOUNCE_SECONDS', 40, { scope_kind: 'programme', scope_id: 'btech' });
    await set('DEBOUNCE_SECONDS', 30, { scope_kind: 'course_type', scope_id: 'lab' });
    const of = (query: string) => inForce('DEBOUNCE_SECONDS', query);
    expect([await of(''), await of('?programme=btech'), await of('?course_type=lab')]).toEqual([50, 40, 30]);
    expect(await of('?programme=btech&course_type=lab')).toBe(30);
    expect(await of('?programme=other&course_type=theory')).toBe(50);
  });

  it('a class is stamped with the settings of its programme and its type, from the timetable and by hand', async () => {
    const { knex } = server.db;
    await knex('section').where({ id: 'cse-a' }).update({ programme_id: 'btech' });
    await knex('room').insert({ id: 'lab1', building_id: 'block-a', name: 'Lab 1' });
    const hold = async (sessionType: string, hour: number): Promise<Body> => {
      const made = await server.post(`${API}/sessions/`, {
        course: 'CS301',
        sections: ['cse-a'],
        faculty: 'F001',
        rooms: ['lab1'],
        date: '2026-07-08',
        start_time: `${hour}:00`,
        end_time: `${hour}:50`,
        session_type: sessionType,
      });
      return (await server.get(`${API}/sessions/${made.body.id}/`)).body.policy;
    };
    expect(await hold('LECTURE', 14)).toMatchObject({ debounce_seconds: 40, partial_periods: false });
    expect(await hold('LAB', 15)).toMatchObject({ debounce_seconds: 30, partial_periods: true });
    await server.post(`${API}/sessions/generate/`, { start_date: '2026-07-14', end_date: '2026-07-14' });
    const [generated] = await server.results(`${API}/sessions/?scheduled_date=2026-07-14`);
    const { policy } = (await server.get(`${API}/sessions/${generated.id}/`)).body;
    expect(policy).toMatchObject({ debounce_seconds: 40 });
  });

  it.each([
    ['a programme that does not exist', { scope_kind: 'programme', scope_id: 'mtech' }],
    ['a type of course that does not exist', { scope_kind: 'course_type', scope_id: 'sport' }],
    ['a programme without its id', { scope_kind: 'programme' }],
    ['the campus with an id', { scope_kind: 'campus', scope_id: 'btech' }],
  ])('%s is refused', async (_what, scope) => {
    expect((await set('DEBOUNCE_SECONDS', 20, scope)).body.code).toBe('SETTING_INVALID');
  });

  it('A10.13: a key that nobody asks for by class has no narrower scope that would change nothing', async () => {
    for (const key of SETTING_KEYS) {
      for (const [kind, id] of [
        ['programme', 'btech'],
        ['course_type', 'lab'],
      ] as const) {
        const spec = specOf(key);
        const answer = await set(key, spec.default, { scope_kind: kind, scope_id: id });
        if (answer.status === 201) await server.del(`${CONFIGURATIONS}${answer.body.id}/`);
        expect([key, kind, answer.status]).toEqual([key, kind, spec.scopes.includes(kind) ? 201 : 422]);
      }
    }
  });
});

describe('time', () => {
  it('a setting counts from its date on, and classes get that of their own time', async () => {
    const from = '2026-07-20T18:30:00Z';
    expect((await set('EARLY_OPEN_MINUTES', 15, { effective_from: from })).status).toBe(201);
    expect(await inForce('EARLY_OPEN_MINUTES')).toBe(10);
    expect(await inForce('EARLY_OPEN_MINUTES', '?at=2026-07-20T18:29:59Z')).toBe(10);
    expect(await inForce('EARLY_OPEN_MINUTES', '?at=2026-07-20T18:30:00Z')).toBe(15);
    const dates = { start_date: '2026-07-14', end_date: '2026-07-21' };
    await server.post(`${API}/sessions/generate/`, dates);
    const made = await server.results(
      `${API}/sessions/?start_date=2026-07-14&end_date=2026-07-21&course=CS301`,
    );
    const early = await Promise.all(
      made.map(async ({ id }) => (await server.get(`${API}/sessions/${id}/`)).body.policy.early_open_minutes),
    );
    expect(early).toEqual([10, 15]);
  });

  it('a class that was made before gets a new setting, one that has opened keeps its own', async () => {
    const open = await server.sessionOf('CS301');
    expect(open.status).toBe('open');
    await set('CLOSE_GRACE_MINUTES', 9);
    const grace = async (id: string) =>
      (await server.get(`${API}/sessions/${id}/`)).body.policy.close_grace_minutes;
    expect(await grace(open.id)).toBe(5);
    expect(await grace((await server.sessionOf('CS302')).id)).toBe(9);
    // What the class is closed by is the policy that it now has.
    server.goTo('10:56');
    await advanceSessions(server.db.knex, server.clock.wallMs());
    expect((await server.sessionOf('CS301')).status).toBe('closed');
  });

  it('nothing begins in the past', async () => {
    const { body } = await set('CLOSE_GRACE_MINUTES', 6, { effective_from: later(-1) });
    expect([body.code, body.detail]).toEqual([
      'SETTING_INVALID',
      'effective_from is in the past: classes that were held keep their rules. Leave it out to begin now',
    ]);
  });

  it('what was set stays in the history, and taking it back lets the one before count', async () => {
    const key = 'WALK_MINUTES';
    for (const value of [5, 6]) {
      server.clock.stepWall(1_000);
      await set(key, value, { description: `set to ${value}` });
    }
    expect(await inForce(key)).toBe(6);
    const all = (await server.results(`${CONFIGURATIONS}?key=${key}`)).find(({ value }) => value === '6');
    const { history } = (await server.get(`${CONFIGURATIONS}${all.id}/`)).body;
    expect(history.slice(0, 2).map(({ value, description }: Body) => [value, description])).toEqual([
      ['6', 'set to 6'],
      ['5', 'set to 5'],
    ]);
    expect((await server.del(`${CONFIGURATIONS}${all.id}/`)).body).toMatchObject({ is_active: false });
    expect(await inForce(key)).toBe(5);
    expect((await server.del(`${CONFIGURATIONS}${all.id}/`)).status).toBe(404);
  });

  it('says in the audit who changed it and to what', async () => {
    const { body } = await set('WALK_MINUTES', 7);
    const audited = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_configuration', entity_id: body.id })
      .first();
    expect(audited).toMatchObject({ action: 'create', actor_role: 'admin' });
    expect(audited.after).toMatchObject({ key: 'WALK_MINUTES', value: '7', scope_kind: 'campus' });
    expect(audited.performed_by).not.toBeNull();
  });
});

describe('who may', () => {
  it('the admin sets, those who answer for classes read, and nobody else', async () => {
    const body = { key: 'WALK_MINUTES', value: 4 };
    expect((await server.as('principal').post(CONFIGURATIONS, body)).status).toBe(403);
    expect((await server.as('principal').get(CONFIGURATIONS)).status).toBe(200);
    const student = server.as('student', { student: rollNumber(0) });
    expect((await student.get(CONFIGURATIONS)).status).toBe(403);
    expect((await student.post(CONFIGURATIONS, body)).status).toBe(403);
  });
});
