import { isUniqueViolation } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { raiseAlarm } from '../devices/alarms.js';
import { receivedMonth } from '../people/received-month.js';
import { enqueueJudgement, resolutionCtes } from '../people/resolution-sql.js';
import { holdLateEvidence, LATE_AFTER_AT_LEAST } from './late-evidence.js';
import { splitByOlderIds } from './older-ids.js';
import { EVIDENCE_NAMES, evidenceOf, PUNCH_INPUT, punchColumns } from './punch-columns.js';
import { IDENTITY_UNNEST, identityBindings, type PunchRow } from './verified-batch.js';

/** Ids in one notification: PostgreSQL carries 8,000 bytes. The live page is a view; what is more is not shown. */
const LIVE_IDS_MAX = 150;
/** Users of one terminal that one alarm names. */
const STRANGERS_NAMED_MAX = 20;
/** Rows from which on a savepoint costs less than looking for each in both unique keys before it is written. */
const MANY_ROWS = 200;
/** Alarms raised for one transaction. */
const BLOCKED_ALARMS_MAX = 20;

interface Result {
  stored: number;
  may_be_late: boolean | null;
  live: string[] | null;
  foreign: { gateway_id: string; device_id: string }[] | null;
  strangers: { gateway_id: string; device_id: string; users: string[]; n: number }[] | null;
  blocked: { gateway_id: string; student_id: string; device_id: string; room_id: string | null }[] | null;
}

const statement = (onConflict: '' | 'ON CONFLICT DO NOTHING'): string => `
  WITH input AS (${PUNCH_INPUT}),
  ${resolutionCtes('input')},
  placed AS (
    SELECT r.*, d.room_id, d.device_id IS NULL AND EXISTS (
      SELECT FROM attendance_biometric_device o WHERE o.device_id = r.device_id AND o.gateway_id <> r.gateway_id) AS is_foreign
    FROM resolved r
    LEFT JOIN attendance_biometric_device d ON d.gateway_id = r.gateway_id AND d.device_id = r.device_id
  ),
  stored AS (
    INSERT INTO punch (gateway_id, store_id, seq, ${EVIDENCE_NAMES.join(', ')}, received_at, received_month,
                       effective_at, time_source, student_id, outcome, matched_projection, room_id)
    SELECT gateway_id, store_id, seq, ${evidenceOf('placed')}, ?::timestamptz, ?::date,
           effective_at, time_source, student_id, outcome, matched_projection, room_id
    FROM placed
    ${onConflict}
    RETURNING gateway_id, store_id, seq, punch_id, student_id, effective_at, outcome, device_id, room_id,
      CASE WHEN kind <> 'card' OR technology IS NULL THEN claimed_student_ref END AS said_ref,
      received_at - effective_at > ${LATE_AFTER_AT_LEAST} AS may_be_late
  ),
  queued AS (${enqueueJudgement("(SELECT DISTINCT student_id, effective_at FROM stored WHERE outcome IN ('recognized', 'blocked'))")})
  SELECT
    (SELECT count(*) FROM stored) AS stored,
    (SELECT bool_or(may_be_late) FROM stored) OR EXISTS (
       SELECT FROM gateway WHERE suspended_at IS NOT NULL AND id IN (SELECT gateway_id FROM stored)) AS may_be_late,
    (SELECT array_agg(punch_id) FROM (SELECT punch_id FROM stored ORDER BY punch_id DESC LIMIT ${LIVE_IDS_MAX}) newest) AS live,
    (SELECT jsonb_agg(f) FROM (
       SELECT DISTINCT p.gateway_id, p.device_id FROM placed p
       WHERE p.is_foreign LIMIT ${BLOCKED_ALARMS_MAX}) f) AS "foreign",
    (SELECT jsonb_agg(s) FROM (
       SELECT gateway_id, device_id, count(*)::int AS n,
         (array_agg(DISTINCT said_ref ORDER BY said_ref))[1:${STRANGERS_NAMED_MAX}] AS users
       FROM stored WHERE outcome = 'unknown' AND said_ref IS NOT NULL
       GROUP BY gateway_id, device_id LIMIT ${BLOCKED_ALARMS_MAX}) s) AS strangers,
    (SELECT jsonb_agg(b) FROM (
       SELECT DISTINCT ON (student_id) gateway_id, student_id, device_id, room_id
       FROM stored WHERE outcome = 'blocked' AND student_id IS NOT NULL LIMIT ${BLOCKED_ALARMS_MAX}) b) AS blocked`;

