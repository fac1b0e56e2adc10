import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, API, type Body, TestServer } from '../test-server.js';

let server: TestServer;
const office = () => server.as('coordinator');

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

const make = async (path: string, body: object): Promise<Body> => {
  const answer = await office().post(`${API}/${path}/`, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201 });
  return answer.body;
};
const codeOf = ({ status, body }: Answer) => [status, body.code];
const auditOf = (table: string, id: string): Promise<Body[]> =>
  server.db
    .knex('attendance_audit_log')
    .where({ entity_type: table, entity_id: id })
    .orderBy('id')
    .select('action', 'before', 'after', 'actor_role', 'ip_address', 'request_id', 'performed_by');

/** One of each, in an order in which each may name those before it. */
const EACH: readonly { path: string; id: string; body: object; change: object }[] = [
  {
    path: 'departments',
    id: 'cse',
    body: { id: 'cse', campus: 'main', name: 'CSE' },
    change: { name: 'CS & E' },
  },
  {
    path: 'programmes',
    id: 'btech-cse',
    body: { id: 'btech-cse', department: 'cse', name: 'B.Tech CSE' },
    change: { name: 'B.Tech (CSE)' },
  },
  {
    path: 'academic-years',
    id: '2026-27',
    body: {
      id: '2026-27',
      campus: 'main',
      name: '2026-2027',
      starts_on: '2026-07-01',
      ends_on: '2027-06-30',
    },
    change: { ends_on: '2027-06-15' },
  },
  {
    path: 'academic-periods',
    id: '2026-even',
    body: {
      id: '2026-even',
      campus: 'main',
      academic_year: '2026-27',
      name: '2026 even',
      semester: 'even',
      starts_on: '2027-01-04',
      ends_on: '2027-05-31',
    },
    change: { name: 'Even semester' },
  },
  {
    path: 'buildings',
    id: 'block-n',
    body: { id: 'block-n', campus: 'main', name: 'New block' },
    change: {
      outline: {
        type: 'Polygon',
        coordinates: [
          [
            [81.1, 16.5],
            [81.2, 16.5],
            [81.2, 16.6],
            [81.1, 16.5],
          ],
        ],
      },
    },
  },
  {
    path: 'building-walks',
    id: 'block-a/block-n',
    body: { building_a: 'block-a', building_b: 'block-n', minutes: 7 },
    change: { minutes: 9 },
  },
  {
    path: 'rooms',
    id: 'n101',
    body: { id: 'n101', building: 'block-n', name: 'N101', capacity: 60 },
    change: { latitude: 16.55, longitude: 81.15, geofence_radius_m: 40, capture_mode: 'alternating' },
  },
  {
    path: 'courses',
    id: 'CS401',
    body: { code: 'CS401', title: 'Compilers', department: 'cse', credits: 3 },
    change: { counts_in_aggregate: false, credits: 1.5 },
  },
  {
    path: 'sections',
    id: 'cse-b',
    body: { id: 'cse-b', name: 'CSE-B', department: 'cse', programme: 'btech-cse', year_of_study: 3 },
    change: { year_of_study: 4 },
  },
  {
    path: 'batches',
    id: 'cse-b1',
    body: { id: 'cse-b1', name: 'B1', section: 'cse-b' },
    change: { name: 'Batch 1' },
  },
  {
    path: 'faculty',
    id: 'F900',
    body: { code: 'F900', name: 'Dr Lakshmi', department: 'cse' },
    change: { name: 'Dr Lakshmi Rao' },
  },
];

const TABLES: Record<string, string> = {
  departments: 'department',
  programmes: 'programme',
  'academic-years': 'academic_year',
  'academic-periods': 'academic_period',
  buildings: 'building',
  'building-walks': 'building_walk',
  rooms: 'room',
  courses: 'course',
  sections: 'section',
  batches: 'section',
  faculty: 'faculty',
};

