import { randomUUID } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { createAuditKeys } from '../../audit/audit-keys.js';
import { sealAudit } from '../../audit/seal-audit.js';
import { writeAudit } from '../../audit/write-audit.js';
import { expireAuditJob } from '../../jobs/expire-audit.js';
import { silentLog } from '../../log.js';
import type { HttpCampus } from '../../marks/http-campus.js';
import { SHORTENED_AFTER_DAYS } from '../../sessions/kept-from.js';
import type { SettingProofs } from './proof.js';

const SEAL_TRIES_MAX = 1_000;
const DAY_MS = 86_400_000;
const FIVE_YEARS_MS = 5 * 366 * DAY_MS;

/** How many audit rows of five years ago, about something that is gone, are still there after the job has run. */
async function rowsLeft({ server }: HttpCampus): Promise<number> {
  const { db, clock } = server;
  const auditKeys = createAuditKeys(server.options.dataKeys);
  const then = clock.wallMs() - FIVE_YEARS_MS;
  const row = { entity_type: 'thing', entity_id: randomUUID() };
  await writeAudit(db.knex, [
    { at: new Date(then), entityType: row.entity_type, entityId: row.entity_id, action: 'test' },
  ]);
  const isSealed = async (): Promise<boolean> => {
    const { rows } = await db.knex.raw<{ rows: object[] }>(
      `SELECT FROM audit_seal s JOIN attendance_audit_log a ON (a.transaction_id, a.id) <= (s.through_transaction, s.through_id)
       WHERE a.entity_id = ?`,
      [row.entity_id],
    );
    return rows.length > 0;
  };
  // Transactions of the whole server hold sealing up, also those of other test files.
  for (let tries = 0; tries < SEAL_TRIES_MAX && !(await isSealed()); tries += 1) {
    await sealAudit(db.knex, { keys: auditKeys, clock: { wallMs: () => then }, zone: 'Asia/Kolkata' });
  }
  // A term that was made shorter counts after a month.
  const later: Clock = {
    wallMs: () => clock.wallMs() + (SHORTENED_AFTER_DAYS + 1) * DAY_MS,
    monoMs: () => clock.monoMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
  };
  await expireAuditJob.run({ db, clock: later, log: silentLog, auditKeys });
  return (await db.knex('attendance_audit_log').where(row)).length;
}

export const RETENTION_PROOFS: SettingProofs<'ATTENDANCE_DATA_RETENTION_YEARS'> = {
  ATTENDANCE_DATA_RETENTION_YEARS: { values: [7, 3], seen: [1, 0], happen: rowsLeft },
};