/** Skips what has the id of another row. */
const INSERT_UNKNOWN = statement('ON CONFLICT DO NOTHING');
const INSERT_NEW = statement('');

/**
 * Stores punches with their owner, room and time, and queues the class sessions they concern, in one
 * statement.
 *
 * @returns the rows that were not stored because their punch_id belongs to another row already
 */
export async function insertPunches(trx: Knex, sent: readonly PunchRow[], at: Date): Promise<PunchRow[]> {
  const { unseen: rows, taken } = await splitByOlderIds(trx, sent, at);
  if (rows.length === 0) return taken;
  const { stored, may_be_late, live, blocked, foreign, strangers } = await insert(trx, rows, at);
  if (may_be_late === true) {
    await holdLateEvidence(trx, {
      candidates: `SELECT *, ?::date AS received_month FROM ${IDENTITY_UNNEST} AS i(gateway_id, store_id, seq)`,
      bindings: [receivedMonth(at), ...identityBindings(rows)],
      at,
    });
  }
  if (live !== null) {
    const message = JSON.stringify({ type: 'punch', ids: live });
    await trx.raw("SELECT pg_notify('rollcall_judge', ''), pg_notify('rollcall_live', ?)", [message]);
  }
  for (const { gateway_id: gatewayId, student_id: studentId, device_id, room_id } of blocked ?? []) {
    const message = `A blocked card was used at ${device_id}${room_id === null ? '' : ` in ${room_id}`}. Find out who has it`;
    await raiseAlarm(trx, {
      code: 'CREDENTIAL_BLOCKED',
      message,
      gatewayId,
      studentId,
      detail: { device_id, room_id },
      at,
    });
  }
  await tellStrangers(trx, strangers ?? [], at);
  await tellForeign(trx, foreign ?? [], at);
  return stored === rows.length ? taken : [...taken, ...(await findRefused(trx, rows, at))];
}

async function insert(trx: Knex, rows: readonly PunchRow[], at: Date): Promise<Result> {
  const bindings = [...punchColumns(rows), at, receivedMonth(at)] as Knex.RawBinding[];
  const ask = async (knex: Knex, sql: string): Promise<Result> => {
    const { rows: results } = await knex.raw<{ rows: [Result] }>(sql, bindings);
    return results[0];
  };
  if (rows.length >= MANY_ROWS) {
    try {
      return await trx.transaction((savepoint) => ask(savepoint, INSERT_NEW));
    } catch (error) {
      // One of them has the id of another row: a fault of its gateway (domain case 78).
      if (!isUniqueViolation(error)) throw error;
    }
  }
  return ask(trx, INSERT_UNKNOWN);
}

/** Somebody is known to a terminal and not to us: kept, nobody's, and a person says who that is. */
async function tellStrangers(
  trx: Knex,
  strangers: NonNullable<Result['strangers']>,
  at: Date,
): Promise<void> {
  for (const { gateway_id: gatewayId, device_id, users, n } of strangers) {
    await raiseAlarm(trx, {
      code: 'TERMINAL_USER_UNKNOWN',
      message: `${n} punches at ${device_id} are of users that are no student's roll number. Correct the users of the terminal, or say in the gateway's configuration what its user ids are`,
      gatewayId,
      detail: { device_id, users, punches: n },
      at,
    });
  }
}

/** A gateway speaks for readers that are another one's: kept, in no room, and a person looks (domain case 120). */
async function tellForeign(trx: Knex, foreign: NonNullable<Result['foreign']>, at: Date): Promise<void> {
  for (const { gateway_id: gatewayId, device_id } of foreign) {
    await raiseAlarm(trx, {
      code: 'READER_FOREIGN',
      message: `${gatewayId} sends punches of ${device_id}, which belongs to another gateway. They count in no room; look at its configuration`,
      gatewayId,
      detail: { device_id },
      at,
    });
  }
}

async function findRefused(trx: Knex, rows: readonly PunchRow[], at: Date): Promise<PunchRow[]> {
  const result = await trx.raw<{ rows: { n: number }[] }>(
    `SELECT i.n::int - 1 AS n
     FROM ${IDENTITY_UNNEST} WITH ORDINALITY AS i(gateway_id, store_id, seq, n)
     WHERE NOT EXISTS (SELECT FROM punch p WHERE p.gateway_id = i.gateway_id AND p.store_id = i.store_id
       AND p.seq = i.seq AND p.received_month = ?::date)`,
    [...identityBindings(rows), receivedMonth(at)],
  );
  return result.rows.flatMap(({ n }) => rows[n] ?? []);
}
