import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { sqlState } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { recountHeldOfStudent } from '../ingest/recount-held.js';
import { queueStudent } from '../marks/queue.js';

export interface Membership {
  id: string;
  sectionId: string;
  studentId: string;
  /** Campus-local dates; `until` is the day after the last, null without an end. */
  from: string;
  until: string | null;
  version: number;
}

interface Row {
  id: number;
  section_id: string;
  student_id: string;
  valid_from: string;
  valid_until: string | null;
  version: number;
}

export interface RosterActor {
  accountId: string | null;
  nowMs: number;
  reason: string;
}

const COLUMNS =
  'id, section_id, student_id, lower(valid_during) AS valid_from, upper(valid_during) AS valid_until, version';

/**
 * Groups and statuses of one student change one after the other: each is allowed by what the other is. Taken before
 * their rows, so that two who do both never wait for each other.
 */
export async function holdStudent(trx: Knex, studentId: string): Promise<void> {
  await trx.raw('SELECT FROM student WHERE id = ?::uuid FOR NO KEY UPDATE', [studentId]);
}

/** Held until the transaction ends, after its student. @throws RollcallError `NOT_FOUND` */
export async function holdMembership(trx: Knex, id: string): Promise<Membership> {
  const member = await trx('roster_membership').where({ id }).first('student_id');
  if (member !== undefined) await holdStudent(trx, member.student_id);
  const held = await findMembership(trx, id);
  if (held === undefined) throw new RollcallError('NOT_FOUND', `There is no roster membership ${id}`);
  return held;
}

async function findMembership(trx: Knex, id: string): Promise<Membership | undefined> {
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM roster_membership WHERE id = ?::bigint FOR UPDATE`,
    [id],
  );
  return rows[0] === undefined ? undefined : toMembership(rows[0]);
}

/**
 * A student is in a group from a date on: classes before it ask nothing of them, and what was captured since is
 * judged again (domain cases 38, 39).
 *
 * @throws RollcallError `ALREADY_EXISTS` where the student is in the group on one of these days already,
 *   `INVALID_TRANSITION` where they have left the college by then
 */
export async function join(
  trx: Knex,
  wanted: Pick<Membership, 'sectionId' | 'studentId' | 'from' | 'until'>,
  actor: RosterActor,
): Promise<Membership> {
  await holdStudent(trx, wanted.studentId);
  await refuseGone(trx, wanted.studentId, wanted);
  const { rows } = await trx
    .raw<{ rows: Row[] }>(
      `INSERT INTO roster_membership (section_id, student_id, valid_during, updated_at)
       VALUES (?, ?::uuid, daterange(?::date, ?::date), ?) RETURNING ${COLUMNS}`,
      [wanted.sectionId, wanted.studentId, wanted.from, wanted.until, new Date(actor.nowMs)],
    )
    .catch(refuseTwice);
  const made = toMembership(rows[0] as Row);
  await settle(trx, { action: 'join', before: null, after: made, from: made.from, until: made.until }, actor);
  return made;
}

/**
 * A student is no longer in a group from a date on. What was held before stays as it is (domain case 38).
 *
 * @throws RollcallError `REQUEST_INVALID` where nothing would be left of the membership
 */
export async function leave(
  trx: Knex,
  { held, until }: { held: Membership; until: string },
  actor: RosterActor,
): Promise<Membership> {
  if (until <= held.from) {
    throw new RollcallError(
      'REQUEST_INVALID',
      `valid_until: the student has been in the group since ${held.from}; delete a membership that never was`,
    );
  }
  if (held.until !== null && held.until < until) {
    await refuseGone(trx, held.studentId, { from: held.until, until });
  }
  const after = await endAt(trx, { id: held.id, until, nowMs: actor.nowMs });
  // A later end than before brings classes back; an earlier one takes classes away.
  const from = held.until !== null && held.until < until ? held.until : until;
  await settle(trx, { action: 'leave', before: held, after, from, until: null }, actor);
  return after;
}

async function endAt(
  trx: Knex,
  { id, until, nowMs }: { id: string; until: string | null; nowMs: number },
): Promise<Membership> {
  const { rows } = await trx
    .raw<{ rows: Row[] }>(
      `UPDATE roster_membership SET valid_during = daterange(lower(valid_during), ?::date), version = version + 1,
         updated_at = ? WHERE id = ?::bigint RETURNING ${COLUMNS}`,
      [until, new Date(nowMs), id],
    )
    .catch(refuseTwice);
  return toMembership(rows[0] as Row);
}

/** Who comes back later than was said is in no group until then. @throws RollcallError `INVALID_TRANSITION` */
export async function refuseMembers(
  trx: Knex,
  studentId: string,
  { from, until }: { from: string; until: string },
): Promise<void> {
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM roster_membership
     WHERE student_id = ?::uuid AND valid_during && daterange(?::date, ?::date) ORDER BY valid_during LIMIT 1`,
    [studentId, from, until],
  );
  const [member] = rows;
  if (member === undefined) return;
  throw new RollcallError(
    'INVALID_TRANSITION',
    `The student is in ${member.section_id} since ${member.valid_from}; end that membership first, or give no later date`,
  );
}

