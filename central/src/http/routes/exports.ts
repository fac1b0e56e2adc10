import { pipeline } from 'node:stream/promises';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../../audit/write-audit.js';
import { reachesOf } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import { plusDays } from '../../calendar/campus-zone.js';
import type { Knex } from '../../db/database.js';
import { createExport } from '../../exports/create-export.js';
import { CONTENT_TYPES, fileNameOf } from '../../exports/export-files.js';
import type { ExportFormat, ExportRequest, ExportState } from '../../exports/export-request.js';
import { Conditions } from '../conditions.js';
import { type ExportJobItem, exportBody, exportJobSchema, exportJobsQuery } from '../contracts/exports.js';
import { API, toInstant, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Exports';
/** Longer than any semester; what is more is two exports. */
const DAYS_MAX = 400;

export const exportData = defineRoute(
  {
    method: 'post',
    path: `${API}/export/data/`,
    operationId: 'exportData',
    tag: TAG,
    summary: 'Asks for a file of marks and statistics that you may see; it is written in the background',
    access: 'export.create',
    rate: 'export',
    status: 202,
    body: exportBody,
    reply: { schema: exportJobSchema },
  },
  async ({ principal, request, body }, { db, clock }) => {
    const { format, purpose, ...wanted } = body;
    checkWanted(wanted, format);
    const item = await writeAs(db.knex, { principal, request }, async (trx) => {
      const id = await createExport(trx, principal, { format, purpose, request: wanted }, clock.wallMs());
      return loadJob(trx, principal, id);
    });
    return { body: toItem(item), headers: { Location: `${API}/export/jobs/${item.id}/` } };
  },
);

function checkWanted(wanted: ExportRequest, format: ExportFormat): void {
  const { start_date, end_date, include_details, include_statistics, include_half_days } = wanted;
  if (start_date > end_date || end_date > plusDays(start_date, DAYS_MAX)) {
    throw new RollcallError(
      'REQUEST_INVALID',
      `end_date: must be start_date or a date within ${DAYS_MAX} days after it`,
    );
  }
  const tables = [include_details || include_statistics, include_half_days === true].filter(Boolean).length;
  if (tables === 0) {
    throw new RollcallError(
      'REQUEST_INVALID',
      'include_statistics: set it, include_details or include_half_days, or the file is empty',
    );
  }
  if (tables > 1 && format === 'csv') {
    throw new RollcallError(
      'REQUEST_INVALID',
      'include_half_days: a csv is one table; ask for it without include_details and include_statistics',
    );
  }
}

interface JobRow {
  id: string;
  format: ExportFormat;
  state: ExportState;
  purpose: string;
  request: ExportRequest;
  login: string | null;
  requested_at: Date;
  requested_text: string;
  started_at: Date | null;
  finished_at: Date | null;
  as_of: Date | null;
  rows_written: number | null;
  file_bytes: string | null;
  sha256: string | null;
  failure: string | null;
  version: number;
}

const COLUMNS = `e.id, e.format, e.state, e.purpose, e.request, a.login, e.requested_at, e.requested_at::text AS requested_text,
  e.started_at, e.finished_at, e.as_of, e.rows_written, e.file_bytes, e.sha256, e.failure, e.version`;
const JOINS = 'export_job e LEFT JOIN account a ON a.id = e.requested_by';

const toItem = (row: JobRow): ExportJobItem => ({
  id: row.id,
  format: row.format,
  state: row.state,
  purpose: row.purpose,
  request: row.request,
  requested_by: row.login ?? '',
  requested_at: toInstant(row.requested_at),
  started_at: toInstantOrNull(row.started_at),
  finished_at: toInstantOrNull(row.finished_at),
  as_of: toInstantOrNull(row.as_of),
  rows_written: row.rows_written,
  file_bytes: row.file_bytes === null ? null : Number(row.file_bytes),
  sha256: row.sha256,
  failure: row.failure,
  file: row.state === 'done' ? `${API}/export/jobs/${row.id}/file/` : null,
  version: row.version,
});

/** Own ones; those of others for who may see them. */
function visible(principal: Principal): Conditions {
  const conditions = new Conditions();
  if (reachesOf(principal, 'export.read_others').length > 0) return conditions;
  return conditions.add('e.requested_by = ?::uuid', principal.accountId);
}

/** @throws RollcallError `NOT_FOUND`, also for one that somebody else asked for */
async function loadJob(knex: Knex, principal: Principal, id: string): Promise<JobRow> {
  const conditions = visible(principal).add('e.id = ?::uuid', id);
  const { rows } = await knex.raw<{ rows: JobRow[] }>(
    `SELECT ${COLUMNS} FROM ${JOINS} WHERE ${conditions.where}`,
    conditions.bindings as never,
  );
  const [row] = rows;
  if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no export ${id} of yours`);
  return row;
}

export const listExports = defineRoute(
  {
    method: 'get',
    path: `${API}/export/jobs/`,
    operationId: 'listExports',
    tag: TAG,
    summary: 'Exports that you asked for, newest first; an admin sees all',
    access: 'export.create',
    query: exportJobsQuery,
    reply: { schema: pageOf(exportJobSchema) },
  },
  async ({ principal, query }, { db }) => {
    const conditions = visible(principal).equal('e.state', query.state);
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined)
      conditions.add('(e.requested_at, e.id) < (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: JobRow[] }>(
      `SELECT ${COLUMNS} FROM ${JOINS} WHERE ${conditions.where} ORDER BY e.requested_at DESC, e.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.requested_text, row.id] }),
    };
  },
);

