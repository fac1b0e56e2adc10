import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { createIngest } from '../ingest/ingest.js';
import { BOOT_A, TestGateway } from '../ingest/test-gateway.js';
import { silentLog } from '../log.js';
import { cardHmac } from '../people/campus-key.js';
import { byTime, type IgnoredDerivedCapture } from '../rules/derivation.js';
import { makePolicy, type PolicyLimits } from '../rules/policy.js';
import { rollNumber, seedTestCampus, TEST_CAMPUS_KEY, testCampus } from '../seed/test-campus.js';
import { createJudge } from './judge.js';
import { loadSurplus } from './load-surplus.js';
import { queuePairs, queueSessions } from './queue.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const STUDENTS = 6;

export interface TestClass {
  /** Left out: a new one. */
  id?: string;
  from: string;
  until: string;
  room?: string;
  group?: string;
  /** Further groups and rooms. */
  groups?: string[];
  rooms?: string[];
  course?: string;
  type?: 'LECTURE' | 'LAB';
  periods?: number;
  status?: 'scheduled' | 'open' | 'closed' | 'finalized' | 'cancelled' | 'not_held';
  policy?: Partial<PolicyLimits>;
  /** Days after the day of the test. */
  daysLater?: number;
}

export interface Tap {
  student?: number;
  device?: string;
  kind?: 'card' | 'finger';
  verify?: string;
  out?: boolean;
}

/** For tests of the rules: a campus with every kind of room, whose taps come through ingest, signed. */
export class RuleCampus {
  readonly db: TestDatabase;
  readonly clock = new ManualClock(Date.parse('2026-07-07T18:00:00+05:30'));
  readonly #gateway = new TestGateway('gw-a');
  #day = 0;
  #seq = 0;

  private constructor(db: TestDatabase) {
    this.db = db;
  }

  static async open(): Promise<RuleCampus> {
    const campus = new RuleCampus(await openTestDatabase());
    const { knex } = campus.db;
    await seedTestCampus(campus.db, campus.clock, testCampus(STUDENTS));
    await knex('gateway_key').insert({
      key_id: campus.#gateway.keyId,
      gateway_id: 'gw-a',
      public_key: campus.#gateway.publicKey,
    });
    await knex('building').insert({ id: 'block-b', campus_id: 'main', name: 'Block B' });
    const room = (id: string, more: object = {}) => ({ id, building_id: 'block-a', name: id, ...more });
    await knex('room').insert(room('r103'));
    await knex('room').insert(room('r104', { capture_mode: 'alternating' }));
    await knex('room').insert(room('r202'));
    await knex('room').insert([
      room('gate', { purpose: 'gate' }),
      room('library', { purpose: 'presence' }),
      room('hostel', { purpose: 'presence', building_id: 'block-b' }),
    ]);
    await knex('room').insert(room('r205', { building_id: 'block-b' }));
    const device = (id: string, roomId: string, direction = 'both') => ({
      device_id: id,
      gateway_id: 'gw-a',
      device_name: id,
      device_type: 'rfid',
      driver: 'rdm6300',
      room_id: roomId,
      direction,
    });
    await knex('attendance_biometric_device').insert([
      device('in103', 'r103', 'in'),
      device('out103', 'r103', 'out'),
      device('c104', 'r104'),
      device('c202', 'r202'),
      device('c205', 'r205'),
      device('gate1', 'gate'),
      device('library1', 'library'),
      device('hostel1', 'hostel'),
    ]);
    await knex('section').insert({ id: 'cse-b', name: 'CSE-B' });
    for (const id of ['b1', 'b2']) {
      await knex('section').insert({ id, name: id, kind: 'batch', parent_id: 'cse-a' });
    }
    await knex('section').insert({ id: 'elective', name: 'Elective', kind: 'elective' });
    await knex('section').where({ id: 'cse-a' }).update({ year_of_study: 1 });
    return campus;
  }

  close(): Promise<void> {
    return this.db.close();
  }

  /** Each test has a day of its own. */
  nextDay(): void {
    this.#day += 1;
    this.clock.stepWall(DAY_MS);
  }

