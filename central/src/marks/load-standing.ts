import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { ofStudent } from '../people/of-student.js';
import type { Facts, HumanDecision } from '../rules/facts.js';
import { epochMs } from './epoch-ms.js';
import type { LoadedSession } from './load-sessions.js';
import type { Pair } from './pair.js';

/** What a student is to a class session before anything was captured. */
export interface Standing extends Pair {
  hasRecord: boolean;
  /** Stays were measured when the record was written. */
  hasStays: boolean;
  /** Groups that the student is in on the date of the class. */
  groups: readonly string[];
  status: NonNullable<Facts['status']> | null;
  leaves: readonly { id: string; start_time: string | null; end_time: string | null }[];
  /** What people have decided about this student in this class, and not taken back. */
  decisions: readonly HumanDecision[];
}

interface StandingRow {
  /** Which of the pairs, from 1 on. */
  n: number;
  has_record: boolean;
  has_stays: boolean | null;
  groups: string[] | null;
  status: Standing['status'];
  leaves: Standing['leaves'][number][] | null;
}

interface DecisionRow extends HumanDecision {
  /** Which of the pairs, from 1 on. */
  n: number;
}

/** Rows bear the number of their pair: two ids of each would cost more to write and to read than all the rest. */
const PAIRS_SQL = 'unnest(?::uuid[], ?::uuid[]) WITH ORDINALITY AS pair (session_id, student_id, n)';

/** Lists, mostly of one or none, are not sorted here: PostgreSQL would set up a sort for each pair. */
export const STANDING_SQL = `
  SELECT pair.n::int, r.is_there IS NOT NULL AS has_record, r.has_stays, m.groups, st.status, l.leaves
  FROM ${PAIRS_SQL}
    JOIN attendance_session s ON s.id = pair.session_id
    LEFT JOIN LATERAL (
      SELECT true AS is_there, jsonb_exists(derivation, 'dwell_seconds') AS has_stays FROM attendance_record
      WHERE session_id = pair.session_id AND student_id = pair.student_id OFFSET 0
    ) r ON true
    LEFT JOIN LATERAL (
      SELECT array_agg(section_id) AS groups FROM roster_membership
      WHERE ${ofStudent('pair.student_id')} AND valid_during @> s.scheduled_date OFFSET 0
    ) m ON true
    LEFT JOIN LATERAL (
      SELECT status FROM student_status_period
      WHERE student_id = pair.student_id AND valid_during @> s.scheduled_date AND withdrawn_at IS NULL
        AND status IN ('suspended_disciplinary', 'withdrawn_medical') OFFSET 0
    ) st ON true
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_object('id', id, 'start_time', start_time, 'end_time', end_time)) AS leaves
      FROM attendance_leave_application
      WHERE student_id = pair.student_id AND status = 'approved' AND start_date <= s.scheduled_date
        AND end_date >= s.scheduled_date AND affects_attendance AND auto_apply_to_sessions OFFSET 0
    ) l ON true`;

/** Rows, since making JSON of three decisions takes PostgreSQL ten times as long as finding them. */
export const DECISIONS_SQL = `
  SELECT pair.n::int, d.id, d.ordinal, d.kind, d.mark, d.source, d."atMs"
  FROM ${PAIRS_SQL}
    CROSS JOIN LATERAL (
      SELECT id, ordinal, kind, mark, source, ${epochMs('decided_at')} AS "atMs" FROM decision
      WHERE session_id = pair.session_id AND student_id = pair.student_id AND withdrawn_at IS NULL OFFSET 0
    ) d`;

export async function loadStandings(trx: Knex, pairs: readonly Pair[]): Promise<Standing[]> {
  const keys = [pairs.map(({ sessionId }) => sessionId), pairs.map(({ studentId }) => studentId)] as never;
  const [{ rows }, decided] = await Promise.all([
    prepared<{ rows: StandingRow[] }>(trx, STANDING_SQL, keys),
    prepared<{ rows: DecisionRow[] }>(trx, DECISIONS_SQL, keys),
  ]);
  const decisions: HumanDecision[][] = pairs.map(() => []);
  for (const row of decided.rows) decisions[row.n - 1]?.push(row);
  // A pair of a class that is gone has no row.
  return rows.flatMap((row) => {
    const pair = pairs[row.n - 1];
    if (pair === undefined) return [];
    return [
      {
        sessionId: pair.sessionId,
        studentId: pair.studentId,
        hasRecord: row.has_record,
        hasStays: row.has_stays === true,
        groups: row.groups?.sort() ?? [],
        status: row.status,
        leaves: row.leaves?.sort(byId) ?? [],
        decisions: decisions[row.n - 1] ?? [],
      },
    ];
  });
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

/** The leave that covers the class: of part of a day, those that start within it (domain case 124). */
export function leaveOf({ leaves }: Standing, { localStart }: LoadedSession): string | null {
  const covering = leaves.find(
    ({ start_time: from, end_time: until }) =>
      from === null || until === null || (from <= localStart && localStart < until),
  );
  return covering?.id ?? null;
}
