import type { Knex } from '../db/database.js';

/** Cards that follow each other this closely at one reader may be in one hand (domain case 112). */
const TOGETHER_SECONDS = 2;
/** A pattern: together in this many of the last classes of both. */
const PATTERN_COUNT = 5;
const PATTERN_OF_LAST = 10;

/**
 * Counts pairs of cards that came together where a finger could have been shown, once per class, and tells the
 * head of department of those that do so again and again: a pattern, never a punishment.
 */
export async function notePairPatterns(
  trx: Knex,
  sessionIds: readonly string[],
  nowMs: number,
): Promise<void> {
  const { rows } = await trx.raw<{ rows: object[] }>(NOTE_SQL, [sessionIds as never]);
  if (rows.length === 0) return;
  await trx.raw(REPORT_SQL, [new Date(nowMs), JSON.stringify(rows)]);
}

const CARDS_SQL = `
  SELECT r.session_id, r.student_id, r.marked_at, used->>'gateway_id' AS gateway_id, used->>'device_id' AS device_id
  FROM attendance_record r CROSS JOIN LATERAL jsonb_array_elements(r.derivation->'used') AS used
  WHERE r.session_id = ANY(?::uuid[]) AND jsonb_exists(r.derivation->'flags', 'CARD_ONLY') AND used->>'kind' = 'card'`;

const NOTE_SQL = `
  WITH card AS MATERIALIZED (${CARDS_SQL})
  INSERT INTO pair_pattern (student_a, student_b, session_id, kind)
  SELECT DISTINCT a.student_id, b.student_id, a.session_id, 'cards_together'
  FROM card a JOIN card b ON b.session_id = a.session_id AND b.gateway_id = a.gateway_id AND b.device_id = a.device_id
    AND a.student_id < b.student_id
    AND abs(extract(epoch FROM a.marked_at - b.marked_at)) <= ${TOGETHER_SECONDS}
  ON CONFLICT DO NOTHING
  RETURNING student_a, student_b, session_id`;

const REPORT_SQL = `
  INSERT INTO exception_item (at, code, message, session_id, student_id, detail)
  SELECT ?::timestamptz, 'CARDS_TOGETHER',
    'Two cards came together in ' || seen.together || ' of the last ' || ${PATTERN_OF_LAST} ||
      ' classes of both; ask the two students about it',
    p.session_id, p.student_a, jsonb_build_object('student_a', p.student_a, 'student_b', p.student_b, 'together', seen.together)
  FROM jsonb_to_recordset(?::jsonb) AS p (student_a uuid, student_b uuid, session_id uuid)
    CROSS JOIN LATERAL (
      SELECT count(t.session_id) AS together FROM (
        SELECT s.id FROM attendance_record ra
          JOIN attendance_record rb ON rb.session_id = ra.session_id AND rb.student_id = p.student_b
          JOIN attendance_session s ON s.id = ra.session_id
        WHERE ra.student_id = p.student_a ORDER BY s.start_at DESC LIMIT ${PATTERN_OF_LAST}
      ) last LEFT JOIN pair_pattern t ON t.session_id = last.id AND t.student_a = p.student_a
        AND t.student_b = p.student_b AND t.kind = 'cards_together'
    ) seen
  WHERE seen.together >= ${PATTERN_COUNT}
  ON CONFLICT DO NOTHING`;
