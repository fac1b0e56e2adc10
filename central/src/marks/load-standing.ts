import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { ofStudent } from '../people/of-student.js';
import type { Facts, HumanDecision } from '../rules/facts.js';
import { epochMs } from './epoch-ms.js';
import type { LoadedSession } from './load-sessions.js';
import type { Pair } from './pair.js';

/** Campus-local wall time, where it covers a part of a day. */
interface Leave {
  id: string;
  start_time: string | null;
  end_time: string | null;
}

/** What a student is to a class session before anything was captured. */
export interface Standing extends Pair {
  hasRecord: boolean;
  /** Stays were measured when the record was written. */
  hasStays: boolean;
  /** Groups that the student is in on the date of the class. */
  groups: readonly string[];
  status: NonNullable<Facts['status']> | null;
  leaves: readonly Leave[];
  /** What people have decided about this student in this class, and not taken back. */
  decisions: readonly HumanDecision[];
}

/** One for each group and leave of a pair; those who have several of either have several rows. */
interface StandingRow {
  /** Which of the pairs, from 1 on. */
  n: number;
  has_record: boolean;
  has_stays: boolean | null;
  group_id: string | null;
  status: Standing['status'];
  leave_id: string | null;
  start_time: string | null;
  end_time: string | null;
}

interface DecisionRow extends HumanDecision {
  /** Which of the pairs, from 1 on. */
  n: number;
}

/** Rows bear the number of their pair: two ids of each would cost more to write and to read than all the rest. */
const PAIRS_SQL = 'unnest(?::uuid[], ?::uuid[]) WITH ORDINALITY AS pair (session_id, student_id, n)';

/**
 * Rows: nearly everybody has one group and no leave, and gathering them in arrays and JSON takes PostgreSQL longer than
 * finding them.
 */
export const STANDING_SQL = `
  SELECT pair.n::int, r.is_there IS NOT NULL AS has_record, r.has_stays, m.section_id AS group_id, st.status,
    l.id AS leave_id, l.start_time, l.end_time
  FROM ${PAIRS_SQL}
    JOIN attendance_session s ON s.id = pair.session_id
    LEFT JOIN LATERAL (
      SELECT true AS is_there, jsonb_exists(derivation, 'dwell_seconds') AS has_stays FROM attendance_record
      WHERE session_id = pair.session_id AND student_id = pair.student_id OFFSET 0
    ) r ON true
    LEFT JOIN LATERAL (
      SELECT section_id FROM roster_membership
      WHERE ${ofStudent('pair.student_id')} AND valid_during @> s.scheduled_date OFFSET 0
    ) m ON true
    LEFT JOIN LATERAL (
      SELECT status FROM student_status_period
      WHERE student_id = pair.student_id AND valid_during @> s.scheduled_date AND withdrawn_at IS NULL
        AND status IN ('suspended_disciplinary', 'withdrawn_medical') OFFSET 0
    ) st ON true
    LEFT JOIN LATERAL (
      SELECT id, start_time, end_time FROM attendance_leave_application
      WHERE student_id = pair.student_id AND status = 'approved' AND start_date <= s.scheduled_date
        AND end_date >= s.scheduled_date AND affects_attendance AND auto_apply_to_sessions OFFSET 0
    ) l ON true`;

export const DECISIONS_SQL = `
  SELECT pair.n::int, d.id, d.ordinal, d.kind, d.mark, d.source, d."atMs"
  FROM ${PAIRS_SQL}
    CROSS JOIN LATERAL (
      SELECT id, ordinal, kind, mark, source, ${epochMs('decided_at')} AS "atMs" FROM decision
      WHERE session_id = pair.session_id AND student_id = pair.student_id AND withdrawn_at IS NULL OFFSET 0
    ) d`;

/** In the order of the pairs, without those whose class session does not exist. */
export async function loadStandings(trx: Knex, pairs: readonly Pair[]): Promise<Standing[]> {
  const keys = [pairs.map(({ sessionId }) => sessionId), pairs.map(({ studentId }) => studentId)] as never;
  const [{ rows }, decided] = await Promise.all([
    prepared<{ rows: StandingRow[] }>(trx, STANDING_SQL, keys),
    prepared<{ rows: DecisionRow[] }>(trx, DECISIONS_SQL, keys),
  ]);
  const found: (GatheredStanding | undefined)[] = pairs.map(() => undefined);
  for (const row of rows) {
    const known = found[row.n - 1];
    if (known === undefined) found[row.n - 1] = begun(pairs[row.n - 1] as Pair, row);
    else addTo(known, row);
  }
  for (const { n, ...decision } of decided.rows) found[n - 1]?.decisions.push(decision);
  return found.filter((standing) => standing !== undefined);
}

interface GatheredStanding extends Standing {
  groups: string[];
  leaves: Leave[];
  decisions: HumanDecision[];
}

/** Ids as PostgreSQL writes them: whoever asked may have them in capitals. */
const begun = ({ sessionId, studentId }: Pair, row: StandingRow): GatheredStanding => ({
  sessionId: sessionId.toLowerCase(),
  studentId: studentId.toLowerCase(),
  hasRecord: row.has_record,
  hasStays: row.has_stays === true,
  groups: row.group_id === null ? [] : [row.group_id],
  status: row.status,
  leaves: leavesOf(row),
  decisions: [],
});

/** Another row of the same pair has what the others have, beside another group or leave. */
function addTo({ groups, leaves }: GatheredStanding, row: StandingRow): void {
  if (row.group_id !== null && !groups.includes(row.group_id)) groups.push(row.group_id);
  groups.sort();
  if (leaves.some(({ id }) => id === row.leave_id)) return;
  leaves.push(...leavesOf(row));
  // Of several that cover the class one and the same is named, in whatever order they were found.
  leaves.sort((a, b) => (a.id < b.id ? -1 : 1));
}

const leavesOf = ({ leave_id: id, start_time, end_time }: StandingRow): Leave[] =>
  id === null ? [] : [{ id, start_time, end_time }];

/** The leave that covers the class: of part of a day, those that start within it (domain case 124). */
export function leaveOf({ leaves }: Standing, { localStart }: LoadedSession): string | null {
  const covering = leaves.find(
    ({ start_time: from, end_time: until }) =>
      from === null || until === null || (from <= localStart && localStart < until),
  );
  return covering?.id ?? null;
}
