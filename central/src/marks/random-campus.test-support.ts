import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { expect } from 'vitest';
import { deleteRows } from '../db/delete-rows.test-support.js';
import { decideReviewBatch } from '../ingest/decide-review-batch.js';
import { createIngest } from '../ingest/ingest.js';
import { BOOT_A, BOOT_B, TestGateway } from '../ingest/test-gateway.js';
import { silentLog } from '../log.js';
import { cardHmac } from '../people/campus-key.js';
import { type Surplus, surplusOf } from '../rules/decide.js';
import type { Derivation } from '../rules/derivation.js';
import { rollNumber, TEST_CAMPUS_KEY } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { AGGREGATED, COUNTERS, columns, KEY } from '../statistics/counted.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { recountPeriod } from '../statistics/recount.js';
import { createJudge } from './judge.js';
import { loadFacts } from './load-facts.js';
import { msOf, STUDENTS } from './random-acts.test-support.js';
import { type ActPlace, idOf, liveAct } from './random-live-act.test-support.js';
import type { Plan, PlannedClass, PlannedTap } from './random-plan.test-support.js';
import { RuleCampus } from './rule-campus.js';

const PERIOD = '2026-odd';
const HOUR_MS = 3_600_000;
/** Later than GATEWAY_SYNC_MAX_AGE_HOURS after any class of the day. */
const TOO_LATE_MS = 90 * HOUR_MS;
const EVENING_MS = 18 * HOUR_MS;
/** Between the classes, and after all of them. */
export const LIFE = ['08:55', '09:52', '10:41', '11:45', '15:00', '18:00'] as const;

/** What a day leaves behind. */
const LIVED_TABLES = [
  ...['punch', 'clock_anchor', 'gateway_store', 'quarantine_row', 'gateway_clock_offset', 'judgement_todo'],
  ...['review_batch_session', 'review_batch', 'exception_item', 'presence_interval'],
  ...['qr_scan', 'online_presence', 'session_guest', 'attendance_holiday', 'finger_exemption'],
  ...['statistics_todo', 'statistics_contribution', 'attendance_statistics', 'aggregate_statistics'],
  ...['attendance_record', 'session_tally', 'attendance_student_snapshot', 'decision'],
  ...['attendance_leave_application', 'student_status_period', 'session_section', 'session_room'],
  'attendance_session',
];

/** What a gateway has to send, in the order of its store. */
export interface Sent {
  kind: 'punch' | 'anchor';
  isTooLate: boolean;
  row: { seq: number } & Record<string, unknown>;
}

export type Step =
  | { deliver: readonly Sent[] }
  /** The next act of a chain, if it has one left. */
  | { chain: number }
  /** Time goes on, whatever else was drawn. */
  | 'time'
  | 'judge'
  | 'fold'
  /** A person decides about everything that waits because it came too late. */
  | 'review';

/** For tests: lives the day of a {@link Plan} in any order, and says what came of it. */
export class RandomCampus {
  readonly #campus: RuleCampus;
  readonly #gateway = new TestGateway('gw-a');
  /** Every reason, ignored or used, and every flag of any mark of any day so far, also of those that did not last. */
  readonly seen = new Set<string>();
  #students: string[] = [];
  #cards: Record<string, unknown>[] = [];
  #hashes: Record<string, unknown>[] = [];

  private constructor(campus: RuleCampus) {
    this.#campus = campus;
  }

