import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { Settings } from '../rules/setting-keys.js';

/** What a person says about the part of a day: times, half a day, or periods of one day. */
export interface GivenPart {
  start_time?: string | undefined;
  end_time?: string | undefined;
  half_day?: 'forenoon' | 'afternoon' | undefined;
  periods?: { from: number; to: number } | undefined;
}

/** Campus-local; null for whole days. Covers classes that start from `startTime` on and before `endTime`. */
export interface DayPart {
  startTime: string | null;
  endTime: string | null;
}

const WHOLE_DAYS: DayPart = { startTime: null, endTime: null };
const LAST_TIME = '23:59:59';

export interface PartRequest {
  given: GivenPart;
  studentId: string;
  startDate: string;
  endDate: string;
  settings: Pick<Settings, 'AFTERNOON_STARTS_AT'>;
}

/**
 * The times that the part of a day stands for (domain case 124). Periods are those of the student's own classes
 * on that day, a lab of three counting as three.
 *
 * @throws RollcallError `REQUEST_INVALID` where it is said in two ways, or of no class
 */
export async function readDayPart(knex: Knex, request: PartRequest): Promise<DayPart> {
  const { given, settings } = request;
  const hasTimes = given.start_time !== undefined || given.end_time !== undefined;
  const ways = [hasTimes, given.half_day !== undefined, given.periods !== undefined].filter(Boolean).length;
  if (ways === 0) return WHOLE_DAYS;
  if (ways > 1) throw invalid('say the part of the day in one way: times, half_day or periods');
  if (given.half_day === 'forenoon') return { startTime: '00:00', endTime: settings.AFTERNOON_STARTS_AT };
  if (given.half_day === 'afternoon') return { startTime: settings.AFTERNOON_STARTS_AT, endTime: LAST_TIME };
  if (given.periods !== undefined) return partOfPeriods(knex, request, given.periods);
  const { start_time: startTime, end_time: endTime } = given;
  if (startTime === undefined || endTime === undefined || startTime >= endTime) {
    throw invalid('start_time and end_time go together, the earlier first');
  }
  return { startTime, endTime };
}

async function partOfPeriods(
  knex: Knex,
  { studentId, startDate, endDate }: PartRequest,
  { from, to }: { from: number; to: number },
): Promise<DayPart> {
  if (startDate !== endDate)
    throw invalid('periods are those of one day: start_date and end_date must be the same');
  if (from > to) throw invalid('periods.from must not be after periods.to');
  const { rows } = await knex.raw<{ rows: { starts: string; period_count: number }[] }>(
    `SELECT DISTINCT ON (s.start_at) to_char(s.start_at AT TIME ZONE c.zone, 'HH24:MI:SS') AS starts, s.period_count
     FROM roster_membership m
       JOIN session_section g ON g.section_id = m.section_id AND m.valid_during @> g.scheduled_date
       JOIN attendance_session s ON s.id = g.session_id AND s.status <> 'cancelled'
       JOIN academic_period p ON p.id = s.academic_period_id JOIN campus c ON c.id = p.campus_id
     WHERE m.student_id = ?::uuid AND g.scheduled_date = ?::date ORDER BY s.start_at, s.period_count DESC`,
    [studentId, startDate],
  );
  const starts = rows.flatMap(({ starts: at, period_count: count }) => Array<string>(count).fill(at));
  const first = starts[from - 1];
  if (first === undefined || starts[to - 1] === undefined) {
    throw invalid(`there are ${starts.length} periods on ${startDate}; give the times of the day instead`);
  }
  // Up to the next class that begins after the last one that is meant.
  const next = starts.slice(to).find((at) => at > (starts[to - 1] ?? ''));
  return { startTime: first, endTime: next ?? LAST_TIME };
}

const invalid = (problem: string): RollcallError => new RollcallError('REQUEST_INVALID', problem);
