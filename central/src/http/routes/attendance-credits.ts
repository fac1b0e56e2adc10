import type * as z from 'zod';
import { visibleStudents } from '../../auth/scope.js';
import { bookCredits, type CreditActor, type CreditKind, takeBackCredits } from '../../statistics/credits.js';
import { Conditions } from '../conditions.js';
import {
  bookCreditsBody,
  bookedSchema,
  type CreditItem,
  creditSchema,
  creditsQuery,
  takeBackCreditsBody,
  takenBackSchema,
} from '../contracts/attendance-credits.js';
import { API, toInstant } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, uuidText } from '../cursor.js';
import { defineRoute, type RouteContract, type RouteInput } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Statistics';
const PATH = `${API}/attendance-credits/`;

interface Row {
  id: string;
  student_id: string;
  roll_number: string;
  full_name: string;
  academic_period_id: string;
  kind: CreditKind;
  course_code: string | null;
  exam_date: string | null;
  held_periods: number;
  attended_periods: number;
  reason: string;
  booked_by: string | null;
  booked_at: Date;
}

const toItem = (row: Row): CreditItem => ({
  id: row.id,
  student: { id: row.student_id, roll_number: row.roll_number, name: row.full_name },
  academic_period: row.academic_period_id,
  kind: row.kind,
  course: row.course_code,
  exam_date: row.exam_date,
  held_periods: row.held_periods,
  attended_periods: row.attended_periods,
  reason: row.reason,
  booked_by: row.booked_by,
  booked_at: toInstant(row.booked_at),
});

export const listCredits = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listAttendanceCredits',
    tag: TAG,
    summary: 'Periods booked without a class, for whom, why and by whom',
    access: 'credits.read',
    query: creditsQuery,
    reply: { schema: pageOf(creditSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleStudents(principal, 'credits.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('k.student_id', query.student)
      .equal('k.academic_period_id', query.academic_period)
      .equal('k.course_code', query.course)
      .equal('k.kind', query.kind);
    const position = decodeCursor(query.cursor, [uuidText]);
    if (position !== undefined) conditions.add('k.id > ?::uuid', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `SELECT k.id, k.student_id, st.roll_number, st.full_name, k.academic_period_id, k.kind, k.course_code, k.exam_date,
         k.held_periods, k.attended_periods, k.reason, booker.display_name AS booked_by, k.booked_at
       FROM attendance_credit k JOIN student st ON st.id = k.student_id LEFT JOIN account booker ON booker.id = k.booked_by
       WHERE ${conditions.where} ORDER BY k.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.id] }) };
  },
);

export const bookAttendanceCredits = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'bookAttendanceCredits',
    tag: TAG,
    summary:
      'Books periods for everybody on a list, such as two for those who sat a mid-term: all or nothing, and once however often it is sent',
    access: 'credits.write',
    body: bookCreditsBody,
    reply: { schema: bookedSchema },
    errors: ['FORBIDDEN', 'ROWS_REFUSED'],
  },
  async (input, { db, clock }) => {
    const { body } = input;
    const { roll_numbers: rollNumbers, held_periods: held, attended_periods: attended } = body;
    const booked = await writeAs(db.knex, input, (trx) =>
      bookCredits(trx, { ...occasionOf(body), rollNumbers, held, attended }, actorOf(input, clock.wallMs())),
    );
    return { body: { booked, existing: rollNumbers.length - booked } };
  },
);

export const takeBackAttendanceCredits = defineRoute(
  {
    method: 'post',
    path: `${PATH}take-back/`,
    operationId: 'takeBackAttendanceCredits',
    tag: TAG,
    summary: 'Takes such a credit back from everybody on a list; the audit log keeps what it was',
    access: 'credits.write',
    body: takeBackCreditsBody,
    reply: { schema: takenBackSchema },
    errors: ['FORBIDDEN', 'ROWS_REFUSED'],
  },
  async (input, { db, clock }) => {
    const { body } = input;
    const { roll_numbers: rollNumbers } = body;
    const taken = await writeAs(db.knex, input, (trx) =>
      takeBackCredits(trx, { ...occasionOf(body), rollNumbers }, actorOf(input, clock.wallMs())),
    );
    return { body: { taken_back: taken.credits, missing: rollNumbers.length - taken.students } };
  },
);

const occasionOf = (body: z.output<typeof takeBackCreditsBody>) => ({
  periodId: body.academic_period,
  kind: body.kind,
  courseCode: body.course,
  examDate: body.exam_date,
});

const actorOf = (
  { principal, body }: Pick<RouteInput<RouteContract>, 'principal'> & { body: { reason: string } },
  nowMs: number,
): CreditActor => ({ accountId: principal.accountId, nowMs, reason: body.reason });
