import type { BatchKind } from '@rollcall/protocol/batch';
import type { ErrorCode } from '@rollcall/protocol/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Body, TestServer } from '../http/test-server.js';
import { readQuarantineAgainJob } from '../jobs/read-quarantine-again.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { CampusGateway } from './campus-gateway.js';
import {
  auditedReadings,
  keepAsOlder,
  keptRows,
  punchesOf,
  refuseAsOlder,
  type SentRow,
} from './older-central.test-support.js';
import { READING, readingOf } from './reading.js';
import type { IncomingBatch } from './verify-batch.js';

let server: TestServer;
let gateway: CampusGateway;
let s1: string;
beforeEach(async () => {
  server = await TestServer.start();
  gateway = await CampusGateway.of(server);
  s1 = (await server.sessionOf('CS301')).id;
});
afterEach(async () => {
  await gateway?.stop();
  await server?.stop();
});

const now = (): Date => new Date(server.clock.wallMs());
const minuteAgo = (): Date => new Date(server.clock.wallMs() - 60_000);

const keptByOlder = (kind: BatchKind, ...bodies: SentRow[]): Promise<void> =>
  keepAsOlder(server, gateway.gateway, kind, ...bodies);

const refusedByOlder = (code: ErrorCode, message: IncomingBatch): Promise<void> =>
  refuseAsOlder(server, code, message);

const readAgain = () => readQuarantineAgainJob.run({ db: server.db, clock: server.clock, log: silentLog });

async function markOf(student: number): Promise<string | undefined> {
  await server.judge();
  const row: Body = await server.db
    .knex('attendance_record as r')
    .join('student as st', 'st.id', 'r.student_id')
    .where({ session_id: s1, roll_number: rollNumber(student) })
    .first('r.mark');
  return row?.mark;
}

const kept = () => keptRows(server);
const punches = () => punchesOf(server, gateway.gateway.storeId);
const audited = () => auditedReadings(server);

describe('case 163: what a central of an older version could not read', () => {
  it('becomes a punch under its own identity, and the mark, once and audited, without anybody', async () => {
    const row = gateway.punch(minuteAgo(), {
      student: 3,
      row: { student: { student_ref: rollNumber(3), finger_position: 2 } },
    });
    await keptByOlder('punch', row);
    expect(await markOf(3)).not.toBe('present');
    expect(await readAgain()).toBe('1 rows and 0 messages became evidence');
    expect(await punches()).toEqual([{ seq: row.seq, punch_id: row['punch_id'] }]);
    expect(await markOf(3)).toBe('late');
    expect(await kept()).toMatchObject([{ resolved_at: now(), read_by: [READING] }]);
    expect(await audited()).toMatchObject([
      {
        entity_type: 'quarantine_row',
        entity_id: `gw-a/${gateway.gateway.storeId}/${row.seq}`,
        performed_by: null,
        before: { code: 'ROW_INVALID' },
        after: { stored_as: 'punch', reading: READING },
      },
    ]);
    expect(await server.db.knex('exception_item').where({ code: 'ROW_INVALID', resolved_at: null })).toEqual(
      [],
    );
    expect(await readAgain()).toBeUndefined();
    // Its gateway may send it again for 30 days.
    await gateway.send('punch', [row]);
    expect([await punches(), await audited()]).toMatchObject([{ length: 1 }, { length: 1 }]);
    expect(gateway.acks.at(-1)?.ack.rejected).toEqual([]);
  });

  it('counts as received when it came: a class that was finalized meanwhile is judged again', async () => {
    server.goTo('10:20');
    await keptByOlder('punch', gateway.punch(new Date(now().getTime() - 17 * 60_000), { student: 4 }));
    await server.db.knex('attendance_session').where({ id: s1 }).update({ status: 'finalized' });
    await server.db.knex.raw(
      'INSERT INTO judgement_todo (session_id, student_id) SELECT ?, id FROM student ON CONFLICT DO NOTHING',
      [s1],
    );
    expect(await markOf(4)).toBe('absent');
    const receivedAt = now();
    // A long time after: evidence that had come today would wait for a person.
    server.clock.stepWall(96 * 3_600_000);
    await readAgain();
    expect(await markOf(4)).toBe('present');
    expect(await server.db.knex('punch').where({ store_id: gateway.gateway.storeId }).first()).toMatchObject({
      received_at: receivedAt,
      review_batch_id: null,
    });
  });

  it('is an anchor or an event as well, and what an event declares lost is settled', async () => {
    const anchor = gateway.anchor({ occurred_at: minuteAgo().toISOString() });
    const event = gateway.gateway.event(9, {
      type: 'seq_lost',
      from_seq: 5,
      through_seq: 8,
      reason: 'a bad disk',
    });
    await keptByOlder('anchor', anchor);
    await keptByOlder('event', event);
    expect(await readAgain()).toBe('2 rows and 0 messages became evidence');
    expect(await server.db.knex('clock_anchor').where({ seq: anchor.seq })).toHaveLength(1);
    expect(await server.db.knex('gateway_event').where({ seq: 9 })).toHaveLength(1);
    const [{ settled }] = await server.db
      .knex('gateway_store')
      .where({ store_id: gateway.gateway.storeId })
      .select(server.db.knex.raw('settled::text'));
    expect(settled).toBe('{[1,2),[5,10)}');
  });

  it('stays where this central cannot read it either, and is tried once by each reading', async () => {
    await keptByOlder('punch', { ...gateway.punch(minuteAgo(), { student: 3 }), of_the_future: true });
    expect(await readAgain()).toBeUndefined();
    const [row] = await kept();
    expect(row).toMatchObject({ code: 'ROW_INVALID', resolved_at: null, read_by: [READING] });
    expect(row.problem).toContain('of_the_future');
    await readAgain();
    expect((await kept())[0].read_by).toEqual([READING]);
    expect(
      await server.db.knex('exception_item').where({ code: 'ROW_INVALID', resolved_at: null }),
    ).toHaveLength(1);
  });

  it('is not believed where it is not what was sent, comes from the future, or says another thing', async () => {
    const mended = gateway.punch(minuteAgo(), { student: 3, row: { verify_method: 'fp\0' } });
    const early = gateway.punch(new Date(now().getTime() + 3_600_000), { student: 3 });
    const good = gateway.punch(minuteAgo(), { student: 3 });
    const again = gateway.punch(minuteAgo(), { student: 4, row: { punch_id: good['punch_id'] } });
    await gateway.send('punch', [good]);
    await keptByOlder('punch', mended, early, again);
    await readAgain();
    expect(await kept()).toMatchObject([
      { seq: mended.seq, code: 'ROW_INVALID', resolved_at: null },
      { seq: early.seq, code: 'TIME_IN_FUTURE', resolved_at: null },
      { seq: again.seq, code: 'EVENT_ID_CONFLICT', resolved_at: null },
    ]);
    expect((await punches()).map(({ seq }) => seq)).toEqual([good.seq]);
    expect(await audited()).toEqual([]);
    const told = await server.db.knex('exception_item').where({ resolved_at: null }).pluck('code');
    expect(told.toSorted()).toEqual(['EVENT_ID_CONFLICT', 'ROW_INVALID', 'TIME_IN_FUTURE']);
  });

  it('does not come back from a month whose punch_id came again in a later one', async () => {
    server.goTo('10:12');
    const first = gateway.punch(minuteAgo(), { student: 4 });
    await keptByOlder('punch', first);
    server.clock.stepWall(30 * 86_400_000);
    await gateway.send('punch', [
      gateway.punch(minuteAgo(), { student: 4, row: { punch_id: first['punch_id'] } }),
    ]);
    await readAgain();
    expect(await kept()).toMatchObject([{ seq: first.seq, code: 'EVENT_ID_CONFLICT', resolved_at: null }]);
    expect(await punches()).toHaveLength(1);
  });
});

