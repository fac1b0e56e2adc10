import { randomUUID } from 'node:crypto';
import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { createIngest } from '../ingest/ingest.js';
import { BOOT_A, BOOT_B, TestGateway } from '../ingest/test-gateway.js';
import { silentLog } from '../log.js';
import { cardHmac } from '../people/campus-key.js';
import { seedCampus } from '../seed/seed-campus.js';
import { encodeCampus, rollNumber, TEST_CAMPUS_KEY, testCampus } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { createJudge } from './judge.js';
import { storePunches } from './test-punches.js';

const RUNS = 15;
/** Each run replays a day against PostgreSQL. */
const TEST_TIMEOUT_MS = 180_000;
const STUDENTS = 6;

/** Tuesday 7 July 2026 on campus. */
const atMs = (time: string): number => Date.parse(`2026-07-07T${time}+05:30`);

interface Sent {
  kind: 'punch' | 'anchor';
  row: { seq: number } & Record<string, unknown>;
}

/** What happens to the classes while evidence trickles in; every day ends with all of it done. */
const LIFE = ['09:55', '10:45', '10:56', '11:50', '12:00'] as const;

/** Taps of a day: early, on time, at the limits, late, twice, wrong room, unknown card, clock not set. */
const TAPS: readonly [student: number, time: string, device?: string, unsynced?: boolean][] = [
  [0, '09:35:00', 'c101'],
  [0, '09:49:59', 'c101'],
  [0, '10:05:00', 'c101'],
  [0, '10:05:30', 'c101'],
  [1, '10:05:00.001', 'c101'],
  [1, '10:49:00', 'c101'],
  [2, '10:01:00', 'c102'],
  [2, '10:20:01', 'c101'],
  [3, '10:20:00', 'c101', true],
  [3, '10:04:00', 'c101', true],
  [3, '11:30:00', 'c101'],
  [4, '10:58:00', 'c101', true],
  [4, '10:58:00', 'f101'],
  [99, '10:02:00', 'c101'],
  [5, '11:45:01', 'c101'],
];

