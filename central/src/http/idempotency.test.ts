import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decideMarks } from '../capture/decide-marks.js';
import { expireAnswersJob } from '../jobs/expire-answers.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { IDEMPOTENCY_KEY, takesIdempotencyKey } from './idempotency.js';
import { claimOf, markCommitted } from './idempotency-claim.js';
import { ROUTES } from './routes.js';
import { createHttpServer } from './server.js';
import { type Answer, API, type Body, TestServer } from './test-server.js';
import { writeAs } from './write-as.js';

let server: TestServer;
let session: Body;
beforeAll(async () => {
  server = await TestServer.start();
  session = await server.sessionOf('CS301');
});
afterAll(() => server?.stop());
beforeEach(() => server.db.knex('idempotent_answer').delete());

const faculty = () => server.as('faculty', { faculty: 'F001' });
const keyed = (key: string) => ({ [IDEMPOTENCY_KEY]: key });
const mark = (student: number, to: string) => ({
  session_id: session.id,
  student: rollNumber(student),
  mark: to,
  reason: 'seen by me',
});
const decisions = async (): Promise<number> =>
  Number((await server.db.knex('decision').count<{ count: string }[]>('* as count'))[0]?.count);
const replayed = (answer: Answer): string | null => answer.headers.get('idempotency-replayed');

describe('a repeated write', () => {
  it('gets the first answer again, with its status and headers, and nothing is done twice', async () => {
    const first = await faculty().post(`${API}/records/`, mark(3, 'present'), keyed('one'));
    const made = await decisions();
    const again = await faculty().post(`${API}/records/`, mark(3, 'present'), keyed('one'));
    expect([first.status, again.status, replayed(first), replayed(again)]).toEqual([201, 201, null, 'true']);
    expect(again.body).toEqual(first.body);
    expect(await decisions()).toBe(made);
    const other = await faculty().post(`${API}/records/`, mark(3, 'present'), keyed('two'));
    expect([other.status, replayed(other)]).toEqual([201, null]);
    expect(await decisions()).toBe(made + 1);
  });

  it('keeps ETags: a session action repeated after another change still answers as it did', async () => {
    const { id } = await server.sessionOf('CS302');
    const body = { reason: 'strike' };
    const first = await server.post(`${API}/sessions/${id}/cancel/`, body, keyed('cancel'));
    await server.post(`${API}/sessions/${id}/restore/`, {}, keyed('restore'));
    const again = await server.post(`${API}/sessions/${id}/cancel/`, body, keyed('cancel'));
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(again.body).toEqual(first.body);
    expect((await server.sessionOf('CS302')).status).toBe('scheduled');
  });

  it('with the same key and another request is refused, whatever differs', async () => {
    const { id } = session;
    await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('k'));
    const made = await decisions();
    const others = [
      await faculty().post(`${API}/records/`, mark(3, 'absent'), keyed('k')),
      await faculty().post(`${API}/records/bulk-mark/`, { session_id: id, attendance_data: [] }, keyed('k')),
      await faculty().post(`${API}/records/`, mark(3, 'late'), { ...keyed('k'), 'If-Match': '"1"' }),
    ];
    for (const { status, body } of others)
      expect([status, body.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await decisions()).toBe(made);
  });

  it('belongs to an account: the same key of somebody else is another key', async () => {
    await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('shared'));
    const other = await server.post(`${API}/records/`, mark(4, 'late'), keyed('shared'));
    expect([other.status, replayed(other)]).toEqual([201, null]);
  });

  it('of which many come at once, over two replicas, runs once', async () => {
    const replica = await createHttpServer(server.options);
    const made = await decisions();
    const headers = {
      ...(await server.authorization('faculty', { faculty: 'F001' })),
      ...keyed('crowd'),
      'content-type': 'application/json',
    };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        fetch(`http://127.0.0.1:${index % 2 === 0 ? server.port : replica.port}${API}/records/`, {
          method: 'POST',
          headers,
          body: JSON.stringify(mark(4, 'present')),
        }),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    expect(statuses).toContain(201);
    for (const answer of answers.filter(({ status }) => status === 409))
      expect(((await answer.json()) as Body).code).toBe('REQUEST_IN_FLIGHT');
    expect(await decisions()).toBe(made + 1);
    await replica.stop();
  });

  it('runs anew where the first one was refused: nothing had been changed', async () => {
    const { id } = await server.sessionOf('CS302');
    const early = await faculty().post(`${API}/sessions/${id}/open/`, {}, keyed('open'));
    expect(early.body.code).toBe('SESSION_TOO_EARLY');
    server.goTo('10:45');
    const opened = await faculty().post(`${API}/sessions/${id}/open/`, {}, keyed('open'));
    expect([opened.body.status, replayed(opened)]).toEqual(['open', null]);
    const refusals = server.db.knex('attendance_audit_log').where({ action: 'refused' });
    expect(await refusals.pluck('reason')).toContain('SESSION_TOO_EARLY');
  });

  it('of a forbidden act is refused again, with an audit row each time', async () => {
    const student = server.as('student', { student: rollNumber(0) });
    for (const _ of [1, 2]) {
      const { body } = await student.post(`${API}/records/`, mark(0, 'present'), keyed('forbidden'));
      expect(body.code).toBe('FORBIDDEN');
    }
    const rows = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', reason: 'FORBIDDEN' });
    expect(rows).toHaveLength(2);
    expect(await server.db.knex('idempotent_answer')).toEqual([]);
  });

  it.each(['', 'ö', 'x'.repeat(201), 'with space'])('refuses the key "%s"', async (key) => {
    const response = await fetch(server.url(`${API}/records/`), {
      method: 'POST',
      headers: { ...(await server.authorization()), 'content-type': 'application/json', ...keyed(key) },
      body: JSON.stringify(mark(3, 'late')),
    });
    expect([response.status, ((await response.json()) as Body).code]).toEqual([400, 'REQUEST_INVALID']);
  });
});

