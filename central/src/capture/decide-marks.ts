import { randomUUID } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { createUuidV7Generator } from '@rollcall/protocol/uuid-v7';
import { ACTOR_OF_TRANSACTION } from '../audit/actor-columns.js';
import type { Knex } from '../db/database.js';
import { findByIndex, prepared } from '../db/prepared.js';
import { judgeInRequest } from '../marks/judge-in-request.js';
import { notifyLive } from '../marks/notify.js';
import type { Pair } from '../marks/pair.js';
import type { ChangedRecord } from '../marks/save-decisions.js';
import type { Mark, Source } from '../rules/facts.js';
import { type HeldSession, holdSession, refuseLocked } from '../sessions/session-row.js';

export type DecisionKind = 'explicit' | 'bulk' | 'offline' | 'import' | 'confirm' | 'correction';
export type DecidedMark = 'present' | 'absent' | 'late' | 'excused';

export interface DecisionRow {
  studentId: string;
  mark: DecidedMark;
  /** Of the register, where it was written with one. */
  letter?: string | null;
  reason: string;
  kind: DecisionKind;
  /** Where it was not decided now. */
  decidedAtMs?: number;
  clientUuid?: string;
}

export interface DecideRequest {
  sessionId: string;
  rows: readonly DecisionRow[];
  source: Source;
  /** What the person entered it with, as the person's program says; kept in the audit. */
  deviceId?: string | undefined;
  accountId: string | null;
  nowMs: number;
}

export interface DecidedCall {
  callId: string;
  /** By student id, the mark after the call. */
  marks: Map<string, Mark>;
}

/**
 * Holds a class session for people's decisions about its marks.
 *
 * @throws RollcallError `NOT_FOUND`, `STALE`, `SESSION_LOCKED`, `SESSION_CANCELLED` or `SESSION_NOT_OPEN`
 */
export async function holdForMarking(
  trx: Knex,
  sessionId: string,
  expectedVersion?: number,
): Promise<HeldSession> {
  const session = await holdSession(trx, sessionId, expectedVersion);
  refuseLocked(session);
  if (session.status === 'cancelled' || session.status === 'not_held') {
    throw new RollcallError('SESSION_CANCELLED', `This class session is ${session.status}: it has no marks`);
  }
  if (session.status === 'scheduled') {
    throw new RollcallError('SESSION_NOT_OPEN', 'This class session has not opened; open it first');
  }
  return session;
}

/**
 * Stores people's decisions, each with its audit row, and judges the students again at once: a decision is
 * evidence of its own kind and never written over a mark (design §6). The caller holds the session.
 */
export async function decideMarks(trx: Knex, request: DecideRequest): Promise<DecidedCall> {
  const { sessionId, rows, nowMs } = request;
  const callId = randomUUID();
  // Sent together: what is judged is read once the decisions are stored.
  const [, , marks] = await Promise.all([
    findByIndex(trx),
    storeDecisions(trx, request, callId),
    judgeClass(trx, sessionId, pairsOf(sessionId, rows), nowMs),
  ]);
  return { callId, marks };
}

export interface DecideClassesRequest extends Omit<DecideRequest, 'sessionId' | 'rows'> {
  /** By the id of the class session, each held by the caller. */
  rows: ReadonlyMap<string, readonly DecisionRow[]>;
}

/**
 * As {@link decideMarks}, of several classes: all is stored before anything is judged. Judged one class after the other, this
 * transaction would hold marks of the first while it waits for those of the next, in an order that others do not keep.
 */
export async function decideMarksOfClasses(
  trx: Knex,
  { rows, ...request }: DecideClassesRequest,
): Promise<void> {
  if (rows.size === 0) return;
  const classes = [...rows].map(([sessionId, some]) => ({ ...request, sessionId, rows: some }));
  await findByIndex(trx);
  for (const one of classes) await storeDecisions(trx, one, randomUUID());
  const pairs = classes.flatMap((one) => pairsOf(one.sessionId, one.rows));
  await judgeAtOnce(trx, pairs, request.nowMs);
}

const pairsOf = (sessionId: string, rows: readonly DecisionRow[]): Pair[] =>
  [...new Set(rows.map(({ studentId }) => studentId))].map((studentId) => ({ sessionId, studentId }));

async function storeDecisions(trx: Knex, request: DecideRequest, callId: string): Promise<void> {
  const { sessionId, rows, source, deviceId, accountId, nowMs } = request;
  // One after the other in the indices of decisions and of the audit, instead of each on a page of its own.
  const nextId = createUuidV7Generator({ wallMs: () => nowMs, randomUuid: randomUUID });
  await prepared(trx, INSERT_SQL, [
    sessionId,
    source,
    new Date(nowMs),
    accountId,
    callId,
    rows.map(nextId),
    rows.map(({ studentId }) => studentId),
    rows.map(({ mark }) => mark),
    rows.map(({ letter }) => letter ?? null),
    rows.map(({ reason }) => reason),
    rows.map(({ kind }) => kind),
    rows.map(({ decidedAtMs }) => (decidedAtMs === undefined ? null : new Date(decidedAtMs))),
    rows.map(({ clientUuid }) => clientUuid ?? null),
    rows.map(({ mark, letter, kind }) =>
      JSON.stringify({ mark, letter: letter ?? undefined, kind, source, device_id: deviceId }),
    ),
  ]);
}

