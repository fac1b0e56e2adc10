import { isExemptSql } from '../consent/finger-exemptions.js';
import type { Job } from './job.js';

/** Nobody calls a roll this fast (domain case 119). */
const SWIFT_SECONDS = 3;
/** A pattern: this many classes in a row. */
const PATTERN_CLASSES = 10;
/** Classes that became final longer ago have been looked at. */
const LOOK_BACK = "interval '14 days'";

/**
 * Finds classes that their own faculty member marked present from the first to the last student within seconds while
 * no device saw anybody, and tells the head of department of whoever does so ten classes in a row (domain case 119): a
 * pattern to ask about, never a change of marks. Readers that were down excuse it, and so
 * does a class of nobody but students without usable fingers (case 118).
 */
export const noteSwiftMarkingJob: Job = {
  name: 'note-swift-marking',
  title: 'Finds faculty whose classes are marked present in seconds without any device',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const now = new Date(clock.wallMs());
    return knex.transaction(async (trx) => {
      const { rows } = await trx.raw<{ rows: { faculty_code: string }[] }>(NOTE_SQL, [now, now]);
      if (rows.length === 0) return undefined;
      const codes = [...new Set(rows.map(({ faculty_code }) => faculty_code))];
      await trx.raw(REPORT_SQL, [now, codes as never]);
      return `${rows.length} class sessions marked in seconds without a device`;
    });
  },
};

const NOTE_SQL = `
  WITH due AS (
    SELECT s.id, s.scheduled_date, coalesce(s.substitute_code, s.faculty_code) AS faculty_code
    FROM attendance_session s WHERE s.status IN ('finalized', 'locked') AND s.end_at > ?::timestamptz - ${LOOK_BACK}
      AND NOT EXISTS (SELECT FROM swift_marking w WHERE w.session_id = s.id)
  )
  INSERT INTO swift_marking (session_id, faculty_code, at)
  SELECT due.id, due.faculty_code, ?::timestamptz
  FROM due JOIN attendance_record r ON r.session_id = due.id AND r.mark NOT IN ('not_required', 'excused')
    LEFT JOIN LATERAL (
      SELECT d.decided_at FROM decision d JOIN account a ON a.id = d.decided_by AND a.faculty_code = due.faculty_code
      WHERE d.session_id = due.id AND d.student_id = r.student_id AND d.withdrawn_at IS NULL
        AND d.kind NOT IN ('correction', 'confirm') AND NOT d.is_device_outage
        AND jsonb_exists(r.derivation->'decisions', d.id::text)
      ORDER BY d.decided_at DESC, d.ordinal DESC LIMIT 1
    ) decided ON true
  GROUP BY due.id, due.faculty_code
  HAVING bool_and(r.mark IN ('present', 'late') AND decided.decided_at IS NOT NULL
      AND jsonb_array_length(r.derivation->'used') = 0
      AND NOT r.derivation->'ignored' @> '[{"why": "OUTRANKED"}]')
    AND bool_or(NOT ${isExemptSql('r.student_id', 'due.scheduled_date')})
    AND max(decided.decided_at) - min(decided.decided_at) <= ${SWIFT_SECONDS} * interval '1 second'
  ON CONFLICT DO NOTHING RETURNING faculty_code`;

const REPORT_SQL = `
  INSERT INTO exception_item (at, code, message, session_id, detail)
  SELECT ?::timestamptz, 'SWIFT_MARKING',
    'The last ${PATTERN_CLASSES} classes of one faculty member were each marked present within ${SWIFT_SECONDS} seconds while no device saw anybody; ask how the roll was called',
    last.newest, jsonb_build_object('faculty_code', f.code, 'classes', ${PATTERN_CLASSES})
  FROM faculty f CROSS JOIN LATERAL (
    SELECT (array_agg(h.id ORDER BY h.start_at DESC))[1] AS newest, count(*) AS classes, count(w.session_id) AS swift
    FROM (
      SELECT s.id, s.start_at FROM attendance_session s
      WHERE coalesce(s.substitute_code, s.faculty_code) = f.code AND s.status IN ('finalized', 'locked')
      ORDER BY s.start_at DESC LIMIT ${PATTERN_CLASSES}
    ) h LEFT JOIN swift_marking w ON w.session_id = h.id
  ) last
  WHERE f.code = ANY(?::text[]) AND last.classes = ${PATTERN_CLASSES} AND last.swift = ${PATTERN_CLASSES}
    AND NOT EXISTS (SELECT FROM exception_item e WHERE e.code = 'SWIFT_MARKING' AND e.resolved_at IS NULL
      AND e.detail @> jsonb_build_object('faculty_code', f.code))
  ON CONFLICT DO NOTHING`;
