import { randomUUID } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { DeciderLevel } from '../auth/decider.js';
import { dateAt, plusDays } from '../calendar/campus-zone.js';
import { settingsOfClass } from '../calendar/class-scope.js';
import { campusZone } from '../calendar/generate.js';
import { holdForMarking } from '../capture/decide-marks.js';
import type { Knex } from '../db/database.js';
import { type SupportingDocument, sealDocument } from '../privacy/document.js';
import type { Seal } from '../privacy/seal.js';
import { type HeldSession, holdSession } from '../sessions/session-row.js';
import { CORRECTION_TABLE, type CorrectableMark, recordAsSeen } from './correction-row.js';

export interface CorrectionWish {
  sessionId: string;
  studentId: string;
  fromMark: CorrectableMark;
  toMark: CorrectableMark;
  reason: string;
  document?: SupportingDocument | undefined;
}

export interface Requesting {
  seal: Seal;
  accountId: string | null;
  nowMs: number;
}

/**
 * Asks for another mark. The marks stay until somebody has decided.
 *
 * @returns the id of the request
 * @throws RollcallError `NOT_FOUND`, `WINDOW_CLOSED`, `SESSION_LOCKED`, `SESSION_CANCELLED`, `SESSION_NOT_OPEN`,
 *   `NOT_ON_ROSTER`, `CORRECTION_PENDING`, `REREQUEST_USED` or `STALE`
 */
export async function requestCorrection(
  trx: Knex,
  wish: CorrectionWish,
  requesting: Requesting,
): Promise<string> {
  const { sessionId, studentId } = wish;
  await refuseOutsideWindow(trx, await holdSession(trx, sessionId), requesting.nowMs);
  await holdForMarking(trx, sessionId);
  const deciderLevel = await refuseRepeated(trx, sessionId, studentId);
  await recordAsSeen(trx, wish);
  return storeRequest(trx, wish, { ...requesting, deciderLevel });
}

/**
 * Evidence that came after the lock asks by itself: nobody could have asked in time. It is decided once two
 * people have unlocked the class (domain case 83).
 */
export async function proposeAfterLock(
  trx: Knex,
  wish: CorrectionWish,
  requesting: Requesting,
): Promise<string> {
  const { sessionId, studentId } = wish;
  await holdSession(trx, sessionId);
  await refuseRepeated(trx, sessionId, studentId);
  await recordAsSeen(trx, wish);
  return storeRequest(trx, wish, { ...requesting, deciderLevel: 'hod' });
}

/** Counted in campus-local days after the date of the class, the whole of the last one included (case 132). */
async function refuseOutsideWindow(trx: Knex, session: HeldSession, nowMs: number): Promise<void> {
  const { scheduled_date: date, auto_lock_at: unlockedUntil } = session;
  if (unlockedUntil !== null && nowMs < unlockedUntil.getTime()) return;
  const zone = await campusZone(trx);
  const { MAX_CORRECTION_DAYS: days } = await settingsOfClass(trx, session.id, nowMs);
  const lastDay = plusDays(date, days);
  if (zone === undefined || dateAt(nowMs, zone) <= lastDay) return;
  throw new RollcallError(
    'WINDOW_CLOSED',
    `Corrections of the class of ${date} could be asked for until the end of ${lastDay}; ask the head of the department to have it unlocked`,
    { context: { lastDay } },
  );
}

/**
 * One request at a time; after a rejection one more, which goes to the head of the department (domain case 134).
 * An approval begins anew: a new correction is the only way back from it (case 136).
 */
async function refuseRepeated(trx: Knex, sessionId: string, studentId: string): Promise<DeciderLevel> {
  const earlier = await trx(CORRECTION_TABLE)
    .where({ session_id: sessionId, student_id: studentId })
    .whereNot({ status: 'cancelled' })
    .orderBy('requested_at', 'desc')
    .select<{ id: string; status: string }[]>('id', 'status');
  const pending = earlier.find(({ status }) => status === 'pending');
  if (pending !== undefined) {
    throw new RollcallError(
      'CORRECTION_PENDING',
      `A correction of this mark is already asked for (${pending.id}); wait for the decision, or cancel that one`,
      { context: { correctionId: pending.id } },
    );
  }
  const lastApproval = earlier.findIndex(({ status }) => status === 'approved');
  const rejected = lastApproval === -1 ? earlier.length : lastApproval;
  if (rejected === 0) return 'faculty';
  if (rejected === 1) return 'hod';
  throw new RollcallError(
    'REREQUEST_USED',
    'This correction was rejected twice, the second time by the head of the department: that is final',
  );
}

async function storeRequest(
  trx: Knex,
  wish: CorrectionWish,
  { seal, accountId, nowMs, deciderLevel }: Requesting & { deciderLevel: DeciderLevel },
): Promise<string> {
  const { sessionId, studentId, fromMark, toMark, reason, document } = wish;
  const id = randomUUID();
  const now = new Date(nowMs);
  await trx(CORRECTION_TABLE).insert({
    id,
    session_id: sessionId,
    student_id: studentId,
    from_mark: fromMark,
    to_mark: toMark,
    reason,
    ...(document === undefined ? {} : sealDocument(seal, document, { table: CORRECTION_TABLE, row: id })),
    decider_level: deciderLevel,
    requested_by: accountId,
    requested_at: now,
  });
  await writeAudit(trx, [
    {
      at: now,
      entityType: CORRECTION_TABLE,
      entityId: id,
      action: 'create',
      performedBy: accountId,
      reason,
      after: {
        from_mark: fromMark,
        to_mark: toMark,
        decider_level: deciderLevel,
        document: document?.name ?? null,
      },
      sessionId,
      studentId,
    },
  ]);
  return id;
}
