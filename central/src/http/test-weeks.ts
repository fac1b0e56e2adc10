import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { API, at, type Body, type TestServer } from './test-server.js';

const WEEK_MS = 7 * 86_400_000;

/** For tests: the reference classes S1 and S2 of one Tuesday after the other, so that each test has its own. */
export class TestWeeks {
  readonly server: TestServer;
  /** Campus-local date of the Tuesday at hand. */
  day = '';
  #week = 0;

  constructor(server: TestServer) {
    this.server = server;
  }

  /** Goes on to the next Tuesday, 06:00, with both classes scheduled. */
  async next(): Promise<void> {
    this.#week += 1;
    const week = this.#week;
    this.day = new Date(at('12:00').getTime() + week * WEEK_MS).toISOString().slice(0, 10);
    this.goTo('06:00');
    await this.server.db.knex.raw(
      `INSERT INTO attendance_session (timetable_slot_id, academic_period_id, section_id, course_code, faculty_code,
         room_id, scheduled_date, start_at, end_at, policy, reach_from, reach_until)
       SELECT timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id, ?::date,
         start_at + ? * interval '7 days', end_at + ? * interval '7 days', policy,
         reach_from + ? * interval '7 days', reach_until + ? * interval '7 days'
       FROM attendance_session WHERE scheduled_date = '2026-07-07' AND timetable_slot_id IS NOT NULL
       ON CONFLICT (timetable_slot_id, scheduled_date) DO NOTHING`,
      [this.day, week, week, week, week],
    );
  }

  instant(time: string, daysLater = 0): Date {
    return new Date(new Date(`${this.day}T${time}+05:30`).getTime() + daysLater * 86_400_000);
  }

  date(daysLater: number): string {
    return this.instant('12:00', daysLater).toISOString().slice(0, 10);
  }

  goTo(time: string, daysLater = 0): void {
    this.server.clock.stepWall(this.instant(time, daysLater).getTime() - this.server.clock.wallMs());
  }

  /** As the scheduler and the judge do at this time. */
  async advance(time: string, daysLater = 0): Promise<void> {
    this.goTo(time, daysLater);
    await advanceSessions(this.server.db.knex, this.server.clock.wallMs());
    await this.server.judge();
  }

  /** Both classes are held and final at noon: these students came in time, the others are absent. */
  async hold(present: readonly number[] = []): Promise<void> {
    await this.advance('09:55');
    await storePunches(
      this.server.db.knex,
      present.map((index) => ({ rollNumber: rollNumber(index), at: this.instant('10:01') })),
    );
    await this.advance('11:50');
    await this.server.db
      .knex('attendance_biometric_device')
      .update({ complete_through: this.instant('11:55') });
    await this.advance('12:00');
  }

  async session(course = 'CS301'): Promise<Body> {
    const [session] = await this.server.results(
      `${API}/sessions/?scheduled_date=${this.day}&course=${course}&origin=timetable`,
    );
    return session;
  }

  async record(index: number, course = 'CS301'): Promise<Body> {
    const { id } = await this.session(course);
    const [record] = await this.server.results(`${API}/sessions/${id}/records/?student=${rollNumber(index)}`);
    return record;
  }

  async mark(index: number, course = 'CS301'): Promise<string> {
    await this.server.judge();
    return (await this.record(index, course))?.mark;
  }
}
