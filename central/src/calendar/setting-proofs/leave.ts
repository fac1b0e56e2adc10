import { type Answer, API, type Body } from '../../http/test-server.js';
import type { HttpCampus } from '../../marks/http-campus.js';
import type { LEAVE_SETTINGS } from '../../rules/settings/leave.js';
import { rollNumber } from '../../seed/test-campus.js';
import { freshCourse, summaryOf } from './course.js';
import type { SettingProofs } from './proof.js';

const LEAVE = `${API}/leave-applications/`;
const CORRECTIONS = `${API}/correction-requests/`;
const FRIDAY = 5;

/** By the first student, from today on. */
async function applied(campus: HttpCampus, days: number, body: object = {}): Promise<Answer> {
  // Each proof has the only leave there is.
  await campus.server.db.knex('attendance_leave_application').update({ status: 'cancelled' });
  return campus.student().post(LEAVE, {
    leave_type: 'personal',
    start_date: campus.date(),
    end_date: campus.date(days - 1),
    reason: 'family matter',
    ...body,
  });
}

/** What somebody hears who approves leave of so many days. */
async function decidedBy(campus: HttpCampus, days: number, who: 'faculty' | 'hod'): Promise<string> {
  const { knex } = campus.server.db;
  await knex('department').insert({ id: 'proof', campus_id: 'main', name: 'Proof' }).onConflict().ignore();
  await knex('section').where({ id: 'cse-a' }).update({ department_id: 'proof' });
  const { body } = await applied(campus, days);
  const decider = who === 'hod' ? campus.server.as('hod', { department: 'proof' }) : campus.faculty;
  const answer = await decider.post(`${LEAVE}${body.id}/approve/`);
  return answer.body.code ?? answer.body.status;
}

async function approved(campus: HttpCampus, body: object): Promise<void> {
  const { body: leave } = await applied(campus, 1, body);
  const answer = await campus.server.post(`${LEAVE}${leave.id}/approve/`);
  if (answer.status !== 200) throw new Error(`the leave is not approved: ${answer.body.detail}`);
}

/** Days after today on which the next Friday is. */
function toFriday(campus: HttpCampus): number {
  let days = 0;
  while (new Date(`${campus.date(days)}T12:00:00Z`).getUTCDay() !== FRIDAY) days += 1;
  return days;
}

/** What becomes of a correction by whoever made the mark, which lifts the student from 74 to 75 of a hundred. */
async function corrected(campus: HttpCampus): Promise<string> {
  const { knex } = campus.server.db;
  const id = await campus.hold();
  await campus.advance('10:30');
  const mark = { session_id: id, student: rollNumber(1), mark: 'absent', reason: 'not seen' };
  await campus.faculty.post(`${API}/records/`, mark);
  await campus.finish();
  const student = await knex('student')
    .where({ roll_number: rollNumber(1) })
    .first('id');
  const share = { attended_periods: 74, held_periods: 100 };
  await knex('aggregate_statistics')
    .insert({ academic_period_id: '2026-odd', student_id: student.id, ...share })
    .onConflict(['academic_period_id', 'student_id'])
    .merge(share);
  const asked: Body = (
    await campus.student(1).post(CORRECTIONS, {
      session_id: id,
      from_mark: 'absent',
      to_mark: 'present',
      reason: 'I sat in the last row',
    })
  ).body;
  const answer = await campus.faculty.post(`${CORRECTIONS}${asked.id}/approve/`);
  return answer.body.code ?? answer.body.status;
}

/** Each key of leave and of the list for the examination, by what becomes of an application or a correction. */
export const LEAVE_PROOFS: SettingProofs<keyof typeof LEAVE_SETTINGS> = {
  LEAVE_HOD_AFTER_DAYS: {
    values: [3, 1],
    seen: ['approved', 'HIGHER_DECIDER_NEEDED'],
    happen: (campus) => decidedBy(campus, 2, 'faculty'),
  },
  LEAVE_PRINCIPAL_AFTER_DAYS: {
    values: [10, 4],
    seen: ['approved', 'HIGHER_DECIDER_NEEDED'],
    happen: (campus) => decidedBy(campus, 5, 'hod'),
  },
  MEDICAL_DOCUMENT_AFTER_DAYS: {
    values: [2, 5],
    seen: ['DOCUMENT_MISSING', 'pending'],
    async happen(campus) {
      const { body } = await applied(campus, 3, { leave_type: 'medical' });
      return body.code ?? body.status;
    },
  },
  LEAVE_COUNTS_AS: {
    values: ['on_duty:attended', 'on_duty:missed'],
    seen: [100, 0],
    async happen(campus) {
      const course = await freshCourse(campus);
      await campus.hold({ course });
      await approved(campus, { leave_type: 'on_duty' });
      await campus.finish();
      return (await summaryOf(campus, course)).attendance_percentage;
    },
  },
  WEEKLY_OFF_DAYS: {
    values: ['SUN', 'SAT,SUN'],
    seen: [3, 2],
    async happen(campus) {
      const friday = toFriday(campus);
      const dates = { start_date: campus.date(friday), end_date: campus.date(friday + 3) };
      return (await applied(campus, 1, dates)).body.working_days;
    },
  },
  AFTERNOON_STARTS_AT: {
    values: ['13:00', '10:30'],
    seen: ['excused ON_LEAVE', 'absent NO_CAPTURE'],
    async happen(campus) {
      const id = await campus.hold({ start: '11:00', end: '11:50' });
      await approved(campus, { half_day: 'forenoon' });
      await campus.finish();
      return campus.mark(id);
    },
  },
  EXAM_LIST_DATE: {
    values: (campus) => ['none', campus.date(10)],
    seen: ['approved', 'pending'],
    happen: corrected,
  },
  COUNTERSIGN_DAYS: {
    values: [14, 5],
    seen: ['pending', 'approved'],
    async happen(campus) {
      const list = await campus.set('EXAM_LIST_DATE', campus.date(10));
      const outcome = await corrected(campus);
      await campus.unset(list);
      return outcome;
    },
  },
};