/** Takes back decisions: the marks become what the rest of the evidence gives. */
export async function withdrawDecisions(
  trx: Knex,
  request: { sessionId: string; studentId: string; reason: string; accountId: string | null; nowMs: number },
): Promise<number> {
  const { sessionId, studentId, reason, accountId, nowMs } = request;
  const now = new Date(nowMs);
  await findByIndex(trx);
  const { rows } = await prepared<{ rows: object[] }>(
    trx,
    `WITH taken AS (
       UPDATE decision SET withdrawn_at = ?::timestamptz, withdrawn_by = ?::uuid
       WHERE session_id = ?::uuid AND student_id = ?::uuid AND withdrawn_at IS NULL AND kind <> 'correction'
       RETURNING id, mark, kind, reason
     )
     INSERT INTO attendance_audit_log (at, entity_type, entity_id, action, performed_by, source, reason, before, session_id, student_id)
     SELECT ?::timestamptz, 'decision', id::text, 'withdraw', ?, 'manual', ?::text,
       jsonb_build_object('mark', mark, 'kind', kind, 'reason', reason), ?::uuid, ?::uuid FROM taken RETURNING id`,
    [now, accountId, sessionId, studentId, now, accountId, reason, sessionId, studentId],
  );
  if (rows.length > 0) await judgeAtOnce(trx, [{ sessionId, studentId }], nowMs);
  return rows.length;
}

async function judgeAtOnce(trx: Knex, pairs: readonly Pair[], nowMs: number): Promise<ChangedRecord[]> {
  const changed = await judgeInRequest(trx, pairs, nowMs);
  // A change has told the pages already.
  const told = new Set(changed.map(({ sessionId }) => sessionId));
  const untold = new Set(pairs.map(({ sessionId }) => sessionId).filter((id) => !told.has(id)));
  if (untold.size > 0) await notifyLive(trx, { type: 'session', ids: [...untold] });
  return changed;
}

/** @returns the mark of each of them, changed or not */
async function judgeClass(
  trx: Knex,
  sessionId: string,
  pairs: readonly Pair[],
  nowMs: number,
): Promise<Map<string, Mark>> {
  const changed = (await judgeAtOnce(trx, pairs, nowMs)).filter((record) => record.sessionId === sessionId);
  const marks = new Map(changed.map(({ studentId, mark }) => [studentId, mark]));
  const rest = pairs.flatMap(({ studentId }) => (marks.has(studentId) ? [] : [studentId]));
  if (rest.length === 0) return marks;
  const { rows } = await prepared<{ rows: { student_id: string; mark: Mark }[] }>(
    trx,
    'SELECT student_id, mark FROM attendance_record WHERE session_id = ?::uuid AND student_id = ANY(?::uuid[])',
    [sessionId, rest as never],
  );
  for (const row of rows) marks.set(row.student_id, row.mark);
  return marks;
}

/** While a reader of the room is down, marks by hand are no habit (domain case 33). */
const INSERT_SQL = `
  WITH call AS MATERIALIZED (
    SELECT ?::uuid AS session_id, ?::text AS source, ?::timestamptz AS now, ?::uuid AS account_id, ?::uuid AS call_id,
      ${ACTOR_OF_TRANSACTION}
  ), input AS MATERIALIZED (
    SELECT * FROM unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::uuid[], ?::jsonb[])
      WITH ORDINALITY AS i (id, student_id, mark, letter, reason, kind, decided_at, client_uuid, said, place)
  ), outage AS (
    SELECT EXISTS (
      SELECT FROM session_room x JOIN attendance_biometric_device d ON d.room_id = x.room_id AND d.is_enabled
        JOIN gateway g ON g.id = d.gateway_id
      WHERE x.session_id = (SELECT session_id FROM call) AND (d.status = 'error' OR g.state = 'offline')
    ) AS is_there
  ), decided AS (
    INSERT INTO decision (id, session_id, student_id, kind, mark, letter, reason, source, decided_at, received_at, decided_by,
      client_uuid, is_device_outage, call_id)
    SELECT id, session_id, student_id, kind, mark, letter, reason, source, coalesce(decided_at, now), now, account_id, client_uuid,
      is_there, call_id
    FROM call, outage, input ORDER BY place
  )
  INSERT INTO attendance_audit_log (at, entity_type, entity_id, action, performed_by, source, reason, after, session_id, student_id,
    actor_role, ip_address, user_agent, request_id)
  SELECT now, 'decision', id::text, 'mark_attendance', account_id::text, 'manual', reason, said, session_id, student_id,
    actor_role, ip_address, user_agent, request_id
  FROM call, input ORDER BY place`;