describe('case 163: a batch that a central of an older version refused whole', () => {
  it.each([
    'SCHEMA_VERSION_UNSUPPORTED',
    'BATCH_INVALID',
  ] as const)('counts when it can be read (%s), with what its gateway sends again, once', async (code) => {
    const rows = [gateway.punch(minuteAgo(), { student: 3 }), gateway.punch(minuteAgo(), { student: 4 })];
    await refusedByOlder(code, gateway.gateway.batch('punch', rows));
    expect(await readAgain()).toBe('0 rows and 1 messages became evidence');
    expect(await punches()).toMatchObject(rows.map(({ seq, punch_id }) => ({ seq, punch_id })));
    await gateway.send('punch', rows);
    expect(gateway.acks.at(-1)?.ack).toMatchObject({ through_seq: 2, rejected: [] });
    expect([await punches(), await audited()]).toMatchObject([{ length: 2 }, { length: 1 }]);
    expect(await server.db.knex('quarantine_message')).toMatchObject([
      { resolved_at: now(), read_by: [READING] },
    ]);
    expect([await markOf(3), await markOf(4)]).toEqual(['late', 'late']);
    expect(await readAgain()).toBeUndefined();
  });

  it('does not count when nobody can vouch for it: changed, cut off, of a revoked gateway, under another topic', async () => {
    const good = gateway.gateway.batch('punch', [gateway.punch(minuteAgo(), { student: 3 })]);
    const changed = Buffer.from(good.payload).toString('utf8').replace('em4100', 'em4101');
    const bytes = (text: string) => new TextEncoder().encode(text);
    await refusedByOlder('BATCH_INVALID', { ...good, payload: bytes(changed) });
    await refusedByOlder('BATCH_INVALID', { ...good, payload: good.payload.slice(0, -20) });
    await refusedByOlder('BATCH_INVALID', { ...good, topic: 'rollcall/v1/gw-a/up/status' });
    await refusedByOlder('BATCH_INVALID', { ...good, topic: 'rollcall/v1/gw-b/up/punch' });
    await refusedByOlder('SIGNATURE_INVALID', good);
    await readAgain();
    await server.db.knex('gateway_key').update({ revoked_at: now() });
    await refusedByOlder('BATCH_INVALID', good);
    expect(await readAgain()).toBeUndefined();
    expect([await punches(), await audited()]).toEqual([[], []]);
    expect(await server.db.knex('quarantine_message').whereNotNull('resolved_at')).toEqual([]);
  });
});

describe('the name of a reading', () => {
  it('is another one with another member, value or limit, and else the same', () => {
    const row = z.strictObject({ kind: z.enum(['card']), n: z.int().max(5) });
    const others = [
      row.extend({ more: z.string().optional() }),
      row.extend({ kind: z.enum(['card', 'iris']) }),
      row.extend({ n: z.int().max(6) }),
    ];
    const names = [row, ...others].map((schema) => readingOf([schema]));
    expect(new Set(names).size).toBe(4);
    expect(readingOf([z.strictObject({ kind: z.enum(['card']), n: z.int().max(5) })])).toBe(names[0]);
  });
});
