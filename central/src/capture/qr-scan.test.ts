import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { settingsAt } from '../calendar/settings.js';
import { API, at, TestServer } from '../http/test-server.js';
import type { Settings } from '../rules/setting-keys.js';
import { rollNumber } from '../seed/test-campus.js';
import { createScanQueue, type ScanQueue } from './qr-scan.js';
import type { Scan } from './qr-verdict.js';

/** Scans that are worth a transaction beside another. */
const BESIDE = 8;
/** Scans that arrive together and are not all taken at once. */
const SHARED = 32;

let server: TestServer;
let sessionId: string;
let students: string[];
/** Two replicas: they share nothing but the database. */
let queues: [ScanQueue, ScanQueue];

let settings: Settings;
const queue = (): ScanQueue => createScanQueue(server.db.knex);
const scan = (index: number, change: Partial<Scan> = {}): Scan => ({
  sessionId,
  studentId: students[index] ?? '',
  atMs: server.clock.wallMs(),
  deviceHash: createHash('sha256').update(`phone of ${index}`).digest('hex'),
  position: undefined,
  ip: '203.0.113.7',
  actor: {
    accountId: `account of ${index}`,
    role: 'student',
    ip: '',
    userAgent: 'phone',
    requestId: `r-${index}`,
  },
  settings,
  ...change,
});

beforeAll(async () => {
  server = await TestServer.start();
  sessionId = (await server.sessionOf('CS302')).id;
  const { knex } = server.db;
  students = await knex('student').orderBy('roll_number').pluck('id');
  await knex('attendance_session').where({ id: sessionId }).update({ status: 'open' });
});
afterAll(() => server.stop());
beforeEach(async () => {
  const { knex } = server.db;
  for (const table of ['qr_scan', 'device_binding', 'exception_item']) await knex(table).delete();
  await knex('attendance_record').where({ session_id: sessionId }).delete();
  server.goTo('11:00');
  settings = await settingsAt(knex, { atMs: server.clock.wallMs() });
  queues = [queue(), queue()];
});

/** A class of another week: what is judged with it is none of the others. */
let heldId: string;
beforeAll(async () => {
  const other = await server.post(`${API}/sessions/`, {
    course: 'CS302',
    sections: ['cse-a'],
    faculty: 'F001',
    rooms: ['r101'],
    date: '2026-07-14',
    start_time: '12:00',
    end_time: '12:50',
    session_type: 'LECTURE',
    origin: 'extra',
  });
  heldId = other.body.id;
  await server.db.knex('session_tally').insert({ session_id: heldId });
});
beforeEach(async () => {
  const { knex } = server.db;
  await knex('attendance_session').where({ id: heldId }).update({ status: 'open' });
  await knex('attendance_record').where({ session_id: heldId }).delete();
});

/** Until a statement of this database waits for the row that another transaction holds. */
async function somebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await server.db.knex.raw(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
  }
}

/** What another replica does with `other` is not committed while this one reads and begins to write. */
async function lateBy(other: Scan, own: Scan) {
  const trx = await server.db.knex.transaction();
  await trx('qr_scan').insert({
    session_id: other.sessionId,
    student_id: other.studentId,
    scanned_at: new Date(other.atMs),
    outcome: 'accepted',
    device_hash: Buffer.from(other.deviceHash, 'hex'),
  });
  const scanned = queues[0].scan(own);
  scanned.catch(() => undefined);
  await somebodyWaits();
  await trx.commit();
  return scanned;
}

describe('scans at two replicas', () => {
  it('case 111: one student with two phones at one moment is told that it is recorded', async () => {
    const other = scan(0, { deviceHash: '01'.repeat(32) });
    expect(await lateBy(other, scan(0))).toMatchObject({ alreadyRecorded: true });
    expect(await server.db.knex('exception_item')).toEqual([]);
  });

  it('case 104: the second of two students with one phone is refused, and both are listed', async () => {
    const { deviceHash } = scan(0);
    await expect(lateBy(scan(0), scan(1, { deviceHash }))).rejects.toMatchObject({
      code: 'DEVICE_ALREADY_USED',
    });
    expect(await server.db.knex('exception_item')).toMatchObject([
      { student_id: students[1], detail: { others: [{ roll_number: rollNumber(0) }] } },
    ]);
    expect(await server.db.knex('qr_scan').where({ outcome: 'refused' })).toMatchObject([
      { student_id: students[1], code: 'DEVICE_ALREADY_USED' },
    ]);
  });
});

