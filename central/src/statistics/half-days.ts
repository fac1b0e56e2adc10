import type { Scope } from '../auth/scope.js';
import { instantOf } from '../calendar/campus-zone.js';
import type { SettingsAt } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import { ofStudent } from '../people/of-student.js';
import { earliestReceivedMonthSql } from '../people/received-month.js';

/**
 * Half a day of one student. `pending`: a device of the campus, or a class of the half, has not told everything yet.
 * `not_required`: no class of the half asks for the student, as on a holiday, on leave or on a free afternoon.
 */
export const HALF_DAYS = ['present', 'absent', 'pending', 'not_required'] as const;
export type HalfDay = (typeof HALF_DAYS)[number];

interface ClassOfDay {
  /** Campus-local, `10:00:00`. */
  starts: string;
  end_ms: number;
  is_settled: boolean;
  is_attended: boolean;
}

/** What is known of one student on one day; a row of {@link halfDayRows}. */
export interface DayRow {
  date: string;
  section_id: string;
  section_name: string;
  programme_id: string | null;
  roll_number: string;
  full_name: string;
  first_seen: Date | null;
  last_seen: Date | null;
  /** Campus-local times of recognized captures: the main gate is enough (domain case 55), a hostel is not (case 56). */
  seen: string[] | null;
  classes: ClassOfDay[] | null;
}

export interface Halves {
  forenoon: HalfDay;
  afternoon: HalfDay;
}

export interface HalfDayContext {
  zone: string;
  settingsAt: SettingsAt;
  /** Everything that any device of the campus saw before this instant is known. */
  completeThroughMs: number;
}

export interface HalfDayLimits {
  from: string;
  until: string;
  zone: string;
  /** On `st`, a student, `g`, the section, and `d.date`. */
  where: Scope;
  /** Rows at most; null: all. */
  limit: number | null;
}

const isPresenceOnly = (roomId: string): string =>
  `EXISTS (SELECT FROM room WHERE room.id = ${roomId} AND room.purpose = 'presence')`;

/** The statement for the days of students in their sections, by date, section and roll number. */
export function halfDayRows({ from, until, zone, where, limit }: HalfDayLimits): {
  sql: string;
  bindings: (string | number | null)[];
} {
  return {
    sql: `SELECT k.date, k.section_id, k.section_name, k.programme_id, k.roll_number, k.full_name, p.first_seen, p.last_seen,
        p.seen, c.classes
      FROM (
        SELECT d.date, g.id AS section_id, g.name AS section_name, g.programme_id, st.id, st.roll_number, st.full_name,
          d.date::timestamp AT TIME ZONE ? AS from_at, (d.date + 1)::timestamp AT TIME ZONE ? AS until_at
        FROM (SELECT day::date AS date FROM generate_series(?::date, ?::date, interval '1 day') day) d
          JOIN roster_membership m ON m.valid_during @> d.date
          JOIN section g ON g.id = m.section_id AND g.kind = 'section'
          JOIN student st ON st.id = m.student_id
        WHERE ${where.sql}
        ORDER BY d.date, g.id, st.roll_number LIMIT ?::int
      ) k
      CROSS JOIN LATERAL (
        SELECT min(effective_at) AS first_seen, max(effective_at) AS last_seen,
          array_agg(to_char(effective_at AT TIME ZONE ?, 'HH24:MI:SS')) AS seen
        FROM punch WHERE student_id = k.id AND effective_at >= k.from_at AND effective_at < k.until_at
          AND received_month >= ${earliestReceivedMonthSql('k.from_at')}
          AND outcome = 'recognized' AND review_batch_id IS NULL AND NOT ${isPresenceOnly('punch.room_id')}
      ) p
      CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object('starts', to_char(s.start_at AT TIME ZONE ?, 'HH24:MI:SS'),
          'end_ms', extract(epoch FROM s.end_at) * 1000, 'is_settled', s.status IN ('finalized', 'locked'),
          'is_attended', coalesce(r.mark IN ('present', 'late'), false))) AS classes
        FROM roster_membership xm JOIN session_section x ON x.section_id = xm.section_id
            AND x.scheduled_date = k.date AND xm.valid_during @> k.date
          JOIN attendance_session s ON s.id = x.session_id AND s.status NOT IN ('cancelled', 'not_held')
          LEFT JOIN attendance_record r ON r.session_id = s.id AND r.student_id = k.id
        WHERE ${ofStudent('k.id', 'xm')} AND coalesce(r.mark NOT IN ('excused', 'not_required'), true)
      ) c
      ORDER BY k.date, k.section_id, k.roll_number`,
    bindings: [zone, zone, from, until, ...where.bindings, limit, zone, zone],
  };
}

/** Until when nothing of any device that counts is missing; `Infinity` where there is no device to wait for. */
export async function campusCompleteThrough(knex: Knex): Promise<number> {
  const { rows } = await knex.raw<{ rows: { through_ms: number | null }[] }>(
    `SELECT extract(epoch FROM min(coalesce(complete_through, '-infinity')))::float8 * 1000 AS through_ms
     FROM attendance_biometric_device d
     WHERE d.is_enabled AND d.device_type <> 'lights' AND NOT ${isPresenceOnly('d.room_id')}`,
  );
  return rows[0]?.through_ms ?? Number.POSITIVE_INFINITY;
}

/**
 * Forenoon and afternoon of one student, as the statutory sheet asks for them (domain case 55, E2): there by a reader of the
 * campus, or in a class. It is no mark and changes none.
 */
export function halvesOf(row: DayRow, { zone, settingsAt, completeThroughMs }: HalfDayContext): Halves {
  const dayMs = instantOf(row.date, '00:00:00', zone);
  const { AFTERNOON_STARTS_AT: noon } = settingsAt(dayMs, { programmeId: row.programme_id });
  const half = (isOfHalf: (time: string) => boolean): HalfDay => {
    const classes = (row.classes ?? []).filter(({ starts }) => isOfHalf(starts));
    if ((row.seen ?? []).some(isOfHalf) || classes.some(({ is_attended: isIn }) => isIn)) return 'present';
    if (classes.length === 0) return 'not_required';
    const isKnown = classes.every(
      ({ is_settled: isSettled, end_ms: endMs }) => isSettled && endMs < completeThroughMs,
    );
    return isKnown ? 'absent' : 'pending';
  };
  return { forenoon: half((time) => time < noon), afternoon: half((time) => time >= noon) };
}

/** Half days that count as attended, and those that were asked for. */
export function rollUp({ forenoon, afternoon }: Halves): { attended: number; required: number } {
  const halves = [forenoon, afternoon];
  return {
    attended: halves.filter((half) => half === 'present').length,
    required: halves.filter((half) => half !== 'not_required').length,
  };
}
