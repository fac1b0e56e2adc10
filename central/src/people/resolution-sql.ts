import { ofStudent } from './of-student.js';

/**
 * Resolution of punches as SQL over whole sets of rows: the same text places a new punch, a re-timed one and
 * one whose card was assigned later, so that the way a punch came can never change whose it is.
 */

/** A clock that says an earlier year is not set, whatever it says about itself (domain case 88). */
const CLOCK_FLOOR = "'2020-01-01 00:00:00+00'";

/** Rows whose own wall time is not believed: an anchor of their boot places them. */
export const isUnplaced = (row: string): string =>
  `(${row}.clock_state <> 'synced' OR ${row}.occurred_at < ${CLOCK_FLOOR})`;

/** Anchors that may place others. */
export const isTrustedAnchor = (anchor: string): string =>
  `${anchor}.clock_state = 'synced' AND ${anchor}.wall_at >= ${CLOCK_FLOOR}`;

/**
 * What is known of a clock that was wrong although it believed itself right (domain cases 87, 90): `said` by a
 * person for wall time, `measured` for a piece of one boot. Each is at most one row; the person outranks.
 */
const offsetOf = (name: 'said' | 'measured', { row, wall }: { row: string; wall: string }): string => `
  ${name}.gateway_id = ${row}.gateway_id AND ${name}.during @> ${row}.${wall} AND ${
    name === 'said'
      ? 'said.boot_id IS NULL'
      : `measured.boot_id = ${row}.boot_id AND measured.from_mono_ms <= ${row}.mono_ms
        AND (measured.until_mono_ms IS NULL OR measured.until_mono_ms > ${row}.mono_ms)`
  }`;

/** SQL: milliseconds that the clock of this row was ahead, null where nothing is known. */
export const knownOffset = (row: string, wall: string): string => `coalesce(
  (SELECT offset_ms FROM gateway_clock_offset said WHERE ${offsetOf('said', { row, wall })}),
  (SELECT offset_ms FROM gateway_clock_offset measured WHERE ${offsetOf('measured', { row, wall })}))`;

/**
 * `timed`: the rows of `source` with effective_at and time_source. The SQL twin of protocol's `effectiveTime`,
 * with what is known of clocks that were wrong although they believed themselves right (domain case 87), and what
 * a person said of a boot that no anchor places (case 88). Anchors are asked for by a row that needs one and not joined:
 * trusted rows, nearly all, would each begin a search that finds nothing.
 *
 * @param source a CTE with n (any unique number) and the evidence columns of `punch`
 */
const timedCte = (source: string): string => `
  timed AS MATERIALIZED (
    SELECT i.*,
           CASE WHEN ${isUnplaced('i')} THEN coalesce(unplaced.anchored_at, unplaced.said_at)
                ELSE i.occurred_at - coalesce(said.offset_ms, measured.offset_ms, 0) * interval '1 millisecond'
           END AS effective_at,
           CASE WHEN unplaced.anchored_at IS NOT NULL THEN 'clock_anchor'
                WHEN unplaced.said_at IS NOT NULL THEN 'said'
                WHEN ${isUnplaced('i')} THEN 'unknown'
                WHEN coalesce(said.offset_ms, measured.offset_ms, 0) = 0 THEN 'gateway_clock'
                ELSE 'clock_offset' END AS time_source
    FROM ${source} i
    LEFT JOIN gateway_clock_offset said ON ${offsetOf('said', { row: 'i', wall: 'occurred_at' })}
    LEFT JOIN gateway_clock_offset measured ON ${offsetOf('measured', { row: 'i', wall: 'occurred_at' })}
    CROSS JOIN LATERAL (
      SELECT CASE WHEN ${isUnplaced('i')} THEN (
          SELECT a.wall_at + (i.mono_ms - a.mono_ms - coalesce(${knownOffset('a', 'wall_at')}, 0))
            * interval '1 millisecond'
          FROM clock_anchor a
          WHERE a.gateway_id = i.gateway_id AND a.boot_id = i.boot_id AND ${isTrustedAnchor('a')}
          ORDER BY abs(a.mono_ms - i.mono_ms), a.seq, a.mono_ms, a.wall_at
          LIMIT 1) END AS anchored_at,
        CASE WHEN ${isUnplaced('i')} THEN (
          SELECT b.wall_at + (i.mono_ms - b.mono_ms) * interval '1 millisecond'
          FROM boot_placement b WHERE b.gateway_id = i.gateway_id AND b.boot_id = i.boot_id) END AS said_at
    ) unplaced
  )`;