describe('two batches of scans', () => {
  /** Holds the marks of that class while one scans there, as somebody does who marks it by hand. */
  async function whileItWaits(act: () => Promise<unknown>): Promise<void> {
    const trx = await server.db.knex.transaction();
    try {
      await trx('session_tally').where({ session_id: heldId }).forUpdate().first();
      const held = queues[0].scan(scan(0, { sessionId: heldId }));
      await somebodyWaits();
      await act();
      await trx.commit();
      expect(await held).toMatchObject({ alreadyRecorded: false });
    } finally {
      if (!trx.isCompleted()) await trx.rollback();
    }
  }

  it('go on at once: a class whose marks somebody holds does not hold up the others', async () => {
    await whileItWaits(async () => {
      const scanned = await Promise.all(Array.from({ length: BESIDE }, () => queues[0].scan(scan(1))));
      expect(scanned.filter(({ alreadyRecorded }) => !alreadyRecorded)).toHaveLength(1);
    });
  });

  it('case 104: whoever scanned first with a phone is recorded, although a later one could go at once', async () => {
    const first = scan(1, { sessionId: heldId });
    const second = scan(2, { deviceHash: first.deviceHash });
    const late: Promise<unknown>[] = [];
    await whileItWaits(async () => {
      late.push(queues[0].scan(first), queues[0].scan(second));
      for (const one of late) one.catch(() => undefined);
      await Promise.all(Array.from({ length: BESIDE }, () => queues[0].scan(scan(3))));
    });
    expect(await late[0]).toMatchObject({ alreadyRecorded: false });
    await expect(late[1]).rejects.toMatchObject({ code: 'DEVICE_ALREADY_USED' });
  });

  it('are shared out: what arrives together does not all wait for what one class waits for', async () => {
    const trx = await server.db.knex.transaction();
    await trx('session_tally').where({ session_id: heldId }).forUpdate().first();
    const held = Array.from({ length: SHARED }, () => queues[0].scan(scan(2, { sessionId: heldId })));
    await Promise.all(Array.from({ length: BESIDE }, () => queues[0].scan(scan(3))));
    await trx.commit();
    expect((await Promise.all(held)).filter(({ alreadyRecorded }) => !alreadyRecorded)).toHaveLength(1);
  });

  it('of one class are one, however many they are', async () => {
    const together = [...Array.from({ length: SHARED }, () => scan(0)), scan(1)];
    await Promise.all(together.map((one) => queues[0].scan(one)));
    const rows = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_record', session_id: sessionId })
      .orderBy('id', 'desc')
      .limit(2);
    expect(new Set(rows.map((row) => row.student_id))).toEqual(new Set([students[0], students[1]]));
    expect(new Set(rows.map((row) => row.transaction_id)).size).toBe(1);
  });

  it('are not begun for less than they are worth, whatever else waits', async () => {
    const done: string[] = [];
    const late: Promise<unknown>[] = [];
    await whileItWaits(async () => {
      for (let n = 0; n < BESIDE; n++) late.push(queues[0].scan(scan(2, { sessionId: heldId })));
      late.push(queues[0].scan(scan(1)).finally(() => done.push('alone')));
      const other = queues[1].scan(scan(3));
      await other;
      expect(done).toEqual([]);
      late.push(...Array.from({ length: BESIDE - 1 }, () => queues[0].scan(scan(1))));
      await late[BESIDE];
    });
    await Promise.all(late);
  });

  it('never have a class, a student or a phone in common', async () => {
    const common = {
      class: scan(2, { sessionId: heldId }),
      student: scan(0, { deviceHash: '01'.repeat(32) }),
      phone: scan(1, { deviceHash: scan(0).deviceHash }),
    };
    const done: string[] = [];
    const late: Promise<unknown>[] = [];
    await whileItWaits(async () => {
      for (const [name, one] of Object.entries(common)) {
        for (let n = 0; n < BESIDE; n++) late.push(queues[0].scan(one).finally(() => done.push(name)));
      }
      const waiting = Promise.allSettled(late);
      await Promise.all(Array.from({ length: BESIDE }, () => queues[0].scan(scan(3))));
      expect(done).toEqual([]);
      late.push(waiting);
    });
    await late.at(-1);
    expect(new Set(done)).toEqual(new Set(['class', 'student', 'phone']));
    await expect(late[2 * BESIDE]).rejects.toMatchObject({ code: 'DEVICE_ALREADY_USED' });
  });
});

describe('a batch of scans', () => {
  it('case 104: has no second student with a phone, also where they scan in different classes', async () => {
    const { deviceHash } = scan(0);
    const [first, second] = [
      queues[0].scan(scan(0, { sessionId: heldId })),
      queues[0].scan(scan(1, { deviceHash })),
    ];
    expect(await first).toMatchObject({ alreadyRecorded: false });
    await expect(second).rejects.toMatchObject({ code: 'DEVICE_ALREADY_USED' });
  });

  it('fails only for the scan that cannot be stored', async () => {
    // PostgreSQL refuses NUL in a text; the request has been looked at, the address has not.
    const outcomes = await Promise.allSettled([
      queues[0].scan(scan(0)),
      queues[0].scan(scan(1, { ip: '\u0000' })),
      queues[0].scan(scan(2)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await server.db.knex('qr_scan')).toHaveLength(2);
  });

  it('case 158: each audit row says whose scan it was', async () => {
    await Promise.all([queues[0].scan(scan(0)), queues[0].scan(scan(1))]);
    const rows = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_record', session_id: sessionId })
      .whereIn('student_id', students.slice(0, 2))
      .orderBy('id', 'desc')
      .limit(2);
    for (const row of rows) {
      const index = students.indexOf(row.student_id);
      expect(row).toMatchObject({
        performed_by: `account of ${index}`,
        actor_role: 'student',
        user_agent: 'phone',
        request_id: `r-${index}`,
      });
    }
    expect(rows).toHaveLength(2);
  });

  it('case 105: a phone is bound in the academic period of the campus day, not of the day in UTC', async () => {
    const { knex } = server.db;
    await knex('academic_period').insert({
      id: 'later',
      campus_id: 'main',
      name: 'Later',
      starts_on: '2026-07-07',
      ends_on: '2026-12-31',
    });
    server.goTo('02:00');
    expect(server.clock.wallMs()).toBeLessThan(at('05:30').getTime());
    await queues[0].scan(scan(0));
    expect(await knex('device_binding').pluck('academic_period_id')).toEqual(['later']);
  });
});
