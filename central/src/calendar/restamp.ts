import type { Knex } from '../db/database.js';
import type { Policy } from '../rules/policy.js';
import { SCOPE_OF_CLASS_SQL, type ScopeRow, toScope } from './class-scope.js';
import { loadPolicies } from './policies.js';

const MINUTE_MS = 60_000;
/** As the calendar plans it: captures this long before the start are judged, too. */
const REACH_BEFORE_START_MS = 30 * MINUTE_MS;

interface Row extends ScopeRow {
  id: string;
  start_at: Date;
  end_at: Date;
  policy: { id?: string };
}

export interface Restamped {
  id: string;
  /** Id of its policy; undefined before policies had ids. */
  before: string | undefined;
  after: string;
}

/**
 * Stamps the policy that the settings now give on class sessions that have another. For classes that have not
 * opened this is what a setting with a date means; for others only a person may ask for it.
 *
 * @param where condition on `attendance_session s`
 * @param settingsAtMs whose settings count; left out, those at the start of each class
 * @returns the sessions that have another policy now
 */
export async function restampSessions(
  trx: Knex,
  request: { where: string; bindings: readonly unknown[]; nowMs: number; settingsAtMs?: number },
): Promise<Restamped[]> {
  const { where, bindings, nowMs, settingsAtMs } = request;
  const policyAt = await loadPolicies(trx);
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT s.id, s.start_at, s.end_at, s.policy, ${SCOPE_OF_CLASS_SQL} FROM attendance_session s WHERE ${where}`,
    bindings as never,
  );
  const stamped = rows.flatMap((row) => {
    const policy = policyAt(settingsAtMs ?? row.start_at.getTime(), toScope(row));
    return policy.id === row.policy.id ? [] : [{ row, policy }];
  });
  if (stamped.length === 0) return [];
  await trx.raw(STAMP_SQL, [
    JSON.stringify(stamped.map(({ row, policy }) => stampOf(row, policy))),
    new Date(nowMs),
  ]);
  return stamped.map(({ row, policy }) => ({ id: row.id, before: row.policy.id, after: policy.id }));
}

function stampOf({ id, start_at, end_at }: Row, policy: Policy) {
  return {
    id,
    policy,
    reach_from: new Date(start_at.getTime() - REACH_BEFORE_START_MS),
    reach_until: new Date(end_at.getTime() + policy.close_grace_minutes * MINUTE_MS),
  };
}

const STAMP_SQL = `
  WITH stamp AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (id uuid, policy jsonb, reach_from timestamptz, reach_until timestamptz)
  ), kept AS (
    INSERT INTO policy_version (id, rules_version, document)
    SELECT DISTINCT ON (policy->>'id') policy->>'id', (policy->>'rules_version')::integer, policy FROM stamp
    ON CONFLICT DO NOTHING
  ), listed AS (
    UPDATE session_section g SET reach_from = stamp.reach_from, reach_until = stamp.reach_until
    FROM stamp WHERE g.session_id = stamp.id
  )
  UPDATE attendance_session s SET policy = stamp.policy, reach_from = stamp.reach_from, reach_until = stamp.reach_until,
    version = s.version + 1, updated_at = ?::timestamptz
  FROM stamp WHERE s.id = stamp.id`;
