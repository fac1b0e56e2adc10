import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, at, type TestServer } from '../http/test-server.js';
import { type Log, silentLog } from '../log.js';
import { createJudge, type Judge } from '../marks/judge.js';
import { rollNumber } from '../seed/test-campus.js';
import { createScanQueue, type ScanQueue } from './qr-scan.js';
import type { Scan } from './qr-verdict.js';
import { ScanClass } from './scan-class.test-support.js';

/** Scans that are worth a transaction beside another. */
const BESIDE = 8;
/** Scans that arrive together and are not all taken at once. */
const SHARED = 32;

let own: ScanClass;
let server: TestServer;
let sessionId: string;
let students: readonly string[];
/** Two replicas: they share nothing but the database. */
let queues: [ScanQueue, ScanQueue];

const queue = (): ScanQueue => {
  const { db, clock } = server;
  return createScanQueue({
    knex: db.knex,
    log: silentLog,
    judge: createJudge({ db, clock, log: silentLog }),
  });
};
const scan = (index: number, change: Partial<Scan> = {}): Scan => own.scan(index, change);

beforeAll(async () => {
  own = await ScanClass.open();
  ({ server, sessionId, students } = own);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await own.beginAt('11:00');
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
async function lateBy(other: Scan, ...own: Scan[]) {
  const trx = await server.db.knex.transaction();
  await trx('qr_scan').insert({
    session_id: other.sessionId,
    student_id: other.studentId,
    scanned_at: new Date(other.atMs),
    outcome: 'accepted',
    device_hash: Buffer.from(other.deviceHash, 'hex'),
  });
  const scanned = Promise.allSettled(own.map((one) => queues[0].scan(one)));
  await somebodyWaits();
  await trx.commit();
  return scanned;
}

describe('scans at two replicas', () => {
  it('case 111: one student with two phones at one moment is told that it is recorded, and when', async () => {
    const other = scan(0, { deviceHash: '01'.repeat(32), atMs: server.clock.wallMs() - 40 });
    const recorded = { value: { alreadyRecorded: true, recordedAt: new Date(other.atMs) } };
    expect(await lateBy(other, scan(0), scan(0))).toMatchObject([recorded, recorded]);
    expect(await server.db.knex('exception_item')).toEqual([]);
  });

  it('case 104: the second of two students with one phone is refused, and both are listed', async () => {
    const { deviceHash } = scan(0);
    expect(await lateBy(scan(0), scan(1, { deviceHash }))).toMatchObject([
      { reason: { code: 'DEVICE_ALREADY_USED' } },
    ]);
    expect(await server.db.knex('exception_item')).toMatchObject([
      { student_id: students[1], detail: { others: [{ roll_number: rollNumber(0) }] } },
    ]);
    expect(await server.db.knex('qr_scan').where({ outcome: 'refused' })).toMatchObject([
      { student_id: students[1], code: 'DEVICE_ALREADY_USED' },
    ]);
  });

  it('case 104: whoever scans twice in that moment is told of neither that it is recorded, unless it is', async () => {
    const lost = scan(1, { deviceHash: scan(0).deviceHash });
    const refused = { reason: { code: 'DEVICE_ALREADY_USED' } };
    const ownPhone = scan(1, { atMs: lost.atMs + 1 });
    const last = scan(1, { atMs: lost.atMs + 2 });
    expect(await lateBy(scan(0), lost, lost, ownPhone, last)).toMatchObject([
      refused,
      refused,
      { value: { mark: 'present', alreadyRecorded: false, recordedAt: new Date(ownPhone.atMs) } },
      { value: { mark: 'present', alreadyRecorded: true, recordedAt: new Date(ownPhone.atMs) } },
    ]);
    expect(await server.db.knex('qr_scan').where({ student_id: students[1], outcome: 'accepted' })).toEqual(
      [],
    );
    expect(await server.db.knex('qr_scan').where({ outcome: 'unverified' })).toMatchObject([
      { student_id: students[1], scanned_at: new Date(ownPhone.atMs) },
    ]);
  });
});

describe('two batches of scans', () => {
  /** One scan waits meanwhile for what another replica does with the same student, and is recorded by that one. */
  async function whileItWaits(act: () => Promise<unknown>): Promise<void> {
    const trx = await server.db.knex.transaction();
    try {
      const own = scan(0, { sessionId: heldId });
      await trx('qr_scan').insert({
        session_id: heldId,
        student_id: own.studentId,
        scanned_at: new Date(own.atMs),
        outcome: 'accepted',
      });
      const held = queues[0].scan(own);
      await somebodyWaits();
      await act();
      await trx.commit();
      expect(await held).toMatchObject({ alreadyRecorded: true });
    } finally {
      if (!trx.isCompleted()) await trx.rollback();
    }
  }

  it('go on at once: one that waits for another replica does not hold up the others', async () => {
    await whileItWaits(async () => {
      const scanned = await Promise.all(
        Array.from({ length: BESIDE }, () => queues[0].scan(scan(1, { sessionId: heldId }))),
      );
      expect(scanned.filter(({ alreadyRecorded }) => !alreadyRecorded)).toHaveLength(1);
    });
  });

  it('case 104: whoever scanned first with a phone is recorded, although a later one could go at once', async () => {
    const first = scan(0, { deviceHash: '02'.repeat(32) });
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

  it('are shared out: what arrives together does not all wait for what one of them waits for', async () => {
    const trx = await server.db.knex.transaction();
    await trx('qr_scan').insert({
      session_id: heldId,
      student_id: students[2],
      scanned_at: new Date(server.clock.wallMs()),
      outcome: 'accepted',
    });
    const held = Array.from({ length: SHARED }, () => queues[0].scan(scan(2, { sessionId: heldId })));
    await Promise.all(Array.from({ length: BESIDE }, () => queues[0].scan(scan(3))));
    await trx.rollback();
    expect((await Promise.all(held)).filter(({ alreadyRecorded }) => !alreadyRecorded)).toHaveLength(1);
  });

  it('are not begun for less than they are worth, whatever else waits', async () => {
    const done: string[] = [];
    const late: Promise<unknown>[] = [];
    await whileItWaits(async () => {
      for (let n = 0; n < BESIDE; n++) late.push(queues[0].scan(scan(0)));
      late.push(queues[0].scan(scan(1)).finally(() => done.push('alone')));
      await queues[1].scan(scan(3));
      expect(done).toEqual([]);
      late.push(...Array.from({ length: BESIDE - 1 }, () => queues[0].scan(scan(1))));
      await late[BESIDE];
    });
    await Promise.all(late);
  });

  it('never have a student or a phone in common', async () => {
    const common = {
      student: scan(0, { deviceHash: '01'.repeat(32) }),
      phone: scan(1, { deviceHash: scan(0).deviceHash }),
    };
    const done: string[] = [];
    const late: Promise<unknown>[] = [];
    await whileItWaits(async () => {
      for (const [name, one] of Object.entries(common)) {
        for (let n = 0; n < BESIDE; n++) late.push(queues[0].scan(one).finally(() => done.push(name)));
      }
      await Promise.all(Array.from({ length: BESIDE }, () => queues[0].scan(scan(3))));
      expect(done).toEqual([]);
    });
    await Promise.allSettled(late);
    expect(new Set(done)).toEqual(new Set(['student', 'phone']));
  });
});

/** A judge that never comes. */
function countingJudge() {
  const asked: (number | 'wake')[] = [];
  const judge: Pick<Judge, 'judgeThese' | 'wake'> = {
    judgeThese: (ids) => {
      asked.push(ids.length);
      return Promise.resolve(false);
    },
    wake: () => void asked.push('wake'),
  };
  return { judge, asked };
}

describe('a mark', () => {
  const marksOf = (index: number) =>
    server.db
      .knex('attendance_record')
      .where({ session_id: sessionId, student_id: students[index] })
      .pluck('mark');
  const waitingFor = (index: number) =>
    server.db.knex('judgement_todo').where({ session_id: sessionId, student_id: students[index] });

  it('is told with the answer where nobody else scans', async () => {
    expect(await queues[0].scan(scan(0))).toMatchObject({ mark: 'present', alreadyRecorded: false });
    expect(await waitingFor(0)).toEqual([]);
  });

  it('comes soon after the answer in a burst, and again is told with the answer to the next scan', async () => {
    const burst = Array.from({ length: SHARED + 1 }, (_, n) => queues[0].scan(scan(n % students.length)));
    const answers = await Promise.all(burst);
    expect(new Set(answers.map(({ mark, markedAt }) => `${mark} ${markedAt}`))).toEqual(
      new Set(['pending null']),
    );
    expect(await marksOf(1)).toEqual([]);
    await server.judge();
    expect(await marksOf(1)).toEqual(['present']);
    expect(await queues[0].scan(scan(1))).toMatchObject({ mark: 'present', alreadyRecorded: true });
  });

  it('does not hold up the receipt of a scan: a class whose marks somebody holds is judged later', async () => {
    const trx = await server.db.knex.transaction();
    await trx('session_tally').where({ session_id: sessionId }).forUpdate().first();
    try {
      expect(await queues[0].scan(scan(0))).toMatchObject({ mark: 'pending', alreadyRecorded: false });
      expect(await waitingFor(0)).toHaveLength(1);
    } finally {
      await trx.commit();
    }
    await server.judge();
    expect(await marksOf(0)).toEqual(['present']);
  });

  it('that cannot be judged loses no scan: it is stored, and the judge is asked again', async () => {
    const { knex } = server.db;
    const { judge, asked } = countingJudge();
    const scanned = await createScanQueue({ knex, log: silentLog, judge }).scan(scan(0));
    expect(scanned).toMatchObject({ mark: 'pending', alreadyRecorded: false });
    expect(await waitingFor(0)).toHaveLength(1);
    expect(asked).toEqual([1, 'wake']);
  });

  it('is asked for with the answer of a few, and of a burst only woken for', async () => {
    const { judge, asked } = countingJudge();
    const own = createScanQueue({ knex: server.db.knex, log: silentLog, judge });
    await own.scan(scan(0));
    expect(asked.splice(0)).toEqual([1, 'wake']);
    await Promise.all(Array.from({ length: SHARED + 1 }, () => own.scan(scan(1))));
    // Somebody stood behind the first of the two batches; the second found the scan recorded and not judged.
    expect(asked).toEqual(['wake', 'wake']);
  });

  it('is asked for again by who repeats a scan whose answer was lost', async () => {
    const { judge, asked } = countingJudge();
    const own = createScanQueue({ knex: server.db.knex, log: silentLog, judge });
    await own.scan(scan(0));
    asked.length = 0;
    expect(await own.scan(scan(0))).toMatchObject({ mark: 'pending', alreadyRecorded: true });
    expect(asked).toEqual(['wake']);
  });

  it('that another judge has made meanwhile is told', async () => {
    const judge = {
      judgeThese: async () => {
        await server.judge();
        return false;
      },
      wake: () => undefined,
    };
    const scanned = await createScanQueue({ knex: server.db.knex, log: silentLog, judge }).scan(scan(0));
    expect(scanned).toMatchObject({ mark: 'present', alreadyRecorded: false });
  });

  it('that cannot be read refuses no scan that is stored, and repeats none', async () => {
    const { knex } = server.db;
    const { client } = knex;
    let asked = 0;
    // What a scan is worth, its row, and then its mark.
    const acquireConnection = () =>
      ++asked > 2 ? Promise.reject(new Error('away')) : client.acquireConnection();
    const failing = Object.create(knex, {
      client: { value: Object.create(client, { acquireConnection: { value: acquireConnection } }) },
    });
    const { judge } = countingJudge();
    const lines: object[] = [];
    const log = { error: (fields: object) => lines.push(fields) } as unknown as Log;
    expect(await createScanQueue({ knex: failing, log, judge }).scan(scan(0))).toMatchObject({
      mark: 'pending',
      recordedAt: new Date(scan(0).atMs),
    });
    expect([asked, (await knex('qr_scan')).length]).toEqual([3, 1]);
    expect(lines).toMatchObject([{ err: { message: expect.stringContaining('away') } }]);
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
    await Promise.all([queues[0].scan(scan(3)), queues[0].scan(scan(4))]);
    const rows = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_record', session_id: sessionId })
      .whereIn('student_id', students.slice(3))
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