/** Who had a credential with this projection at that time, for the rows that no stronger one has decided. */
function hitsCte(projection: 'full' | 'u32' | 'w26', stronger: readonly string[]): string {
  const undecided = stronger
    .map((name) => `AND NOT EXISTS (SELECT FROM ${name}_hits d WHERE d.n = t.n)`)
    .join(' ');
  return `
  ${projection}_hits AS MATERIALIZED (
    SELECT DISTINCT t.n, c.student_id, c.state = 'issued' AS is_issued
    FROM timed t
    JOIN credential_hash h ON h.hash = t.hash_${projection} AND h.projection = '${projection}'
    JOIN credential c ON c.id = h.credential_id
    WHERE (t.kind IN ('card', 'pin') OR t.claimed_student_ref IS NULL) AND c.valid_during @> t.effective_at ${undecided}
      ${projection === 'full' ? '' : `AND t.hash_${projection} IS NOT NULL ${NOT_ANOTHER_CARD}`}
  )`;
}

/**
 * A part of a number proves nothing where both whole numbers are known and differ: another card of the same
 * technology that ends alike.
 */
const NOT_ANOTHER_CARD = `
      AND (t.hash_full IS NULL OR c.technology <> t.technology OR NOT EXISTS (
        SELECT FROM credential_hash f WHERE f.credential_id = c.id AND f.projection = 'full'))`;

/**
 * Whose word the gateway's or the terminal's is: where it saw a finger, a face or a number that was typed, or where it
 * does not say which card it read. A card, and a PIN that was typed after one, are resolved by the card.
 */
const IS_CLAIM = `(t.kind NOT IN ('card', 'pin') OR t.technology IS NULL)`;

/**
 * `resolved`: the rows of `source` with their time and whose credential it was then (domain cases 91 to 93). Whom a
 * finger, a face or the user of a terminal is said to be counts by itself; where nobody is said, the card counts that
 * the terminal has on file for its user. A card that was read is only ever looked up.
 * The strongest projection with any match decides; an issued card beats one that is blocked, lost or
 * returned; two people are nobody.
 */
export const resolutionCtes = (source: string): string => `
  ${timedCte(source)},
  ${hitsCte('full', [])},
  ${hitsCte('u32', ['full'])},
  ${hitsCte('w26', ['full', 'u32'])},
  verdict AS (
    SELECT n, projection,
           count(*) FILTER (WHERE is_issued) AS issued,
           count(*) FILTER (WHERE NOT is_issued) AS barred,
           -- Read only where there is exactly one; through text, because uuid has no min().
           min(student_id::text) FILTER (WHERE is_issued)::uuid AS issued_to,
           min(student_id::text) FILTER (WHERE NOT is_issued)::uuid AS barred_of
    FROM (SELECT *, 'full' AS projection FROM full_hits UNION ALL SELECT *, 'u32' FROM u32_hits
          UNION ALL SELECT *, 'w26' FROM w26_hits) hits
    GROUP BY n, projection
  ),
  resolved AS MATERIALIZED (
    SELECT t.*, v.projection AS matched_projection,
           CASE WHEN t.effective_at IS NULL THEN 'time_unknown'
                WHEN claimed.id IS NOT NULL OR v.issued = 1 THEN 'recognized'
                WHEN v.issued > 1 OR v.barred > 1 THEN 'ambiguous'
                WHEN v.barred = 1 THEN 'blocked'
                ELSE 'unknown' END AS outcome,
           CASE WHEN claimed.id IS NOT NULL THEN claimed.id
                WHEN v.issued = 1 THEN v.issued_to
                WHEN v.issued = 0 AND v.barred = 1 THEN v.barred_of END AS student_id
    FROM timed t
    LEFT JOIN verdict v ON v.n = t.n
    LEFT JOIN student claimed ON claimed.roll_number = t.claimed_student_ref AND ${IS_CLAIM}
      AND t.effective_at IS NOT NULL
  )`;

