import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { loadFacts } from '../marks/load-facts.js';
import { decide } from '../rules/decide.js';
import type { Mark, SessionStatus } from '../rules/facts.js';

export interface CoveredClass {
  sessionId: string;
  studentId: string;
  status: SessionStatus;
  mark: Mark | null;
}

interface Row {
  session_id: string;
  student_id: string;
  status: SessionStatus;
  mark: Mark | null;
}

/** Classes of the student that the leave is about: of part of a day, those that start within it (case 124). */
export async function coveredClasses(knex: Knex, leaveId: string): Promise<CoveredClass[]> {
  const { rows } = await knex.raw<{ rows: Row[] }>(
    `SELECT DISTINCT s.id AS session_id, l.student_id, s.status, r.mark
     FROM attendance_leave_application l
       JOIN roster_membership m ON m.student_id = l.student_id
       JOIN session_section g ON g.section_id = m.section_id AND m.valid_during @> g.scheduled_date
         AND g.scheduled_date BETWEEN l.start_date AND l.end_date
       JOIN attendance_session s ON s.id = g.session_id
       JOIN academic_period p ON p.id = s.academic_period_id JOIN campus c ON c.id = p.campus_id
       LEFT JOIN attendance_record r ON r.session_id = s.id AND r.student_id = l.student_id
     WHERE l.id = ?::uuid AND s.status NOT IN ('cancelled', 'not_held')
       AND (l.start_time IS NULL
         OR (l.start_time <= (s.start_at AT TIME ZONE c.zone)::time AND (s.start_at AT TIME ZONE c.zone)::time < l.end_time))`,
    [leaveId],
  );
  return rows.map((row) => ({
    sessionId: row.session_id,
    studentId: row.student_id,
    status: row.status,
    mark: row.mark,
  }));
}

/**
 * Asked after the leave was approved, in its transaction: a locked class whose mark it would change refuses the
 * whole decision (domain case 18). One where the student attended stands in nobody's way.
 *
 * @throws RollcallError `SESSION_LOCKED`
 */
export async function refuseIfExcusesLocked(trx: Knex, leaveId: string): Promise<void> {
  const locked = (await coveredClasses(trx, leaveId)).filter(({ status }) => status === 'locked');
  if (locked.length === 0) return;
  const markOf = new Map(locked.map(({ sessionId, mark }) => [sessionId, mark]));
  for (const { sessionId, facts } of await loadFacts(trx, locked)) {
    const { mark, derivation } = decide(facts);
    if (derivation.leave_id === leaveId && mark !== markOf.get(sessionId)) throw lockedClass(sessionId);
  }
}

/**
 * As above, before the leave is taken back: asked of the marks that rest on it, also where the student has left the
 * roster of the class since.
 *
 * @throws RollcallError `SESSION_LOCKED`
 */
export async function refuseIfLockedRestsOn(trx: Knex, leaveId: string): Promise<void> {
  const { rows } = await trx.raw<{ rows: { session_id: string }[] }>(
    `SELECT e.session_id FROM attendance_leave_application l
       JOIN record_evidence e ON e.student_id = l.student_id AND e.kind = 'leave' AND e.evidence_id = l.id
       JOIN attendance_session s ON s.id = e.session_id
     WHERE l.id = ?::uuid AND s.status = 'locked' ORDER BY s.start_at, s.id LIMIT 1`,
    [leaveId],
  );
  const [resting] = rows;
  if (resting !== undefined) throw lockedClass(resting.session_id);
}

const lockedClass = (sessionId: string): RollcallError =>
  new RollcallError(
    'SESSION_LOCKED',
    `A class session of these days is locked and its mark would change (${sessionId}); two people with the right to do so can unlock it for a day`,
    { context: { sessionId } },
  );