describe('marks in any order of evidence (case 79)', () => {
  let db: TestDatabase;
  let gateway: TestGateway;
  let evidence: Sent[];

  beforeAll(async () => {
    db = await openTestDatabase();
    const clock = new ManualClock(atMs('06:00'));
    const file = testCampus(STUDENTS);
    await seedCampus({ db, clock, campusKey: TEST_CAMPUS_KEY, bytes: encodeCampus(file) });
    gateway = new TestGateway('gw-a');
    await db
      .knex('gateway_key')
      .insert({ key_id: gateway.keyId, gateway_id: 'gw-a', public_key: gateway.publicKey });
    const credentialOf = (student: number) =>
      hashRead(
        parseCanonical(file.students[student]?.cards?.[0] ?? 'em4100:0F000000AA'),
        cardHmac(TEST_CAMPUS_KEY),
      );
    const taps = TAPS.map(([student, time, device = 'c101', isUnsynced = false], index): Sent => {
      // The unsynced boot counts from 09:00; only its anchors know that.
      const position = isUnsynced
        ? {
            boot_id: BOOT_B,
            clock_state: 'unsynced',
            mono_ms: atMs(time) - atMs('09:00'),
            occurred_at: '2000-01-01T00:00:00.000Z',
          }
        : { boot_id: BOOT_A, occurred_at: new Date(atMs(time)).toISOString() };
      return {
        kind: 'punch',
        row: gateway.punch(index + 1, { ...position, device_id: device, credential: credentialOf(student) }),
      };
    });
    const anchors = ['10:03', '10:55'].map((time, index): Sent => {
      const seq = TAPS.length + index + 1;
      const position = {
        boot_id: BOOT_B,
        mono_ms: atMs(time) - atMs('09:00'),
        occurred_at: new Date(atMs(time)).toISOString(),
      };
      return { kind: 'anchor', row: gateway.anchor(seq, position) };
    });
    evidence = [...taps, ...anchors];
  });
  afterAll(() => db?.close());

  async function dayOf(steps: readonly (Sent[] | 'judge' | (typeof LIFE)[number])[]) {
    const { knex } = db;
    await knex.raw(`TRUNCATE punch, clock_anchor, gateway_store, judgement_todo, exception_item, attendance_record,
      session_tally, attendance_student_snapshot, quarantine_row CASCADE`);
    await knex('attendance_session').update({ status: 'scheduled', notes: '', actual_start_at: null });
    const clock = new ManualClock(atMs('18:00'));
    const judge = createJudge({ db, clock, log: silentLog, chunkPairsMax: 4 });
    const ingest = createIngest({ db, clock, log: silentLog, sendAck: () => undefined });
    for (const step of steps) {
      if (step === 'judge') await judge.run();
      else if (typeof step === 'string') await live(step);
      else await deliver(step);
    }
    await ingest.stop();
    await judge.run();
    return snapshot();

    async function live(time: (typeof LIFE)[number]): Promise<void> {
      // Every device has reported by noon: the classes are finalized, whatever evidence is still to come again.
      const through = time === '12:00' ? new Date(atMs('12:00')) : null;
      await knex('attendance_biometric_device').update({ complete_through: through });
      await advanceSessions(knex, atMs(time));
    }
    async function deliver(delivery: readonly Sent[]): Promise<void> {
      for (const kind of ['punch', 'anchor'] as const) {
        const rows = delivery.filter((sent) => sent.kind === kind).map(({ row }) => row);
        if (rows.length > 0) await ingest.accept(gateway.batch(kind, rows));
      }
      await ingest.idle();
    }
  }

  async function snapshot() {
    const records = await db.knex.raw(
      `SELECT s.timetable_slot_id, st.roll_number, r.mark, r.marked_at, r.source, r.reason, r.derivation
       FROM attendance_record r JOIN attendance_session s ON s.id = r.session_id JOIN student st ON st.id = r.student_id
       ORDER BY 1, 2`,
    );
    const tallies = await db.knex.raw(
      `SELECT s.timetable_slot_id, s.status, t.present, t.late, t.absent, t.excused, t.pending
       FROM session_tally t JOIN attendance_session s ON s.id = t.session_id ORDER BY 1`,
    );
    return { records: records.rows, tallies: tallies.rows };
  }

  it('the reference day has every kind of mark', async () => {
    const { records, tallies } = await dayOf([...LIFE, evidence]);
    const marks = Object.fromEntries(
      records.map((row: Record<string, string>) => [
        `${row['timetable_slot_id']?.slice(-4)} ${row['roll_number']}`,
        row['reason'],
      ]),
    );
    expect(marks).toEqual({
      [`1000 ${rollNumber(0)}`]: 'ON_TIME',
      [`1000 ${rollNumber(1)}`]: 'LATE',
      [`1000 ${rollNumber(2)}`]: 'ARRIVED_AFTER_CUTOFF',
      [`1000 ${rollNumber(3)}`]: 'ON_TIME',
      [`1000 ${rollNumber(4)}`]: 'NO_CAPTURE',
      [`1000 ${rollNumber(5)}`]: 'NO_CAPTURE',
      [`1050 ${rollNumber(0)}`]: 'CARRIED',
      [`1050 ${rollNumber(1)}`]: 'ON_TIME',
      [`1050 ${rollNumber(2)}`]: 'CARRIED',
      [`1050 ${rollNumber(3)}`]: 'CARRIED',
      [`1050 ${rollNumber(4)}`]: 'LATE',
      [`1050 ${rollNumber(5)}`]: 'NO_CAPTURE',
    });
    expect(tallies).toMatchObject([
      { status: 'finalized', present: 2, late: 1, absent: 3, pending: 0 },
      { status: 'finalized', present: 4, late: 1, absent: 1, pending: 0 },
    ]);
  });

  it(
    'any permutation, repetition and batching, before, while and after the classes, gives the same records, derivations and tallies',
    async () => {
      const expected = await dayOf([...LIFE, evidence]);
      const days = fc
        .record({
          order: fc.shuffledSubarray([...evidence, ...evidence, ...evidence], {
            minLength: evidence.length,
            maxLength: 3 * evidence.length,
          }),
          sizes: fc.array(fc.integer({ min: 3, max: 12 }), { minLength: 1, maxLength: 12 }),
          pauses: fc.array(fc.constantFrom(...LIFE, 'judge' as const, 'judge' as const), { maxLength: 10 }),
        })
        .map(({ order, sizes, pauses }) => {
          // What the draw left out still arrives, last of all.
          const rows = [...order, ...evidence];
          const steps: (Sent[] | 'judge' | (typeof LIFE)[number])[] = [];
          const life: (typeof LIFE)[number][] = [...LIFE];
          for (let turn = 0; rows.length > 0; turn += 1) {
            steps.push(rows.splice(0, sizes[turn % sizes.length]));
            const pause = pauses[turn];
            // Time goes forward whatever was drawn.
            if (pause === 'judge') steps.push('judge');
            else if (pause !== undefined) steps.push(life.shift() ?? 'judge');
          }
          return [...steps, ...life];
        });
      await fc.assert(
        fc.asyncProperty(days, async (steps) => {
          expect(await dayOf(steps)).toEqual(expected);
        }),
        { numRuns: RUNS },
      );
    },
    TEST_TIMEOUT_MS,
  );
});

describe('judges that work at once', () => {
  it('lose no evidence and count nothing twice', async () => {
    const db = await openTestDatabase();
    try {
      const clock = new ManualClock(atMs('06:00'));
      const file = testCampus(40);
      await seedCampus({ db, clock, campusKey: TEST_CAMPUS_KEY, bytes: encodeCampus(file) });
      await advanceSessions(db.knex, atMs('09:55'));
      const judges = Array.from({ length: 4 }, () =>
        createJudge({ db, clock, log: silentLog, chunkPairsMax: 7 }),
      );
      const writes = Array.from({ length: 12 }, (_, round) =>
        storePunches(
          db.knex,
          file.students.map(({ roll_number }, index) => ({
            rollNumber: roll_number,
            at: new Date(atMs('10:12') - round * 60_000 - index),
            punchId: randomUUID(),
          })),
        ),
      );
      const judging = judges.map(async (judge) => {
        for (let times = 0; times < 6; times += 1) await judge.run();
      });
      await Promise.all([...writes, ...judging]);
      await judges[0]?.run();
      const marks = await db.knex('attendance_record').groupBy('mark').select('mark').count('* as count');
      expect(marks).toEqual([{ mark: 'present', count: 40 }]);
      expect(await db.knex('session_tally').where('present', '>', 0).first()).toMatchObject({
        present: 40,
        late: 0,
        pending: 0,
      });
    } finally {
      await db.close();
    }
  });
});