describe('every master', () => {
  it.each(
    EACH,
  )('case 158: $path are made, listed, read and changed, each write with its audit row', async (each) => {
    const { path, id, body, change } = each;
    const made = await make(path, body);
    expect(made).toMatchObject({ ...body, version: 1 });
    const address = `${API}/${path}/${id}/`;
    const read = await office().get(address);
    expect([read.body, read.headers.get('etag')]).toEqual([made, '"1"']);
    expect(await office().results(`${API}/${path}/`)).toContainEqual(made);
    const changed = await office().patch(address, change, { 'if-match': '"1"' });
    expect(changed.body).toMatchObject({ ...body, ...change, version: 2 });
    const rows = await auditOf(TABLES[path] ?? '', id);
    expect(rows.map(({ action }) => action)).toEqual(['create', 'update']);
    expect(rows[0]).toMatchObject({ before: null, after: body, actor_role: 'coordinator' });
    expect(rows[1]).toMatchObject({ before: body, after: { ...body, ...change } });
    for (const row of rows) {
      expect([row.ip_address, row.request_id, row.performed_by]).not.toContain(null);
    }
  });

  it.each(EACH)('$path: a stale version or ETag changes nothing', async ({ path, id, change }) => {
    const address = `${API}/${path}/${id}/`;
    const before = (await office().get(address)).body;
    expect(codeOf(await office().patch(address, { ...change, version: 1 }))).toEqual([409, 'STALE']);
    expect(codeOf(await office().patch(address, change, { 'if-match': '"1"' }))).toEqual([409, 'STALE']);
    expect(codeOf(await office().del(address, { 'if-match': '"1"' }))).toEqual([409, 'STALE']);
    expect(codeOf(await office().patch(address, change, { 'if-match': 'two' }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
    expect((await office().get(address)).body).toEqual(before);
  });

  it.each(EACH)('$path: a second one with the same key is refused', async ({ path, body }) => {
    expect(codeOf(await office().post(`${API}/${path}/`, body))).toEqual([409, 'ALREADY_EXISTS']);
  });

  it.each(EACH)('case 157: $path are read by everybody and written by the office only', async (each) => {
    const { path, id, change } = each;
    const address = `${API}/${path}/${id}/`;
    for (const role of ['faculty', 'student', 'auditor', 'lab_technician'] as const) {
      expect((await server.as(role).get(address)).status).toBe(200);
      expect(codeOf(await server.as(role).patch(address, change))).toEqual([403, 'FORBIDDEN']);
      expect(codeOf(await server.as(role).del(address))).toEqual([403, 'FORBIDDEN']);
      expect(codeOf(await server.as(role).post(`${API}/${path}/`, {}))).toEqual([403, 'FORBIDDEN']);
    }
  });

  it.each(EACH)('$path: hostile input is refused and changes nothing', async ({ path, id, body, change }) => {
    const collection = `${API}/${path}/`;
    const address = `${collection}${id}/`;
    const before = (await office().get(address)).body;
    const count = () => server.db.knex(TABLES[path] ?? '').count('* as n');
    const counted = await count();
    const text = Object.keys(change)[0] as string;
    for (const wrong of [
      { ...change, surprise: 1 },
      { [text]: { $ne: null } },
      { [text]: ['x'] },
      { version: 'one' },
      { version: 1e300 },
      { [text]: 'x'.repeat(100_000) },
      { id: 'other' },
      { updated_at: '2026-01-01T00:00:00Z' },
    ]) {
      expect(codeOf(await office().patch(address, wrong)), JSON.stringify(wrong).slice(0, 80)).toEqual([
        400,
        'REQUEST_INVALID',
      ]);
    }
    const [key] = Object.keys(body) as [string];
    for (const bad of [
      "x'; DROP TABLE student; --",
      '',
      ' ',
      '../etc',
      'Ä',
      'a\u0000b',
      7,
      null,
      {},
      'x'.repeat(64),
    ]) {
      expect(codeOf(await office().post(collection, { ...body, [key]: bad }))).toEqual([
        400,
        'REQUEST_INVALID',
      ]);
    }
    const injected = encodeURIComponent(`${id}' OR '1'='1`);
    expect((await office().get(`${collection}${injected}/`)).status).toBeGreaterThanOrEqual(400);
    expect(codeOf(await office().get(`${collection}?surprise=1`))).toEqual([400, 'REQUEST_INVALID']);
    expect([(await office().get(address)).body, await count()]).toEqual([before, counted]);
  });
});

describe('deleting a master', () => {
  it('is refused while something uses it, and the answer says what', async () => {
    const { status, body } = await office().del(`${API}/departments/cse/`);
    expect([status, body.code]).toEqual([409, 'MASTER_IN_USE']);
    for (const user of ['1 × programme', '1 × course', '1 × faculty', '1 × section']) {
      expect(body.detail).toContain(user);
    }
    expect((await office().del(`${API}/faculty/F001/`)).body.detail).toContain('2 × session');
    expect(codeOf(await office().del(`${API}/buildings/block-a/`))).toEqual([409, 'MASTER_IN_USE']);
    expect(await office().results(`${API}/departments/`)).toHaveLength(1);
  });

  it('case 158: removes what nothing uses, and the audit log keeps what it was', async () => {
    for (const { path, id } of EACH.toReversed()) {
      const address = `${API}/${path}/${id}/`;
      const { body: last } = await office().get(address);
      expect(await office().del(address, { 'if-match': `"${last.version}"` })).toMatchObject({ status: 200 });
      expect(codeOf(await office().get(address))).toEqual([404, 'NOT_FOUND']);
      expect(codeOf(await office().del(address))).toEqual([404, 'NOT_FOUND']);
      const rows = await auditOf(TABLES[path] ?? '', id);
      const { updated_at: _, ...kept } = last;
      expect(rows.at(-1)).toMatchObject({ action: 'delete', before: kept, after: null });
    }
  });
});

describe('the rules of single masters', () => {
  it('a campus is renamed, and keeps its zone once classes were dated in it', async () => {
    const address = `${API}/campuses/main/`;
    expect((await office().patch(address, { name: 'Main campus' })).body.name).toBe('Main campus');
    expect(codeOf(await office().patch(address, { zone: 'Europe/Paris' }))).toEqual([409, 'MASTER_IN_USE']);
    expect(codeOf(await office().patch(address, { zone: 'Mars/Olympus' }))).toEqual([400, 'REQUEST_INVALID']);
    expect(codeOf(await office().del(address))).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(codeOf(await office().post(`${API}/campuses/`, { id: 'x', name: 'X' }))).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
    ]);
  });

  it('A10.30: a section has several batches; a batch has a section and no other batch above it', async () => {
    await make('batches', { id: 'a1', name: 'A1', section: 'cse-a' });
    await make('batches', { id: 'a2', name: 'A2', section: 'cse-a' });
    expect((await office().results(`${API}/batches/?section=cse-a`)).map(({ id }) => id)).toEqual([
      'a1',
      'a2',
    ]);
    const batch = await office().results(`${API}/sections/?kind=batch`);
    expect(batch.map(({ id, parent }) => [id, parent])).toEqual([
      ['a1', 'cse-a'],
      ['a2', 'cse-a'],
    ]);
    expect(codeOf(await office().get(`${API}/batches/cse-a/`))).toEqual([404, 'NOT_FOUND']);
    for (const wrong of [
      { id: 'x', name: 'X', kind: 'batch' },
      { id: 'x', name: 'X', parent: 'cse-a' },
      { id: 'x', name: 'X', kind: 'batch', parent: 'a1' },
      { id: 'x', name: 'X', kind: 'batch', parent: 'nowhere' },
    ]) {
      expect(codeOf(await office().post(`${API}/sections/`, wrong))).toEqual([400, 'REQUEST_INVALID']);
    }
    expect(codeOf(await office().post(`${API}/batches/`, { id: 'x', name: 'X', section: 'a1' }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
  });

  it('a place is whole or not there, and a walk has its buildings in order', async () => {
    await make('buildings', { id: 'blocka', campus: 'main', name: 'Annex' });
    await make('rooms', { id: 'x1', building: 'blocka', name: 'X1' });
    expect(codeOf(await office().patch(`${API}/rooms/x1/`, { latitude: 16 }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
    // Whatever the language of the server: a hyphen comes before a letter.
    await make('building-walks', { building_a: 'block-a', building_b: 'blocka', minutes: 3 });
    for (const [one, other] of [
      ['blocka', 'block-a'],
      ['blocka', 'blocka'],
      ['blocka', 'nowhere'],
    ]) {
      const body = { building_a: one, building_b: other, minutes: 3 };
      expect(codeOf(await office().post(`${API}/building-walks/`, body))).toEqual([400, 'REQUEST_INVALID']);
    }
  });

  it('A1.3: one period is current, the period of a date is found, and it lies within its year', async () => {
    await make('academic-years', {
      id: 'y27',
      campus: 'main',
      name: '2027',
      starts_on: '2027-01-01',
      ends_on: '2027-12-31',
    });
    const even = { id: 'even', campus: 'main', academic_year: 'y27', name: 'Even', semester: 'even' };
    await make('academic-periods', { ...even, starts_on: '2027-01-04', ends_on: '2027-05-31' });
    for (const [starts, ends] of [
      ['2026-12-01', '2027-02-01'],
      ['2027-03-01', '2027-02-01'],
    ]) {
      const wrong = { ...even, id: 'wrong', starts_on: starts, ends_on: ends };
      expect(codeOf(await office().post(`${API}/academic-periods/`, wrong))).toEqual([
        400,
        'REQUEST_INVALID',
      ]);
    }
    const current = async () => (await office().get(`${API}/academic-periods/current/`)).body.id;
    expect(await current()).toBe('2026-odd');
    const set = (id: string) => office().post(`${API}/academic-periods/${id}/set-current/`, {});
    expect((await set('even')).body).toMatchObject({ id: 'even', is_current: true, version: 2 });
    expect(await current()).toBe('even');
    expect((await set('2026-odd')).body.is_current).toBe(true);
    expect((await office().results(`${API}/academic-periods/?is_current=1`)).map(({ id }) => id)).toEqual([
      '2026-odd',
    ]);
    const byDate = (date: string) => office().get(`${API}/academic-periods/by-date/?date=${date}`);
    expect((await byDate('2027-02-01')).body.id).toBe('even');
    expect(codeOf(await byDate('2030-01-01'))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await byDate('2027-02-30'))).toEqual([400, 'REQUEST_INVALID']);
    expect(codeOf(await set('nowhere'))).toEqual([404, 'NOT_FOUND']);
    const taken = { ...even, id: 'current', starts_on: '2027-06-01', ends_on: '2027-07-01' };
    expect(codeOf(await office().post(`${API}/academic-periods/`, taken))).toEqual([400, 'REQUEST_INVALID']);
  });

  it('two who change the same thing at once: one of them is told that it is stale', async () => {
    await make('courses', { code: 'RACE', title: 'Race' });
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        office().patch(`${API}/courses/RACE/`, { title: `Race ${n}` }, { 'if-match': '"1"' }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    expect((await office().get(`${API}/courses/RACE/`)).body.version).toBe(2);
  });

  it('lists come in pages that stay put, and are searched without the letters of patterns', async () => {
    for (const n of [1, 2, 3, 4, 5])
      await make('departments', { id: `d${n}`, campus: 'main', name: `100% ${n}` });
    const seen: string[] = [];
    let next: string | null = '';
    do {
      const more: string = next === '' ? '' : `&cursor=${next}`;
      const { body }: Answer = await office().get(`${API}/departments/?limit=2${more}`);
      seen.push(...body.results.map(({ id }: Body) => id));
      next = body.next;
    } while (next !== null);
    expect(seen).toEqual(['d1', 'd2', 'd3', 'd4', 'd5']);
    const found = async (q: string) =>
      (await office().results(`${API}/departments/?q=${encodeURIComponent(q)}`)).length;
    expect([await found('100% 3'), await found('100_'), await found('%'), await found("'")]).toEqual([
      1, 0, 5, 0,
    ]);
    expect(codeOf(await office().get(`${API}/departments/?cursor=bm9wZQ`))).toEqual([400, 'REQUEST_INVALID']);
  });
});
