import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { sqlState } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { type DateRange, queueStudent } from '../marks/queue.js';
import {
  endMembershipsFrom,
  giveMembershipsBack,
  holdStudent,
  type RosterActor,
  refuseMembers,
} from './memberships.js';

/** The first two have the mark of their setting; who has one of the others is in no group (domain cases 38, 40). */
export const STUDENT_STATUSES = [
  'suspended_disciplinary',
  'withdrawn_medical',
  'dropped',
  'graduated',
] as const;
export type StudentStatus = (typeof STUDENT_STATUSES)[number];

export const hasLeft = (status: StudentStatus): boolean => status === 'dropped' || status === 'graduated';

/** Campus-local dates; `until` is the day after the last, null without an end. */
export interface StatusPeriod {
  id: string;
  studentId: string;
  status: StudentStatus;
  from: string;
  until: string | null;
  isWithdrawn: boolean;
  endedMemberships: readonly { id: string; until: string | null }[];
  version: number;
}

interface Row {
  id: string;
  student_id: string;
  status: StudentStatus;
  valid_from: string;
  valid_until: string | null;
  is_withdrawn: boolean;
  ended_memberships: StatusPeriod['endedMemberships'];
  version: number;
}

const COLUMNS = `id, student_id, status, lower(valid_during) AS valid_from, upper(valid_during) AS valid_until,
  withdrawn_at IS NOT NULL AS is_withdrawn, ended_memberships, version`;

/**
 * What a student is between two dates: the classes of these days are judged with it (domain case 40). Whoever dropped
 * out or has graduated leaves all groups on the first day, so that a capture from then on marks nobody (case 38).
 *
 * @throws RollcallError `ALREADY_EXISTS` where the student has a status on one of these days already
 */
export async function enterStatus(
  trx: Knex,
  wanted: Pick<StatusPeriod, 'studentId' | 'status' | 'from' | 'until'>,
  actor: RosterActor,
): Promise<string> {
  const { studentId, status, from, until } = wanted;
  await holdStudent(trx, studentId);
  const { rows } = await trx
    .raw<{ rows: Row[] }>(
      `INSERT INTO student_status_period (student_id, status, valid_during, reason, entered_by, entered_at)
       VALUES (?::uuid, ?, daterange(?::date, ?::date), ?, ?, ?) RETURNING ${COLUMNS}`,
      [studentId, status, from, until, actor.reason, actor.accountId, new Date(actor.nowMs)],
    )
    .catch(refuseTwice);
  let made = toPeriod(rows[0] as Row);
  if (hasLeft(status)) {
    const ended = await endMembershipsFrom(trx, { studentId, from }, actor);
    made = await change(trx, made.id, 'ended_memberships = ?::jsonb', [JSON.stringify(ended)]);
  }
  await settle(trx, { action: 'enter', before: null, after: made, from, until }, actor);
  return made.id;
}

/** Held until the transaction ends, after its student; undefined where there is none. */
export async function holdStatus(trx: Knex, id: string): Promise<StatusPeriod | undefined> {
  const period = await trx('student_status_period').where({ id }).first('student_id');
  if (period === undefined) return undefined;
  await holdStudent(trx, period.student_id);
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM student_status_period WHERE id = ?::uuid FOR UPDATE`,
    [id],
  );
  return rows[0] === undefined ? undefined : toPeriod(rows[0]);
}

/**
 * Gives the period another end, earlier or later; both sides of it are judged again. Who comes back to the college is
 * in no group yet and joins them anew.
 *
 * @throws RollcallError `REQUEST_INVALID` where nothing would be left of it, `ALREADY_EXISTS` as above,
 *   `INVALID_TRANSITION` for one that was withdrawn, and for days on which a student who had left is in a group again
 */
export async function endStatus(
  trx: Knex,
  { held, until }: { held: StatusPeriod; until: string },
  actor: RosterActor,
): Promise<void> {
  refuseWithdrawn(held);
  if (until <= held.from) {
    throw new RollcallError(
      'REQUEST_INVALID',
      `valid_until: this status holds from ${held.from} on; withdraw one that was a mistake`,
    );
  }
  const isShorter = held.until === null || until < held.until;
  const range = isShorter ? { from: until, until: held.until } : { from: held.until as string, until };
  if (!isShorter && hasLeft(held.status)) {
    await refuseMembers(trx, held.studentId, { from: held.until as string, until });
  }
  const after = await change(
    trx,
    held.id,
    'valid_during = daterange(lower(valid_during), ?::date), ended_by = ?, ended_at = ?',
    [until, actor.accountId, new Date(actor.nowMs)],
  );
  await settle(trx, { action: 'end', before: held, after, ...range }, actor);
}

/**
 * A status that was a mistake: the marks are as if it had never been, and the memberships that it ended go on.
 *
 * @throws RollcallError `INVALID_TRANSITION` where it was withdrawn already, or another one forbids these memberships
 */
export async function withdrawStatus(trx: Knex, held: StatusPeriod, actor: RosterActor): Promise<void> {
  refuseWithdrawn(held);
  const at = new Date(actor.nowMs);
  const after = await change(trx, held.id, 'withdrawn_at = ?, ended_by = ?, ended_at = ?', [
    at,
    actor.accountId,
    at,
  ]);
  await giveMembershipsBack(trx, { ended: held.endedMemberships, from: held.from }, actor);
  const { from, until } = held;
  await settle(trx, { action: 'withdraw', before: held, after, from, until }, actor);
}

async function change(trx: Knex, id: string, set: string, values: readonly unknown[]): Promise<StatusPeriod> {
  const { rows } = await trx
    .raw<{ rows: Row[] }>(
      `UPDATE student_status_period SET ${set}, version = version + 1 WHERE id = ?::uuid RETURNING ${COLUMNS}`,
      [...values, id] as never,
    )
    .catch(refuseTwice);
  return toPeriod(rows[0] as Row);
}

interface Settled extends DateRange {
  action: 'enter' | 'end' | 'withdraw';
  before: StatusPeriod | null;
  after: StatusPeriod;
}

/** The audit row, and the classes of these days before the judge. */
async function settle(
  trx: Knex,
  { action, before, after, from, until }: Settled,
  { accountId, nowMs, reason }: RosterActor,
): Promise<void> {
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'student_status_period',
      entityId: after.id,
      action,
      performedBy: accountId,
      reason,
      before,
      after,
      studentId: after.studentId,
    },
  ]);
  await queueStudent(trx, after.studentId, { from, until });
}

const toPeriod = (row: Row): StatusPeriod => ({
  id: row.id,
  studentId: row.student_id,
  status: row.status,
  from: row.valid_from,
  until: row.valid_until,
  isWithdrawn: row.is_withdrawn,
  endedMemberships: row.ended_memberships,
  version: row.version,
});

function refuseWithdrawn({ isWithdrawn }: StatusPeriod): void {
  if (!isWithdrawn) return;
  throw new RollcallError('INVALID_TRANSITION', 'This status was withdrawn; enter a new one');
}

const EXCLUSION_VIOLATION = '23P01';

function refuseTwice(error: unknown): never {
  if (sqlState(error) !== EXCLUSION_VIOLATION) throw error;
  throw new RollcallError(
    'ALREADY_EXISTS',
    'The student has a status on some of these days already; end or withdraw that one first',
    { cause: error },
  );
}