describe('what is kept', () => {
  const row = () => server.db.knex('idempotent_answer').first();

  it('is sealed: no name and no mark in the table', async () => {
    const { body } = await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('sealed'));
    const kept = await row();
    expect(body.student.roll_number).toBe(rollNumber(3));
    expect(kept.answer_sealed.includes(rollNumber(3))).toBe(false);
    expect(kept.status).toBe(201);
  });

  it('says that the work was done where a process died before it could keep the answer', async () => {
    await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('died'));
    expect((await row()).committed_at).not.toBeNull();
    await server.db.knex('idempotent_answer').update({ status: null, answer_sealed: null });
    const made = await decisions();
    const soon = await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('died'));
    expect(soon.body.code).toBe('REQUEST_IN_FLIGHT');
    server.clock.stepWall(121_000);
    const again = await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('died'));
    expect([again.status, again.body.code, await decisions()]).toEqual([409, 'ANSWER_LOST', made]);
  });

  it('lets the request run where a process died before it committed, after the lease and not before', async () => {
    await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('early'));
    const unfinished = { status: null, answer_sealed: null, committed_at: null };
    await server.db.knex('idempotent_answer').update(unfinished);
    const soon = await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('early'));
    expect([soon.body.code, soon.headers.get('retry-after')]).toEqual(['REQUEST_IN_FLIGHT', '1']);
    server.clock.stepWall(121_000);
    const later = await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('early'));
    expect([later.status, replayed(later)]).toEqual([201, null]);
  });

  it('fences a request that was taken over: it can no longer commit', async () => {
    const { knex } = server.db;
    await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('fenced'));
    const { account_id: accountId, key } = await row();
    const claim = { accountId, key, id: '00000000-0000-4000-8000-000000000000', isCommitted: false };
    const made = await decisions();
    const work = knex.transaction(async (trx) => {
      await markCommitted(trx, claim);
      await decideMarks(trx, { sessionId: session.id, rows: [], source: 'manual', accountId, nowMs: 0 });
    });
    await expect(work).rejects.toThrow(/REQUEST_IN_FLIGHT/);
    expect([await decisions(), claim.isCommitted]).toEqual([made, false]);
  });

  it('is forgotten after a day, not before', async () => {
    await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('old'));
    const context = { db: server.db, clock: server.clock, log: silentLog };
    server.clock.stepWall(24 * 3_600_000 - 1_000);
    expect(await expireAnswersJob.run(context)).toBeUndefined();
    server.clock.stepWall(2_000);
    expect(await expireAnswersJob.run(context)).toBe('1 kept answers removed');
    server.goTo('10:45');
  });

  it('is bounded for one account', async () => {
    await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('full'));
    await server.db.knex.raw(
      `INSERT INTO idempotent_answer (account_id, key, request_sha256, claim)
       SELECT account_id, 'filler-' || n, request_sha256, claim FROM idempotent_answer, generate_series(1, 10000) AS n`,
    );
    const more = await faculty().post(`${API}/records/`, mark(3, 'late'), keyed('more'));
    expect([more.status, more.body.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
  });
});

describe('the document', () => {
  it('offers the header for every write of somebody signed in, and only there', async () => {
    const { body } = await server.get('/api/schema/');
    for (const { contract } of ROUTES) {
      const operation = body.paths[contract.path.replace(/(?<=.)\/$/, '')][contract.method];
      const names = operation.parameters.map(({ name }: Body) => name);
      const isOffered = names.includes(IDEMPOTENCY_KEY) && '409' in operation.responses;
      expect(isOffered, contract.operationId).toBe(takesIdempotencyKey(contract));
    }
  });
});

it('a request without a key holds no claim', async () => {
  const request = { headers: {}, ip: '127.0.0.1' } as never;
  const principal = { grants: [] } as never;
  expect(claimOf(request)).toBeUndefined();
  expect(await writeAs(server.db.knex, { principal, request }, async () => 'done')).toBe('done');
});