/**
 * Queues every class session that the (student_id, effective_at) rows of `pairs` can concern. Wide on
 * purpose: rooms and windows are the rules' to judge, and a session too many costs one look.
 *
 * Sessions are looked up once per group for the time that its members were seen in, and OFFSET 0 keeps the
 * planner from joining all sessions with all members first, which it likes for the few rows it expects: the
 * cost of a punch must not grow with the timetable. What a guest does in another batch's class counts for the
 * class of his own (domain case 60). Whoever has no class then may have left its roster, or be of a batch of the
 * same section: that class is looked at, too, and a person is told (cases 38, 60).
 */
export const enqueueJudgement = (pairs: string): string => `
  INSERT INTO judgement_todo (session_id, student_id) ${concernedSessions(pairs)}`;

/** The (session_id, student_id) of {@link enqueueJudgement}, each once. */
export const concernedSessions = (pairs: string): string => `
  WITH seen AS MATERIALIZED (SELECT student_id, effective_at FROM ${pairs} e),
  tapped AS MATERIALIZED (
    SELECT e.student_id, e.effective_at, m.section_id, m.valid_during
    FROM seen e JOIN roster_membership m ON ${ofStudent('e.student_id', 'm')}
  ),
  near AS MATERIALIZED (
    SELECT s.*
    FROM (SELECT section_id, min(effective_at) AS first_at, max(effective_at) AS last_at FROM tapped GROUP BY section_id) span
    CROSS JOIN LATERAL (
      SELECT g.session_id, g.section_id, g.scheduled_date, g.reach_from, g.reach_until
      FROM session_section g
      WHERE g.section_id = span.section_id AND g.reach_from <= span.last_at
        AND g.reach_from >= span.first_at - interval '1 day'
      OFFSET 0
    ) s
  ),
  matched AS MATERIALIZED (
    SELECT near.session_id, tapped.student_id, tapped.effective_at
    FROM tapped JOIN near USING (section_id)
    WHERE tapped.effective_at BETWEEN near.reach_from AND near.reach_until
      AND tapped.valid_during @> near.scheduled_date
  )
  SELECT session_id, student_id FROM matched
  UNION
  SELECT stray.session_id, stray.student_id FROM (
    SELECT student_id, effective_at FROM seen EXCEPT SELECT student_id, effective_at FROM matched
  ) unmatched
    CROSS JOIN LATERAL (
      SELECT visited.session_id, unmatched.student_id
      FROM roster_membership m JOIN section own ON own.id = m.section_id
        JOIN section theirs ON theirs.id = own.id OR (own.parent_id IS NOT NULL AND theirs.parent_id = own.parent_id)
        JOIN session_section visited ON visited.section_id = theirs.id
          AND visited.reach_from <= unmatched.effective_at AND visited.reach_from >= unmatched.effective_at - interval '1 day'
      WHERE m.student_id = unmatched.student_id AND unmatched.effective_at <= visited.reach_until
      OFFSET 0
    ) stray
  UNION
  SELECT guest.counts_for_session_id, guest.student_id
  FROM seen e JOIN session_guest guest ON guest.student_id = e.student_id
    JOIN attendance_session visited ON visited.id = guest.session_id
  WHERE e.effective_at BETWEEN visited.reach_from AND visited.reach_until`;
