import { RollcallError } from '@rollcall/protocol/errors';
import { requireSession } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import { recordChange } from '../../sessions/record-change.js';
import { type HeldSession, holdSession, IN_LOCK_ORDER, refuseLocked } from '../../sessions/session-row.js';
import { emptySchema } from '../contracts/auth.js';
import { API, uuidParams } from '../contracts/fields.js';
import { guestBody } from '../contracts/sessions.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Changes of class sessions';

export const addGuest = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/guests/`,
    operationId: 'addSessionGuest',
    tag: TAG,
    summary: "Lets a student of another batch take part; the mark goes to the own batch's class",
    access: 'records.mark',
    rate: 'sessions',
    params: uuidParams,
    body: guestBody,
    reply: { schema: emptySchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'SESSION_LOCKED'],
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'records.mark', params.id);
    await writeAs(db.knex, input, async (trx) => {
      const visited = await trx('attendance_session')
        .where({ id: params.id })
        .first<Pick<HeldSession, 'id' | 'status' | 'course_code'>>('id', 'status', 'course_code');
      refuseLocked(visited);
      const student = await trx('student')
        .where({ roll_number: body.student })
        .first<{ id: string } | undefined>('id');
      if (student === undefined) {
        throw new RollcallError('REQUEST_INVALID', `student: there is no student ${body.student}`);
      }
      const own = await rosterOf(trx, body.counts_for_session_id, student.id)
        .join('attendance_session as o', 'o.id', 'x.session_id')
        .where('o.course_code', visited.course_code)
        .first('x.session_id');
      if (own === undefined) {
        throw new RollcallError(
          'REQUEST_INVALID',
          'counts_for_session_id: must be a class of the same course with the student on its roster',
        );
      }
      const readBefore = async (): Promise<string | undefined> =>
        (
          await trx('session_guest')
            .where({ session_id: params.id, student_id: student.id })
            .first<{ counts_for_session_id: string } | undefined>('counts_for_session_id')
        )?.counts_for_session_id;
      const before = await readBefore();
      // All whose marks change, in the order in which everybody holds classes: one that the mark went to before loses it.
      const judged: string[] = await trx('attendance_session')
        .whereIn('id', [params.id, body.counts_for_session_id, ...(before === undefined ? [] : [before])])
        .orderBy(IN_LOCK_ORDER)
        .pluck('id');
      for (const id of judged) {
        const session = await holdSession(trx, id);
        // The mark goes there: a class that is locked gets none, and gives none back.
        const isJudged = id !== before || id === body.counts_for_session_id.toLowerCase();
        const isRefused =
          isJudged || (await countsVisit(trx, id, { visitedId: params.id, studentId: student.id }));
        if (isRefused) refuseLocked(session);
      }
      if ((await readBefore()) !== before) {
        throw new RollcallError(
          'CONCURRENT_CHANGE',
          'Somebody else has just let this student in; send it again',
        );
      }
      const isOwn = await rosterOf(trx, params.id, student.id).first('x.session_id');
      // One presence would be two: the mark here, and the mark there.
      if (isOwn !== undefined) {
        throw new RollcallError(
          'REQUEST_INVALID',
          `student: ${body.student} is on the roster of this class, and no guest in it`,
        );
      }
      await trx('session_guest')
        .insert({
          session_id: params.id,
          student_id: student.id,
          counts_for_session_id: body.counts_for_session_id,
          allowed_by: principal.accountId,
          allowed_at: new Date(clock.wallMs()),
        })
        .onConflict(['session_id', 'student_id'])
        .merge();
      await trx('judgement_todo').insert(judged.map((id) => ({ session_id: id, student_id: student.id })));
      await recordChange(trx, {
        sessionId: params.id,
        kind: 'groups',
        before: before === undefined ? {} : { guest: body.student, counts_for: before },
        after: { guest: body.student, counts_for: body.counts_for_session_id },
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return { body: {} };
  },
);

interface Visit {
  visitedId: string;
  studentId: string;
}

/** Whether the mark of the class is that visit's: of a mark from before derivations named it, any visit's. */
const countsVisit = async (
  trx: Knex,
  sessionId: string,
  { visitedId, studentId }: Visit,
): Promise<boolean> => {
  const record = { session_id: sessionId, student_id: studentId, reason: 'GUEST' };
  const counted = await trx('attendance_record')
    .where(record)
    .whereRaw("coalesce((derivation->>'visited_session_id')::uuid, ?::uuid) = ?::uuid", [
      visitedId,
      visitedId,
    ])
    .first('id');
  return counted !== undefined;
};

/** The groups of the class that the student is in on its day. */
const rosterOf = (trx: Knex, sessionId: string, studentId: string) =>
  trx('session_section as x')
    .join('roster_membership as m', 'm.section_id', 'x.section_id')
    .where({ 'x.session_id': sessionId, 'm.student_id': studentId })
    .whereRaw('m.valid_during @> x.scheduled_date');
