import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { type DecidedMark, decideMarks } from './decide-marks.js';

interface ReviewedRow {
  client_uuid: string;
  student_id: string;
  mark: DecidedMark;
  letter: string | null;
  captured_at: Date;
}

export interface ReviewRequest {
  sessionId: string;
  accept: boolean;
  /** Why it is believed, or is not. */
  reason: string;
  accountId: string | null;
  nowMs: number;
}

/** A person decides about everything of one class session that waits: all of it in one action, with a row of the audit for each. */
export async function reviewOffline(trx: Knex, request: ReviewRequest): Promise<number> {
  const { sessionId, accept, reason, accountId, nowMs } = request;
  const now = new Date(nowMs);
  const outcome = accept ? 'accepted' : 'rejected';
  const rows = (await trx('offline_row')
    .where({ session_id: sessionId, outcome: 'review' })
    .update({ outcome, decided_by: accountId, decided_at: now })
    .returning(['client_uuid', 'student_id', 'mark', 'letter', 'captured_at'])) as ReviewedRow[];
  await writeAudit(
    trx,
    rows.map((row) => ({
      at: now,
      entityType: 'offline_row',
      entityId: row.client_uuid,
      action: `offline_${outcome}`,
      performedBy: accountId,
      reason,
      before: { outcome: 'review', mark: row.mark, captured_at: row.captured_at },
      after: { outcome },
      sessionId,
      studentId: row.student_id,
    })),
  );
  if (!accept || rows.length === 0) return rows.length;
  await decideMarks(trx, {
    sessionId,
    rows: rows.map((row) => ({
      studentId: row.student_id,
      mark: row.mark,
      letter: row.letter,
      reason,
      kind: 'offline',
      decidedAtMs: row.captured_at.getTime(),
      clientUuid: row.client_uuid,
    })),
    source: 'offline',
    accountId,
    nowMs,
  });
  return rows.length;
}
