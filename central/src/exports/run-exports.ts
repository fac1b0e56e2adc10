import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { DateTime } from 'luxon';
import { writeAudit } from '../audit/write-audit.js';
import { campusZone } from '../calendar/generate.js';
import { loadSettings } from '../calendar/settings.js';
import type { JobContext } from '../jobs/job.js';
import type { ExportFiles } from './export-files.js';
import { type ExportFormat, exportRequestSchema, fromRequester } from './export-request.js';
import { detailSheet, type ExportSource, statisticsSheet } from './export-sheets.js';
import { halfDaySheet } from './half-day-sheet.js';
import type { Sheet, Watermark, WriteSheets } from './sheet.js';

/** A kill is no fault of the export: begun this often without an end, it is. */
const ATTEMPTS_MAX = 3;
const FAILURE_CHARS_MAX = 500;
/** First key of the locks of running exports; the second comes from the id. */
const EXPORT_LOCK = 0x726f6c32;

/** Loaded by the first export that needs one: spreadsheets and fonts are a third of what central would start with. */
const WRITERS: Readonly<Record<ExportFormat, () => Promise<WriteSheets>>> = {
  csv: async () => (await import('./write-csv.js')).writeCsv,
  excel: async () => (await import('./write-excel.js')).writeExcel,
  pdf: async () => (await import('./write-pdf.js')).writePdf,
};

export type ExportContext = JobContext & { files: ExportFiles };

interface WaitingExport {
  id: string;
  format: ExportFormat;
  request: unknown;
  requested_as: unknown;
  requested_by: string | null;
  purpose: string;
  attempts: number;
}

/**
 * Writes every export that waits, the oldest first. One that is "running" while nobody holds its lock was cut off by
 * a kill and is begun anew: its rows must all be of one instant, so there is no half of it to go on from.
 *
 * @returns how many were finished
 */
export async function runExports(context: ExportContext): Promise<number> {
  let finished = 0;
  const tried: string[] = [];
  for (;;) {
    const next = await nextExport(context, tried);
    if (next === undefined) return finished;
    tried.push(next.id);
    if (await runExport(context, next)) finished += 1;
  }
}

async function nextExport(
  { db: { knex } }: ExportContext,
  tried: readonly string[],
): Promise<WaitingExport | undefined> {
  return knex('export_job')
    .whereIn('state', ['queued', 'running'])
    .whereNotIn('id', tried)
    .orderBy(['requested_at', 'id'])
    .first('id', 'format', 'request', 'requested_as', 'requested_by', 'purpose', 'attempts');
}

/** @returns false where another replica is at it, or it failed */
async function runExport(context: ExportContext, job: WaitingExport): Promise<boolean> {
  const { db, log } = context;
  try {
    return await db.knex.transaction(
      async (trx) => {
        const { rows } = await trx.raw<{ rows: { is_mine: boolean }[] }>(
          'SELECT pg_try_advisory_xact_lock(?, hashtext(?)) AS is_mine',
          [EXPORT_LOCK, job.id],
        );
        if (rows[0]?.is_mine !== true || !(await begin(context, job))) return false;
        await write(context, job, trx);
        return true;
      },
      { isolationLevel: 'repeatable read', readOnly: true },
    );
  } catch (error) {
    log.error({ err: error, export: job.id }, 'an export failed');
    await fail(context, job, error);
    return false;
  }
}

/** Outside of the transaction that reads, so that everybody sees it. False: it is not waiting any more. */
async function begin({ db: { knex }, clock }: ExportContext, job: WaitingExport): Promise<boolean> {
  if (job.attempts >= ATTEMPTS_MAX) {
    throw new RollcallError(
      'EXPORT_FAILED',
      `It was begun ${ATTEMPTS_MAX} times and never ended; ask for less at a time`,
    );
  }
  const begun = await knex('export_job')
    .where({ id: job.id })
    .whereIn('state', ['queued', 'running'])
    .update({ state: 'running', started_at: new Date(clock.wallMs()), attempts: knex.raw('attempts + 1') });
  return begun === 1;
}

async function write(context: ExportContext, job: WaitingExport, trx: ExportSource['trx']): Promise<void> {
  const {
    db: { knex },
    clock,
    files,
  } = context;
  const nowMs = clock.wallMs();
  const request = exportRequestSchema.parse(job.request);
  const principal = fromRequester(job.requested_as, job.requested_by, nowMs);
  const zone = (await campusZone(trx)) ?? 'UTC';
  const source: ExportSource = { trx, principal, request, zone, nowMs, settingsAt: await loadSettings(trx) };
  const watermark: Watermark = {
    exportId: job.id,
    requestedBy: `${principal.displayName} (${principal.login})`,
    purpose: job.purpose,
    asOf: DateTime.fromMillis(nowMs, { zone }).toFormat('yyyy-MM-dd HH:mm:ss ZZ'),
    asOfMs: nowMs,
    dates: `${request.start_date} to ${request.end_date}`,
  };
  const writeSheets = await WRITERS[job.format]();
  let rows = 0;
  const file = await files.write(job.id, job.format, async (output) => {
    ({ rows } = await writeSheets(output, sheetsOf(source, job.format), watermark));
  });
  const finishedAt = new Date(clock.wallMs());
  await knex.transaction(async (end) => {
    await end('export_job')
      .where({ id: job.id })
      .update({
        state: 'done',
        rows_written: rows,
        sha256: file.sha256,
        file_bytes: file.bytes,
        failure: null,
        as_of: new Date(nowMs),
        finished_at: finishedAt,
        version: end.raw('version + 1'),
      });
    const after = { state: 'done', rows_written: rows, sha256: file.sha256 };
    await writeAudit(end, [
      {
        at: finishedAt,
        entityType: 'export_job',
        entityId: job.id,
        action: 'finish',
        before: { state: 'running' },
        after,
      },
    ]);
  });
}

/** A file of comma-separated values is one table: with both, the share stands in each row of the details. */
function sheetsOf(source: ExportSource, format: ExportFormat): Sheet[] {
  const {
    include_details: details,
    include_statistics: statistics,
    include_half_days: halfDays,
  } = source.request;
  if (format === 'csv' && details) return [detailSheet(source, { withShare: statistics })];
  return [
    ...(statistics ? [statisticsSheet(source)] : []),
    ...(details ? [detailSheet(source, { withShare: false })] : []),
    ...(halfDays === true ? [halfDaySheet(source)] : []),
  ];
}

/** Tried again at the next run, unless it has been tried often enough or can never work. */
async function fail(
  { db: { knex }, clock }: ExportContext,
  job: WaitingExport,
  error: unknown,
): Promise<void> {
  const isFinal =
    job.attempts + 1 >= ATTEMPTS_MAX || (error instanceof RollcallError && error.kind === 'input');
  // What a library says (SQL, paths) is for the log; whoever asked for the export reads this.
  const failure = isRollcallError(error)
    ? error.message.slice(0, FAILURE_CHARS_MAX)
    : 'The export could not be written; the log of central says why';
  await knex('export_job')
    .where({ id: job.id })
    .update({
      state: isFinal ? 'failed' : 'queued',
      failure,
      finished_at: isFinal ? new Date(clock.wallMs()) : null,
      version: knex.raw('version + 1'),
    });
}
