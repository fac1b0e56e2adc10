import { writeAudit } from '../audit/write-audit.js';
import type { ExportContext } from './run-exports.js';

/** Files are kept this long; what was asked for stays in the table (domain F4). */
const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;

/** @returns how many files were removed */
export async function expireExports({ db: { knex }, clock, files }: ExportContext): Promise<number> {
  const now = new Date(clock.wallMs());
  const due = await knex('export_job')
    .where({ state: 'done' })
    .where('finished_at', '<', new Date(now.getTime() - KEPT_DAYS * DAY_MS))
    .select('id', 'format');
  for (const { id, format } of due) {
    await files.remove(id, format);
    await knex.transaction(async (trx) => {
      await trx('export_job')
        .where({ id })
        .update({ state: 'expired', version: trx.raw('version + 1') });
      const change = { before: { state: 'done' }, after: { state: 'expired' } };
      await writeAudit(trx, [
        { at: now, entityType: 'export_job', entityId: id, action: 'expire', ...change },
      ]);
    });
  }
  return due.length;
}
