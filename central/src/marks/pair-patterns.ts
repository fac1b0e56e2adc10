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
  const cards = await trx.raw<{ rows: CardRow[] }>(CARDS_SQL, [sessionIds as never]);
  const pairs = together(cards.rows);
  if (pairs.length === 0) return;
  const { rows } = await trx.raw<{ rows: object[] }>(NOTE_SQL, [
    pairs.map(([first]) => first.student_id),
    pairs.map(([, second]) => second.student_id),
    pairs.map(([{ session_id: sessionId }]) => sessionId),
  ] as never);
  if (rows.length === 0) return;
  await trx.raw(REPORT_SQL, [new Date(nowMs), JSON.stringify(rows)]);
}

interface CardRow {
  session_id: string;
  student_id: string;
  marked_at: Date;
  /** Where the card was read. */
  reader: string;
}

/** Cards of different students within the time; each is compared with those that follow it, and no further. */
function together(cards: readonly CardRow[]): [CardRow, CardRow][] {
  const pairs: [CardRow, CardRow][] = [];
  for (const [index, card] of cards.entries()) {
    for (let next = index + 1; next < cards.length; next += 1) {
      const other = cards[next] as CardRow;
      const isNear =
        other.session_id === card.session_id &&
        other.reader === card.reader &&
        other.marked_at.getTime() - card.marked_at.getTime() <= TOGETHER_SECONDS * 1_000;
      if (!isNear) break;
      if (card.student_id < other.student_id) pairs.push([card, other]);
      if (card.student_id > other.student_id) pairs.push([other, card]);
    }
  }
  return pairs;
}

const CARDS_SQL = `
  SELECT r.session_id, r.student_id, r.marked_at, (used->>'gateway_id') || '/' || (used->>'device_id') AS reader
  FROM attendance_record r CROSS JOIN LATERAL jsonb_array_elements(r.derivation->'used') AS used
  WHERE r.session_id = ANY(?::uuid[]) AND jsonb_exists(r.derivation->'flags', 'CARD_ONLY') AND used->>'kind' = 'card'
  ORDER BY r.session_id, reader, r.marked_at`;

const NOTE_SQL = `
  INSERT INTO pair_pattern (student_a, student_b, session_id, kind)
  SELECT DISTINCT student_a, student_b, session_id, 'cards_together'
  FROM unnest(?::uuid[], ?::uuid[], ?::uuid[]) AS p (student_a, student_b, session_id)
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
