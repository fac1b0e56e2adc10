import { randomUUID } from 'node:crypto';
import type fc from 'fast-check';
import { rollNumber } from '../seed/test-campus.js';
import { CALENDAR_DEEDS } from './life-calendar.test-support.js';
import type { LifeCampus } from './life-campus.test-support.js';
import { checkMarksAndAudit } from './life-checks.test-support.js';
import { checkCounts, checkRecount } from './life-counts.test-support.js';
import { DAY_DEEDS } from './life-day.test-support.js';
import { LifeHolidays } from './life-holidays.test-support.js';
import { PEOPLE_DEEDS } from './life-people.test-support.js';
import { LifeStates } from './life-states.test-support.js';
import { type Deed, type Doing, type LifePerson, type LifeStep, stepOf } from './life-step.test-support.js';
import { checkTimetable } from './life-timetable.test-support.js';
import { WAITING_DEEDS } from './life-waiting.test-support.js';
import type { TestCaller } from './test-server.js';

const DEEDS = { ...DAY_DEEDS, ...CALENDAR_DEEDS, ...PEOPLE_DEEDS, ...WAITING_DEEDS };
type What = keyof typeof DEEDS;

export const lifeStep: fc.Arbitrary<LifeStep<What>> = stepOf<What>(DEEDS);

/** For tests: one random life, a Tuesday of its own, lived over HTTP; what must hold is looked at after each step. */
export class Life {
  readonly #campus: LifeCampus;
  readonly #date: string;
  readonly #students: Map<string, string>;
  readonly #states: LifeStates;
  readonly #holidays: LifeHolidays;
  readonly #codes: string[] = [];
  /** What was answered with success, each time: a life that only meets refusals proves nothing. */
  readonly accepted: What[] = [];

  private constructor(campus: LifeCampus, date: string, students: Map<string, string>) {
    const { knex } = campus.server.db;
    this.#campus = campus;
    this.#date = date;
    this.#students = students;
    this.#states = new LifeStates(knex, date);
    this.#holidays = new LifeHolidays(knex, date);
  }

  static async begin(campus: LifeCampus): Promise<Life> {
    const date = await campus.nextTuesday();
    return new Life(campus, date, await campus.studentIds());
  }

  /** Lives one step and looks at everything that must hold. @throws Error naming what does not */
  async step(step: LifeStep<What>): Promise<void> {
    const { server } = this.#campus;
    const { knex } = server.db;
    server.clock.stepWall(step.minutes * 60_000);
    const before = await this.#states.read();
    const contents = await this.#contents();
    const doing = this.#doing(
      step,
      before.map(({ id }) => id),
    );
    const deed: Deed = DEEDS[step.what];
    const answer = await deed.act(doing);
    if (answer !== undefined && answer.status >= 500)
      throw new Error(`${step.what} was answered with ${answer.status}`);
    const isRefused = answer !== undefined && answer.status >= 400;
    // What nobody asks central for is no request that it accepts.
    if (answer !== undefined && !isRefused) this.accepted.push(step.what);
    if (isRefused && (await this.#contents()) !== contents) {
      throw new Error(`${step.what} was refused with ${answer.body.code}, and yet something changed`);
    }
    await this.#states.check(before, { deed, id: doing.id, isRefused, what: `${step.what} by ${step.who}` });
    await server.judge();
    await checkMarksAndAudit(knex, this.#date);
    await this.#states.checkLocked();
    await this.#holidays.check(doing, isRefused);
    await checkTimetable(knex, this.#date);
    await checkCounts(knex, this.#date, server.clock.wallMs());
  }

  /** What was kept up to date over the life is what a count from nothing gives (domain case 145). */
  async end(): Promise<void> {
    await checkRecount(this.#campus.server.db.knex, this.#campus.server.clock.wallMs());
  }

  #doing(step: LifeStep, ids: readonly string[]): Doing {
    const roll = rollNumber(step.student);
    return {
      step,
      campus: this.#campus,
      date: this.#date,
      id: ids[step.session % ids.length] ?? randomUUID(),
      ids,
      caller: this.#as(step.who, roll),
      reason: `${step.who} did it`,
      roll,
      studentId: this.#students.get(roll) ?? randomUUID(),
      codes: this.#codes,
    };
  }

  #as(who: LifePerson, roll: string): TestCaller {
    const { server } = this.#campus;
    if (who === 'student') return server.as('student', { student: roll });
    if (who === 'faculty') return server.as('faculty', { faculty: 'F001' });
    if (who === 'colleague') return server.as('faculty', { faculty: 'F002' });
    return server.as(who);
  }

  /** What a refused request may not touch: everything that people or evidence made of this day. */
  async #contents(): Promise<string> {
    const { rows } = await this.#campus.server.db.knex.raw<{ rows: { text: string }[] }>(CONTENTS_SQL, {
      date: this.#date,
    });
    return rows[0]?.text ?? '';
  }
}

const OF_CLASSES = [
  'attendance_record',
  'decision',
  'session_change',
  'session_guest',
  'session_section',
  'session_room',
  'session_occupancy',
  'exception_item',
  'review_batch_session',
  'attendance_correction_request',
];
const OF_PEOPLE = [
  'attendance_leave_application',
  'roster_membership',
  'student_status_period',
  'attendance_credit',
  'review_batch',
  'session_batch_job',
];

const CONTENTS_SQL = `
  WITH day AS MATERIALIZED (SELECT id FROM attendance_session WHERE scheduled_date = :date)
  SELECT concat_ws(E'\\n',
    (SELECT string_agg(s::text, ';' ORDER BY id) FROM attendance_session s WHERE scheduled_date = :date),
    (SELECT string_agg(h::text, ';' ORDER BY id) FROM attendance_holiday h WHERE date = :date),
    (SELECT string_agg(d::text, ';') FROM calendar_day d WHERE date = :date),
    (SELECT string_agg(q::text, ';' ORDER BY id) FROM qr_scan q
     WHERE session_id IN (SELECT id FROM day) AND outcome <> 'refused'),
    ${[
      ...OF_CLASSES.map((table) => `${table} t WHERE session_id IN (SELECT id FROM day)`),
      ...OF_PEOPLE.map((table) => `${table} t`),
    ]
      .map((from) => `(SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM ${from})`)
      .join(',\n    ')}) AS text`;
