import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { sqlState } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { type DateRange, queueStudent } from '../marks/queue.js';
import type { FingerAlternative } from '../rules/facts.js';
import type { PersonOnDay } from './adult.js';

/** Campus-local dates; `until` is the day after the last, null without an end. */
export interface FingerExemption {
  id: string;
  studentId: string;
  way: FingerAlternative;
  from: string;
  until: string | null;
  version: number;
}

export interface ExemptionActor {
  accountId: string | null;
  nowMs: number;
}

interface Row {
  id: string;
  student_id: string;
  way: FingerAlternative;
  valid_from: string;
  valid_until: string | null;
  version: number;
}

const COLUMNS = 'id, student_id, way, valid_from, valid_until, version';

/** Whether a student is exempt on a date; both are SQL expressions of the query around it. */
export const isExemptSql = (student: string, date: string): string =>
  `EXISTS (SELECT FROM finger_exemption xf WHERE xf.student_id = ${student} AND xf.valid_from <= ${date}
    AND ${date} < coalesce(xf.valid_until, 'infinity'))`;

/**
 * A student without usable fingers is not asked for one from a date on (domain case 118). Who decided so is kept, and
 * what stands in for the finger, never why.
 *
 * @throws RollcallError `ALREADY_EXISTS` where the student is exempt on one of these days already
 */
export async function grantExemption(
  trx: Knex,
  wanted: Omit<FingerExemption, 'id' | 'version'>,
  { accountId, nowMs }: ExemptionActor,
): Promise<string> {
  const at = new Date(nowMs);
  const { rows } = await trx
    .raw<{ rows: Row[] }>(
      `INSERT INTO finger_exemption (student_id, way, valid_from, valid_until, granted_by, granted_at)
       VALUES (?::uuid, ?, ?::date, ?::date, ?, ?) RETURNING ${COLUMNS}`,
      [wanted.studentId, wanted.way, wanted.from, wanted.until, accountId, at],
    )
    .catch(refuseTwice);
  const made = toExemption(rows[0] as Row);
  await settle(trx, { before: null, after: made, ...wanted }, { accountId, nowMs });
  return made.id;
}

/** Held until the transaction ends; undefined where there is none. */
export async function holdExemption(trx: Knex, id: string): Promise<FingerExemption | undefined> {
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM finger_exemption WHERE id = ?::uuid FOR UPDATE`,
    [id],
  );
  return rows[0] === undefined ? undefined : toExemption(rows[0]);
}

/**
 * From a date on the student is as everybody else; from its first day on, it was a mistake.
 *
 * @throws RollcallError `REQUEST_INVALID` for a date before it began, `INVALID_TRANSITION` where it has ended by then
 */
export async function endExemption(
  trx: Knex,
  { held, until }: { held: FingerExemption; until: string },
  { accountId, nowMs }: ExemptionActor,
): Promise<void> {
  if (until < held.from) {
    throw new RollcallError('REQUEST_INVALID', `valid_until: this exemption holds from ${held.from} on`);
  }
  if (held.until !== null && held.until <= until) {
    throw new RollcallError(
      'INVALID_TRANSITION',
      `This exemption ends on ${held.until} already; grant one for the days after it`,
    );
  }
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `UPDATE finger_exemption SET valid_until = ?::date, ended_by = ?, ended_at = ?, version = version + 1
     WHERE id = ?::uuid RETURNING ${COLUMNS}`,
    [until, accountId, new Date(nowMs), held.id],
  );
  const after = toExemption(rows[0] as Row);
  await settle(trx, { before: held, after, from: until, until: held.until }, { accountId, nowMs });
}

/**
 * Asked before a finger is enrolled: whoever is exempt is not to be asked for one again.
 *
 * @throws RollcallError `FINGER_EXEMPT`
 */
export async function refuseExempt(knex: Knex, { studentId, today }: PersonOnDay): Promise<void> {
  const { rows } = await knex.raw<{ rows: { is_exempt: boolean }[] }>(
    `SELECT ${isExemptSql('asked.student_id', 'asked.day')} AS is_exempt FROM (SELECT ?::uuid, ?::date) AS asked (student_id, day)`,
    [studentId, today],
  );
  if (rows[0]?.is_exempt !== true) return;
  throw new RollcallError(
    'FINGER_EXEMPT',
    'This student is exempt from fingerprints and needs none. Where that has changed, end the exemption first',
  );
}

interface Settled extends DateRange {
  before: FingerExemption | null;
  after: FingerExemption;
}

/** The audit row, and the classes of these days before the judge. */
async function settle(
  trx: Knex,
  { before, after, from, until }: Settled,
  { accountId, nowMs }: ExemptionActor,
): Promise<void> {
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'finger_exemption',
      entityId: after.id,
      action: before === null ? 'grant' : 'end',
      performedBy: accountId,
      before,
      after,
      studentId: after.studentId,
    },
  ]);
  await queueStudent(trx, after.studentId, { from, until });
}

const toExemption = (row: Row): FingerExemption => ({
  id: row.id,
  studentId: row.student_id,
  way: row.way,
  from: row.valid_from,
  until: row.valid_until,
  version: row.version,
});

const EXCLUSION_VIOLATION = '23P01';

function refuseTwice(error: unknown): never {
  if (sqlState(error) !== EXCLUSION_VIOLATION) throw error;
  throw new RollcallError(
    'ALREADY_EXISTS',
    'The student is exempt on some of these days already; end that exemption first',
    { cause: error },
  );
}