  date(daysLater = 0): string {
    return new Date(Date.parse('2026-07-07T12:00:00Z') + (this.#day + daysLater) * DAY_MS)
      .toISOString()
      .slice(0, 10);
  }

  at(time: string, daysLater = 0): Date {
    return new Date(`${this.date(daysLater)}T${time}+05:30`);
  }

  async studentId(student = 0): Promise<string> {
    return (
      await this.db
        .knex('student')
        .where({ roll_number: rollNumber(student) })
        .first('id')
    ).id;
  }

  async join(group: string, student: number, during?: string): Promise<void> {
    await this.db.knex('roster_membership').insert({
      section_id: group,
      student_id: await this.studentId(student),
      valid_during: during ?? `[${this.date()},${this.date(1)})`,
    });
  }

  async hold(wanted: TestClass): Promise<string> {
    const {
      room = 'r101',
      group = 'cse-a',
      course = 'CS301',
      type = 'LECTURE',
      periods = 1,
      daysLater = 0,
    } = wanted;
    const policy = makePolicy(wanted.policy);
    const [start, end] = [this.at(wanted.from, daysLater), this.at(wanted.until, daysLater)];
    const { knex } = this.db;
    const [row] = await knex('attendance_session')
      .insert({
        ...(wanted.id === undefined ? {} : { id: wanted.id }),
        academic_period_id: '2026-odd',
        section_id: group,
        course_code: course,
        faculty_code: 'F001',
        room_id: room,
        scheduled_date: this.date(daysLater),
        start_at: start,
        end_at: end,
        reach_from: new Date(start.getTime() - 30 * MINUTE_MS),
        reach_until: new Date(end.getTime() + policy.close_grace_minutes * MINUTE_MS),
        session_type: type,
        period_count: periods,
        status: wanted.status ?? 'finalized',
        policy: JSON.stringify(policy),
      })
      .returning('id');
    for (const more of wanted.groups ?? []) {
      await knex.raw(
        `INSERT INTO session_section SELECT session_id, ?, scheduled_date, reach_from, reach_until
         FROM session_section WHERE session_id = ? AND section_id = ?`,
        [more, row.id, group],
      );
    }
    for (const more of wanted.rooms ?? [])
      await knex('session_room').insert({ session_id: row.id, room_id: more });
    await queueSessions(knex, [row.id]);
    return row.id;
  }

  /** Through ingest, as a gateway sends it. */
  async tap(
    time: string,
    { student = 0, device = 'c101', kind = 'card', verify, out }: Tap = {},
  ): Promise<void> {
    this.#seq += 1;
    const card = `em4100:${(0x0f00000001 + student).toString(16).toUpperCase().padStart(10, '0')}`;
    const { credential: _none, ...row } = this.#gateway.punch(this.#seq, {
      boot_id: BOOT_A,
      occurred_at: this.at(time).toISOString(),
      device_id: device,
      kind,
    });
    const who =
      kind === 'card'
        ? { credential: hashRead(parseCanonical(card), cardHmac(TEST_CAMPUS_KEY)) }
        : { student: { student_ref: rollNumber(student), score: 60 } };
    const ingest = createIngest({ db: this.db, clock: this.clock, log: silentLog, sendAck: () => undefined });
    await ingest.accept(
      this.#gateway.batch('punch', [
        {
          ...row,
          ...who,
          ...(verify === undefined ? {} : { verify_method: verify }),
          ...(out === true ? { direction_hint: 'out' } : {}),
        },
      ]),
    );
    await ingest.idle();
    await ingest.stop();
  }

  async decide(sessionId: string, kind: string, mark: string, student = 0): Promise<string> {
    const studentId = await this.studentId(student);
    const now = new Date(this.clock.wallMs());
    const [row] = await this.db
      .knex('decision')
      .insert({
        session_id: sessionId,
        student_id: studentId,
        kind,
        mark,
        reason: 'because',
        source: kind === 'offline' ? 'offline' : 'manual',
        decided_at: now,
        received_at: now,
      })
      .returning('id');
    await queuePairs(this.db.knex, [{ sessionId, studentId }]);
    return row.id;
  }

  judge(): Promise<number> {
    return createJudge({ db: this.db, clock: this.clock, log: silentLog }).run();
  }

  /** `present ON_TIME`, or undefined without a record. */
  async mark(sessionId: string, student = 0): Promise<string | undefined> {
    const row = await this.record(sessionId, student);
    return row === undefined ? undefined : `${row.mark} ${row.reason}`;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was stored
  async record(sessionId: string, student = 0): Promise<any> {
    await this.judge();
    const studentId = await this.studentId(student);
    return this.db.knex('attendance_record').where({ session_id: sessionId, student_id: studentId }).first();
  }

  /** Codes of what people have to look at about a class. */
  async exceptions(sessionId: string): Promise<string[]> {
    await this.judge();
    return this.db.knex('exception_item').where({ session_id: sessionId }).orderBy('code').pluck('code');
  }

  /** Why captures did not count, as whoever asks is told. */
  async ignored(sessionId: string, student = 0): Promise<string[]> {
    const { derivation } = await this.record(sessionId, student);
    const studentId = await this.studentId(student);
    const { captures } = await loadSurplus(this.db.knex, { sessionId, studentId }, derivation);
    const told: IgnoredDerivedCapture[] = [...derivation.ignored, ...captures];
    return told.toSorted(byTime).map(({ why }) => why);
  }
}