export const readExport = defineRoute(
  {
    method: 'get',
    path: `${API}/export/jobs/{id}/`,
    operationId: 'readExport',
    tag: TAG,
    summary: 'How far an export is',
    access: 'export.create',
    params: uuidParams,
    reply: { schema: exportJobSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => ({ body: toItem(await loadJob(db.knex, principal, params.id)) }),
);

export const downloadExport = defineRoute(
  {
    method: 'get',
    path: `${API}/export/jobs/{id}/file/`,
    operationId: 'downloadExport',
    tag: TAG,
    summary: 'The file of a finished export: for who asked for it, and for an admin; every time is audited',
    access: 'export.create',
    params: uuidParams,
    reply: { contentType: 'application/octet-stream' },
    errors: ['NOT_FOUND', 'EXPORT_NOT_READY', 'EXPORT_FAILED', 'EXPORT_GONE'],
  },
  async ({ principal, params, request, response }, { db, clock, files }) => {
    const job = await loadJob(db.knex, principal, params.id);
    requireDone(job);
    const file = await files?.read(job.id, job.format);
    if (file === undefined) {
      throw new RollcallError('EXPORT_GONE', 'The file is not on this machine; ask for the export again');
    }
    await writeAs(db.knex, { principal, request }, (trx) =>
      writeAudit(trx, [
        {
          at: new Date(clock.wallMs()),
          entityType: 'export_job',
          entityId: job.id,
          action: 'export_download',
          performedBy: principal.accountId,
          reason: job.purpose,
          after: { sha256: job.sha256 },
        },
      ]),
    );
    response.set({
      'Content-Type': CONTENT_TYPES[job.format],
      'Content-Length': String(job.file_bytes),
      'Content-Disposition': `attachment; filename="rollcall-${fileNameOf(job.id, job.format)}"`,
      'Cache-Control': 'no-store',
    });
    await pipeline(file, response);
    return undefined;
  },
);

function requireDone({ state, failure }: JobRow): void {
  switch (state) {
    case 'done':
      return;
    case 'failed':
      throw new RollcallError('EXPORT_FAILED', failure ?? 'The export failed; ask for it again');
    case 'expired':
      throw new RollcallError('EXPORT_GONE', 'Files are kept for seven days; ask for the export again');
    default:
      throw new RollcallError('EXPORT_NOT_READY', `The export is ${state}; look again in a moment`);
  }
}