/**
 * Takes a student who leaves the college out of every group.
 *
 * @returns what ended, and when it would have ended otherwise
 * @throws RollcallError `INVALID_TRANSITION` where a membership begins on that date or after it
 */
export async function endMembershipsFrom(
  trx: Knex,
  { studentId, from }: { studentId: string; from: string },
  actor: RosterActor,
): Promise<{ id: string; until: string | null }[]> {
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM roster_membership
     WHERE student_id = ?::uuid AND coalesce(upper(valid_during), 'infinity') > ?::date ORDER BY id FOR UPDATE`,
    [studentId, from],
  );
  const running = rows.map(toMembership);
  const later = running.find((membership) => membership.from >= from);
  if (later !== undefined) {
    throw new RollcallError(
      'INVALID_TRANSITION',
      `The student joins ${later.sectionId} on ${later.from} only; remove that membership first, or give a later date`,
    );
  }
  for (const held of running) await leave(trx, { held, until: from }, actor);
  return running.map(({ id, until }) => ({ id, until }));
}

/**
 * Memberships that a mistake ended go on, unless somebody has changed them since.
 *
 * @throws RollcallError `INVALID_TRANSITION` where the student has left the college by another status within that time
 */
export async function giveMembershipsBack(
  trx: Knex,
  { ended, from }: { ended: readonly { id: string; until: string | null }[]; from: string },
  actor: RosterActor,
): Promise<void> {
  for (const { id, until } of ended) {
    const held = await findMembership(trx, id);
    if (held?.until !== from) continue;
    await refuseGone(trx, held.studentId, { from, until });
    const after = await endAt(trx, { id, until, nowMs: actor.nowMs });
    await settle(trx, { action: 'reopen', before: held, after, from, until }, actor);
  }
}

/** Whoever has left the college is in no group until that has ended. @throws RollcallError `INVALID_TRANSITION` */
async function refuseGone(
  trx: Knex,
  studentId: string,
  { from, until }: { from: string; until: string | null },
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { status: string; since: string }[] }>(
    `SELECT status, lower(valid_during) AS since FROM student_status_period
     WHERE student_id = ?::uuid AND status IN ('dropped', 'graduated') AND withdrawn_at IS NULL
       AND valid_during && daterange(?::date, ?::date)`,
    [studentId, from, until],
  );
  const [gone] = rows;
  if (gone === undefined) return;
  throw new RollcallError(
    'INVALID_TRANSITION',
    `The student is ${gone.status} since ${gone.since}; end that status first, on the day that they come back`,
  );
}

/** A membership that was a mistake. @throws RollcallError `MASTER_IN_USE` once a mark was made because of it */
export async function remove(trx: Knex, held: Membership, actor: RosterActor): Promise<void> {
  const { rows } = await trx.raw<{ rows: object[] }>(
    `SELECT 1 FROM session_section g
       JOIN attendance_record r ON r.session_id = g.session_id AND r.student_id = ?::uuid
       JOIN attendance_session s ON s.id = g.session_id AND s.status IN ('closed', 'finalized', 'locked')
     WHERE g.section_id = ? AND daterange(?::date, ?::date) @> g.scheduled_date LIMIT 1`,
    [held.studentId, held.sectionId, held.from, held.until],
  );
  if (rows.length > 0) {
    throw new RollcallError(
      'MASTER_IN_USE',
      'There are marks of classes held in this time: end the membership with leave, so that they keep their reason',
    );
  }
  await trx('roster_membership').where({ id: held.id }).delete();
  await settle(
    trx,
    { action: 'delete', before: held, after: null, from: held.from, until: held.until },
    actor,
  );
}

interface Settled {
  action: 'join' | 'leave' | 'reopen' | 'delete';
  before: Membership | null;
  after: Membership | null;
  from: string;
  until: string | null;
}

/** The audit row, and everything of the student in these days before the judge. */
async function settle(trx: Knex, change: Settled, { accountId, nowMs, reason }: RosterActor): Promise<void> {
  const one = (change.after ?? change.before) as Membership;
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'roster_membership',
      entityId: one.id,
      action: change.action,
      performedBy: accountId,
      reason,
      before: change.before,
      after: change.after,
      studentId: one.studentId,
    },
  ]);
  const { from, until } = change;
  await queueStudent(trx, one.studentId, { from, until });
  await recountHeldOfStudent(trx, one.studentId, { from, until, at: new Date(nowMs) });
}

const toMembership = (row: Row): Membership => ({
  id: String(row.id),
  sectionId: row.section_id,
  studentId: row.student_id,
  from: row.valid_from,
  until: row.valid_until,
  version: row.version,
});

const EXCLUSION_VIOLATION = '23P01';

function refuseTwice(error: unknown): never {
  if (sqlState(error) !== EXCLUSION_VIOLATION) throw error;
  throw new RollcallError(
    'ALREADY_EXISTS',
    'The student is in this group on some of these days already; end that membership first',
    { cause: error },
  );
}
