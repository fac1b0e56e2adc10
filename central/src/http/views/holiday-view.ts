import type { HolidayEffect } from '../../calendar/apply-holiday.js';
import type { HolidayItem } from '../contracts/calendar.js';

export interface HolidayRow {
  id: string;
  name: string;
  date: string;
  is_full_day: boolean;
  start_time: string | null;
  end_time: string | null;
  description: string;
  affects_attendance: boolean;
  scope_year_of_study: number | null;
  scope_department_id: string | null;
  scope_section_id: string | null;
  version: number;
}

export function toItem(row: HolidayRow): HolidayItem {
  return {
    id: row.id,
    name: row.name,
    date: row.date,
    is_full_day: row.is_full_day,
    start_time: row.start_time?.slice(0, 5) ?? null,
    end_time: row.end_time?.slice(0, 5) ?? null,
    description: row.description,
    affects_attendance: row.affects_attendance,
    scope: {
      year_of_study: row.scope_year_of_study,
      department: row.scope_department_id,
      section: row.scope_section_id,
    },
    version: row.version,
  };
}

export const NO_EFFECT: HolidayEffect = { cancelled: [], notHeld: [], flagged: [], partly: [] };

export const toEffect = ({ cancelled, notHeld, flagged, partly }: HolidayEffect) => ({
  cancelled,
  not_held: notHeld,
  flagged,
  partly,
});
