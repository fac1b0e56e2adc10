import { isMeant } from '../calendar/day-rules.js';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { LoadedSession, ScopedHoliday } from './load-sessions.js';
import type { Standing } from './load-standing.js';

interface GroupRow {
  id: string;
  parent_id: string | null;
  year_of_study: number | null;
  department_id: string | null;
}

export type IsOnHoliday = (session: LoadedSession, standing: Standing) => boolean;

/**
 * Holidays of some groups only: a class that others have goes on without the students of those (domain case 8).
 * Most days have none, and then nothing is read.
 */
export async function loadScopedHolidays(
  trx: Knex,
  sessions: Iterable<LoadedSession>,
  standings: readonly Standing[],
): Promise<IsOnHoliday> {
  if ([...sessions].every(({ scopedHolidays }) => scopedHolidays.length === 0)) return () => false;
  const groups = await loadGroups(trx, [...new Set(standings.flatMap(({ groups: ids }) => ids))]);
  return (session, standing) =>
    session.scopedHolidays.some(
      (holiday) =>
        isDuring(holiday, session) &&
        !hadEnded(session, holiday) &&
        standing.groups.some((id) => isOfGroup(holiday, groups.get(id))),
    );
}

async function loadGroups(trx: Knex, ids: readonly string[]): Promise<Map<string, GroupRow>> {
  const { rows } = await prepared<{ rows: GroupRow[] }>(
    trx,
    `SELECT g.id, g.parent_id, coalesce(g.year_of_study, parent.year_of_study) AS year_of_study,
       coalesce(g.department_id, parent.department_id) AS department_id
     FROM section g LEFT JOIN section parent ON parent.id = g.parent_id
     WHERE g.id = ANY(?::text[]) AND g.kind <> 'elective'`,
    [ids as never],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function isDuring(
  { start_time: from, end_time: until }: ScopedHoliday,
  { localStart }: LoadedSession,
): boolean {
  return from === null || until === null || (from <= localStart && localStart < until);
}

/** What had ended when the holiday was declared stays held (domain case 6). */
function hadEnded({ endMs }: LoadedSession, { declared_ms: declaredMs }: ScopedHoliday): boolean {
  return declaredMs !== null && endMs <= declaredMs;
}

function isOfGroup(holiday: ScopedHoliday, group: GroupRow | undefined): boolean {
  if (group === undefined) return false;
  return isMeant(
    {
      sectionId: group.id,
      parentId: group.parent_id,
      yearOfStudy: group.year_of_study,
      departmentId: group.department_id,
    },
    {
      scope: {
        yearOfStudy: holiday.scope_year_of_study,
        departmentId: holiday.scope_department_id,
        sectionId: holiday.scope_section_id,
      },
    },
  );
}