  static async open(): Promise<RandomCampus> {
    const campus = new RandomCampus(await RuleCampus.open());
    const { keyId, publicKey } = campus.#gateway;
    await campus.#knex('gateway_key').insert({ key_id: keyId, gateway_id: 'gw-a', public_key: publicKey });
    campus.#students = await Promise.all(
      Array.from({ length: STUDENTS }, (_, index) => campus.#campus.studentId(index)),
    );
    campus.#cards = await campus.#knex('credential').whereIn('student_id', campus.#students);
    campus.#hashes = await campus.#knex('credential_hash').whereIn(
      'credential_id',
      campus.#cards.map(({ id }) => id as string),
    );
    return campus;
  }

  close(): Promise<void> {
    return this.#campus.close();
  }

  get #knex() {
    return this.#campus.db.knex;
  }

  #instant(msOfDay: number): Date {
    return new Date(this.#campus.at('00:00').getTime() + msOfDay);
  }

  evidenceOf({ taps, anchors }: Plan): Sent[] {
    const punches = taps.map(
      (tap, index): Sent => ({
        kind: 'punch',
        isTooLate: tap.isTooLate,
        row: this.#punch(tap, index + 1),
      }),
    );
    return [
      ...punches,
      ...anchors.map(
        ({ atMs, driftMs }, index): Sent => ({
          kind: 'anchor',
          isTooLate: false,
          row: this.#gateway.anchor(taps.length + index + 1, {
            boot_id: BOOT_B,
            mono_ms: atMs,
            occurred_at: this.#instant(atMs + driftMs).toISOString(),
          }),
        }),
      ),
    ];
  }

  #punch({ student, device, how, atMs, isOut, isUnsynced }: PlannedTap, seq: number): Sent['row'] {
    const isFinger = device.startsWith('f');
    const card = `em4100:${(0x0f00000001 + student).toString(16).toUpperCase().padStart(10, '0')}`;
    const position = isUnsynced
      ? {
          boot_id: BOOT_B,
          clock_state: 'unsynced',
          mono_ms: atMs,
          occurred_at: '2000-01-01T00:00:00.000Z',
        }
      : { boot_id: BOOT_A, occurred_at: this.#instant(atMs).toISOString() };
    const kind = isFinger ? 'finger' : how === 'pin' || how === 'claim' ? how : 'card';
    const { credential: _none, ...row } = this.#gateway.punch(seq, { ...position, device_id: device, kind });
    return {
      ...(row as Sent['row']),
      ...(kind === 'finger' || kind === 'claim'
        ? { student: { student_ref: rollNumber(student), score: 60 } }
        : { credential: hashRead(parseCanonical(card), cardHmac(TEST_CAMPUS_KEY)) }),
      ...(kind === 'pin' ? { verify_method: 'card+pin' } : {}),
      ...(kind === 'finger' && how === 'one-to-one' ? { verify_method: 'fp 1:1' } : {}),
      ...(isOut ? { direction_hint: 'out' } : {}),
    };
  }

  /** Lives one day from nothing; whatever the steps leave out of time and chains is done at its end. */
  async dayOf(plan: Plan, steps: readonly Step[]): Promise<Outcome> {
    await this.#begin(plan);
    const { db, clock } = {
      db: this.#campus.db,
      clock: new ManualClock(this.#instant(EVENING_MS).getTime()),
    };
    const lateClock = new ManualClock(this.#instant(EVENING_MS + TOO_LATE_MS).getTime());
    const inTime = createIngest({ db, clock, log: silentLog, sendAck: () => undefined });
    const tooLate = createIngest({ db, clock: lateClock, log: silentLog, sendAck: () => undefined });
    const judge = createJudge({ db, clock, log: silentLog, chunkPairsMax: 4 });
    const keeper = createStatisticsKeeper({ db, clock, log: silentLog, chunkRowsMax: 5 });
    const chains = plan.chains.map((chain) => [...chain]);
    const life: string[] = [...LIFE];
    const look = async (): Promise<void> => {
      await judge.run();
      await this.#noteReasons();
    };
    const run = async (step: Step): Promise<unknown> => {
      if (step === 'judge') return look();
      if (step === 'fold') return keeper.run();
      if (step === 'review') return this.#review(plan);
      if (step === 'time') return this.#liveUntil(life.shift());
      if ('chain' in step) {
        const act = chains[step.chain]?.shift();
        return act === undefined ? undefined : liveAct(act, this.#place());
      }
      for (const [ingest, isTooLate] of [[inTime, false] as const, [tooLate, true] as const]) {
        const rows = step.deliver.filter((sent) => sent.isTooLate === isTooLate);
        for (const kind of ['punch', 'anchor'] as const) {
          const ofKind = rows.filter((sent) => sent.kind === kind).map(({ row }) => row);
          if (ofKind.length > 0) await ingest.accept(this.#gateway.batch(kind, ofKind));
        }
        await ingest.idle();
      }
      return undefined;
    };
    for (const step of steps) await run(step);
    while (life.length > 0) await run('time');
    for (const [index, chain] of chains.entries()) while (chain.length > 0) await run({ chain: index });
    await Promise.all([inTime.stop(), tooLate.stop()]);
    do await look();
    while ((await this.#review(plan)) > 0);
    await this.#liveUntil(LIFE.at(-1));
    await look();
    await keeper.run();
    return this.#outcome();
  }

  #place(): ActPlace {
    return {
      db: this.#campus.db,
      students: this.#students,
      date: this.#campus.date(),
      dayBefore: this.#campus.date(-1),
      instant: (msOfDay) => this.#instant(msOfDay),
      nowMs: this.#instant(EVENING_MS).getTime(),
    };
  }

  async #begin({ classes }: Plan): Promise<void> {
    await deleteRows(this.#knex, LIVED_TABLES);
    await this.#knex('roster_membership').whereNot({ section_id: 'cse-a' }).delete();
    await this.#restoreCards();
    for (const [index, planned] of classes.entries()) await this.#hold(planned, idOf('session', index));
  }

  async #hold(planned: PlannedClass, id: string): Promise<void> {
    const { group, room, from, until, periods, alsoGroup, alsoRoom, move, policy } = planned;
    await this.#campus.hold({
      ...{ id, group, room, from, until, periods, policy, status: 'scheduled' as const },
      groups: alsoGroup === undefined ? [] : [alsoGroup],
      rooms: alsoRoom === undefined || alsoRoom === room ? [] : [alsoRoom],
      type: periods > 1 ? 'LAB' : 'LECTURE',
    });
    if (move === undefined) return;
    const at = this.#instant(msOf(from) + move.afterMs).toISOString();
    await this.#knex('session_room')
      .where({ session_id: id, room_id: room })
      .update({ valid_during: `(,${at})` });
    await this.#knex('session_room').insert({
      session_id: id,
      room_id: move.room,
      valid_during: `[${at},)`,
    });
    await this.#knex('attendance_session').where({ id }).update({ room_id: move.room });
  }

  /** Whose state changed on a day before has it no more. */
  async #restoreCards(): Promise<void> {
    await this.#knex.raw(
      `DELETE FROM credential_hash WHERE credential_id IN (SELECT id FROM credential WHERE student_id = ANY(?::uuid[]))`,
      [this.#students as never],
    );
    await this.#knex('credential').whereIn('student_id', this.#students).delete();
    await this.#knex('credential').insert(this.#cards);
    await this.#knex('credential_hash').insert(this.#hashes);
  }

  async #liveUntil(time: string | undefined): Promise<void> {
    if (time === undefined) return;
    // What was seen after the last look has not been reported yet.
    await this.#knex('attendance_biometric_device').update({
      complete_through: time === LIFE.at(-1) ? this.#instant(EVENING_MS) : null,
    });
    await advanceSessions(this.#knex, this.#instant(msOf(time)).getTime());
  }

  /** @returns how many class sessions were decided */
  async #review({ classes }: Plan): Promise<number> {
    const everything = { sql: 'true', bindings: [] };
    const waiting = await this.#knex('review_batch_session').whereNull('decision').orderBy('batch_id');
    for (const { batch_id: batchId, session_id: sessionId } of waiting) {
      const planned = classes.find((_, index) => idOf('session', index) === sessionId);
      await this.#knex.transaction((trx) =>
        decideReviewBatch(trx, {
          batchId,
          decision: planned?.isLateEvidenceAccepted ? 'accepted' : 'refused',
          reason: 'looked at',
          sessionIds: [sessionId],
          visible: everything,
          reachable: everything,
          expectedVersion: undefined,
          accountId: null,
          nowMs: this.#instant(EVENING_MS).getTime(),
        }),
      );
    }
    return waiting.length;
  }

  async #noteReasons(): Promise<void> {
    const rows = await this.#knex('attendance_record').select<Outcome['records']>('reason', 'derivation');
    for (const { reason, derivation } of rows) {
      for (const one of [reason, ...(derivation.flags ?? []), ...derivation.ignored.map(({ why }) => why)])
        this.seen.add(one);
    }
    for (const { captures } of await this.#surplus()) for (const { why } of captures) this.seen.add(why);
  }

  /** Of every mark, what is told to whoever asks why and is not kept with it. */
  async #surplus(): Promise<Surplus[]> {
    const pairs = await this.#knex('attendance_record')
      .whereNot({ mark: 'not_required' })
      .orderBy(['session_id', 'student_id'])
      .select({ sessionId: 'session_id', studentId: 'student_id' });
    return (await loadFacts(this.#knex, pairs)).map(({ facts }) => surplusOf(facts));
  }

  async #outcome(): Promise<Outcome> {
    const rowsOf = async <T = Record<string, unknown>>(sql: string): Promise<T[]> =>
      (await this.#knex.raw<{ rows: T[] }>(sql)).rows;
    const outcome = {
      records: await rowsOf<Outcome['records'][number]>(
        // Whoever had a mark and needs none any more has a record that says so, and counts nowhere.
        `SELECT session_id, student_id, mark, marked_at, source, reason, derivation FROM attendance_record
         WHERE mark <> 'not_required' ORDER BY 1, 2`,
      ),
      surplus: await this.#surplus(),
      tallies: await rowsOf(
        `SELECT s.id, s.status, t.present, t.late, t.absent, t.excused, t.pending
         FROM session_tally t JOIN attendance_session s ON s.id = t.session_id ORDER BY 1`,
      ),
      stays: await rowsOf(
        `SELECT session_id, student_id, room_id, entered_at, left_at, is_exit_assumed FROM presence_interval
         ORDER BY 1, 2, 4`,
      ),
      statistics: await rowsOf(
        `SELECT ${columns([...KEY, ...COUNTERS])} FROM attendance_statistics
         WHERE (${columns(COUNTERS)}) IS DISTINCT FROM (${COUNTERS.map(() => '0').join(', ')})
         ORDER BY ${columns(KEY)}`,
      ),
      aggregates: await rowsOf(
        // Nothing any more is nothing, whatever there was to count before.
        `SELECT student_id, ${columns(AGGREGATED)} FROM aggregate_statistics
         WHERE (${columns(AGGREGATED)}) IS DISTINCT FROM (${AGGREGATED.map(() => '0').join(', ')}) ORDER BY 1`,
      ),
    };
    const recount = await recountPeriod(this.#knex, PERIOD, this.#instant(EVENING_MS).getTime());
    expect(recount.rowsDifferent).toBe(0);
    return outcome;
  }
}

export interface Outcome {
  records: { reason: string; derivation: Derivation }[];
  surplus: Surplus[];
  tallies: Record<string, unknown>[];
  stays: Record<string, unknown>[];
  statistics: Record<string, unknown>[];
  aggregates: Record<string, unknown>[];
}
