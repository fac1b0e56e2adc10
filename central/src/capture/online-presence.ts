import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { queuePairs } from '../marks/queue.js';
import { rosterOf } from './roster-of.js';

export interface MeetingStay {
  /** Roll number or id. */
  student: string;
  joinedMs: number;
  leftMs: number;
}

export interface MeetingImport {
  sessionId: string;
  /** The meeting tool, in one word. */
  tool: string;
  stays: readonly MeetingStay[];
  accountId: string | null;
  nowMs: number;
}

export interface MeetingImported {
  /** Comings and goings that were not known before. */
  stored: number;
  problems: { index: number; code: 'NOT_ON_ROSTER' | 'TIME_REVERSED' | 'TIME_IN_FUTURE' }[];
}

/**
 * Takes who was in the meeting of a blended class and when: evidence that is judged as stays are, by how much of the
 * class somebody was there (domain case 74). The same report again changes nothing.
 */
export async function importMeeting(trx: Knex, request: MeetingImport): Promise<MeetingImported> {
  const { sessionId, tool, stays, accountId, nowMs } = request;
  const now = new Date(nowMs);
  const students = new Map<string, string>();
  for (const { studentId, rollNumber } of await rosterOf(trx, sessionId)) {
    students.set(studentId, studentId);
    students.set(rollNumber.toLowerCase(), studentId);
  }
  const problems: MeetingImported['problems'] = [];
  const edges: { student_id: string; direction: 'in' | 'out'; at: Date }[] = [];
  for (const [index, stay] of stays.entries()) {
    const studentId = students.get(stay.student.toLowerCase());
    if (studentId === undefined) problems.push({ index, code: 'NOT_ON_ROSTER' });
    else if (stay.leftMs <= stay.joinedMs) problems.push({ index, code: 'TIME_REVERSED' });
    else if (stay.leftMs > nowMs) problems.push({ index, code: 'TIME_IN_FUTURE' });
    else {
      edges.push({ student_id: studentId, direction: 'in', at: new Date(stay.joinedMs) });
      edges.push({ student_id: studentId, direction: 'out', at: new Date(stay.leftMs) });
    }
  }
  const { rows } = await trx.raw<{ rows: { student_id: string }[] }>(
    `INSERT INTO online_presence (session_id, student_id, direction, at, tool, imported_by, imported_at)
     SELECT ?::uuid, student_id, direction, at, ?, ?::uuid, ?::timestamptz
     FROM jsonb_to_recordset(?::jsonb) AS i (student_id uuid, direction text, at timestamptz)
     ON CONFLICT DO NOTHING RETURNING student_id`,
    [sessionId, tool, accountId, now, JSON.stringify(edges)],
  );
  if (rows.length === 0) return { stored: 0, problems };
  await writeAudit(trx, [
    {
      at: now,
      entityType: 'attendance_session',
      entityId: sessionId,
      action: 'import_online_presence',
      performedBy: accountId,
      after: { tool, stored: rows.length },
      sessionId,
    },
  ]);
  const concerned = [...new Set(rows.map(({ student_id }) => student_id))];
  await queuePairs(
    trx,
    concerned.map((studentId) => ({ sessionId, studentId })),
  );
  return { stored: rows.length, problems };
}
