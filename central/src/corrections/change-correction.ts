import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { type SupportingDocument, sealDocument } from '../privacy/document.js';
import type { Seal } from '../privacy/seal.js';
import { CORRECTION_TABLE, type CorrectableMark, holdCorrection } from './correction-row.js';

/** What is undefined stays. */
export interface CorrectionChange {
  id: string;
  toMark: CorrectableMark | undefined;
  reason: string | undefined;
  document: SupportingDocument | undefined;
}

/**
 * Writes a request anew that nobody has decided or signed: a decision is about what was read.
 *
 * @param refuseStale throws where the caller saw another version
 * @throws RollcallError `NOT_FOUND`, `STALE`, `INVALID_TRANSITION` or `REQUEST_INVALID`
 */
export async function changeCorrection(
  trx: Knex,
  change: CorrectionChange,
  {
    refuseStale,
    seal,
    accountId,
    nowMs,
  }: { refuseStale: (version: number) => void; seal: Seal; accountId: string | null; nowMs: number },
): Promise<void> {
  const request = await holdCorrection(trx, change.id);
  refuseStale(request.version);
  if (request.status !== 'pending' || request.first_approved_by !== null) {
    const state = request.status === 'pending' ? 'signed by one person' : request.status;
    throw new RollcallError(
      'INVALID_TRANSITION',
      `This request is ${state}; ask for another correction instead`,
    );
  }
  const toMark = change.toMark ?? request.to_mark;
  if (toMark === request.from_mark) {
    throw new RollcallError('REQUEST_INVALID', 'to_mark: must be another mark than from_mark');
  }
  const { document } = change;
  const reason = change.reason ?? request.reason;
  await trx(CORRECTION_TABLE)
    .where({ id: change.id })
    .update({
      to_mark: toMark,
      reason,
      ...(document === undefined
        ? {}
        : sealDocument(seal, document, { table: CORRECTION_TABLE, row: change.id })),
      version: trx.raw('version + 1'),
    });
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: CORRECTION_TABLE,
      entityId: change.id,
      action: 'update',
      performedBy: accountId,
      reason,
      before: { to_mark: request.to_mark, reason: request.reason, document: request.document_name },
      after: { to_mark: toMark, reason, document: document?.name ?? request.document_name },
      sessionId: request.session_id,
      studentId: request.student_id,
    },
  ]);
}
