import type { Knex } from '../db/database.js';
import { keptOf } from './life-calendar.test-support.js';
import type { Doing } from './life-step.test-support.js';

interface ClassRow {
  id: string;
  status: string;
  status_reason: string;
  holiday_id: string | null;
  /** The timetable made it. */
  is_planned: boolean;
  is_hand_changed: boolean;
  has_ended: boolean;
}

/** Something of the calendar that takes a class: all of it, or the part that lies in a half-day. */
interface Hit {
  session_id: string;
  kind: 'exam' | 'no_classes' | 'other_day' | 'holiday';
  holiday: string | null;
  /** What the calendar says, word by word: a holiday with other times or for other groups is another cause. */
  cause: string;
  is_whole: boolean;
}

interface Item {
  id: string;
  session_id: string;
  holiday: string;
  is_open: boolean;
  is_answered: boolean;
}

interface Look {
  classes: ReadonlyMap<string, ClassRow>;
  hits: readonly Hit[];
  items: readonly Item[];
}

const KIND_OF: Readonly<Record<string, Hit['kind']>> = {
  EXAM_DAY: 'exam',
  NO_CLASSES: 'no_classes',
  OTHER_DAY: 'other_day',
  HOLIDAY: 'holiday',
};
const GONE = ['cancelled', 'not_held'];
/** Classes that a person may still keep or cancel. */
const ASKED = ['scheduled', 'open', 'closed', 'finalized'];

/**
 * For tests: what the calendar takes is not to come and what it takes in part is before a person, and nothing else is
 * either (cases 3 to 9 and 73), looked at after each step of a life.
 */
export class LifeHolidays {
  readonly #knex: Knex;
  readonly #date: string;
  #classes = new Set<string>();
  /** Questions that were answered before the calendar said it. */
  #causes = new Map<string, ReadonlySet<string>>();
  /** A class and a cause of which somebody said, or the rules say, that it takes place all the same. */
  #spared = new Set<string>();

  constructor(knex: Knex, date: string) {
    this.#knex = knex;
    this.#date = date;
  }

  /** @throws Error naming what does not hold */
  async check(doing: Doing, isRefused: boolean): Promise<void> {
    const look = await this.#look(doing);
    this.#note(look, doing, isRefused);
    for (const one of look.classes.values()) {
      const hits = look.hits.filter(({ session_id: id }) => id === one.id);
      this.#checkTaken(one, hits);
      this.#checkAsked(one, hits, look.items);
    }
  }

  async #look(doing: Doing): Promise<Look> {
    const date = this.#date;
    const now = new Date(doing.campus.server.clock.wallMs());
    const { rows: classes } = await this.#knex.raw<{ rows: ClassRow[] }>(CLASSES_SQL, { date, now });
    const { rows: hits } = await this.#knex.raw<{ rows: Hit[] }>(HITS_SQL, { date });
    const { rows: items } = await this.#knex.raw<{ rows: Item[] }>(ITEMS_SQL, { date });
    return { classes: new Map(classes.map((one) => [one.id, one])), hits, items };
  }

  #note({ classes, hits, items }: Look, doing: Doing, isRefused: boolean): void {
    const [known, causes, spared] = [this.#classes, this.#causes, this.#spared];
    const answered = new Set(items.filter((item) => item.is_answered).map(({ id }) => id));
    this.#classes = new Set(classes.keys());
    this.#causes = new Map(hits.map(({ cause }) => [cause, causes.get(cause) ?? answered]));
    this.#spared = new Set();
    for (const hit of hits) {
      const one = classes.get(hit.session_id) as ClassRow;
      const key = keyOf(hit);
      const isNew = !causes.has(hit.cause);
      const isSpared =
        spared.has(key) ||
        (!isRefused && isWanted(doing, hit, { isNew, isMade: !one.is_planned && !known.has(one.id) })) ||
        isBeyond(one, hit, isNew);
      // Spared until something else takes it: given back, it is looked at like any other.
      if (isSpared && !GONE.includes(one.status)) this.#spared.add(key);
    }
  }

  /** A class that is to come is not taken; one that the calendar took is, by what it names, or it would be back. */
  #checkTaken({ id, status, status_reason: why, holiday_id: holiday }: ClassRow, hits: readonly Hit[]): void {
    const kind = KIND_OF[why];
    if (status === 'cancelled' && kind !== undefined) {
      const isTaken = hits.some((hit) => hit.is_whole && hit.kind === kind && hit.holiday === holiday);
      if (!isTaken) throw new Error(`the class ${id} is cancelled as ${why}, which nothing says any more`);
    }
    if (status !== 'scheduled' && status !== 'open') return;
    const taking = hits.find((hit) => hit.is_whole && !this.#spared.has(keyOf(hit)));
    if (taking !== undefined) throw new Error(`the class ${id} is ${status} in spite of ${taking.cause}`);
  }

  #checkAsked({ id, status }: ClassRow, hits: readonly Hit[], items: readonly Item[]): void {
    const own = items.filter((item) => item.session_id === id);
    const parts = ASKED.includes(status) ? hits.filter((hit) => !hit.is_whole) : [];
    const open = own.find((item) => item.is_open);
    if (open !== undefined) {
      if (parts.some(({ holiday }) => holiday === open.holiday)) return;
      throw new Error(`somebody is asked about the ${status} class ${id}, which is not partly in a holiday`);
    }
    for (const part of parts) {
      const before = this.#causes.get(part.cause);
      const isAnswered = own.some(
        (item) => item.is_answered && item.holiday === part.holiday && before?.has(item.id) === false,
      );
      if (isAnswered || this.#spared.has(keyOf(part))) continue;
      throw new Error(`nobody is asked about the ${status} class ${id}, which lies partly in ${part.cause}`);
    }
  }
}

const keyOf = ({ session_id: id, cause }: Hit): string => `${id} ${cause}`;

/**
 * A person brought the class back, made it or moved it into it altogether, or kept it when the holiday was declared
 * (case 6).
 */
function isWanted(
  doing: Doing,
  { session_id: id, holiday, is_whole: isWhole }: Hit,
  { isNew, isMade }: { isNew: boolean; isMade: boolean },
): boolean {
  if (isMade) return isWhole;
  if (['restore', 'reschedule'].includes(doing.step.what)) return isWhole && doing.id === id;
  return doing.step.what === 'declare-holiday' && holiday !== null && isNew && keptOf(doing).includes(id);
}

/** What the rules leave alone: what was held, what is locked, and of a day that follows another one what a hand has changed. */
function isBeyond(one: ClassRow, { kind, is_whole: isWhole }: Hit, isNew: boolean): boolean {
  if (one.status === 'locked') return true;
  if (!isWhole) return false;
  if (kind === 'other_day') return one.is_hand_changed || one.status !== 'scheduled';
  if (one.status === 'open') return isNew && one.has_ended;
  return one.status !== 'scheduled';
}

const CLASSES_SQL = `
  SELECT id, status, status_reason, holiday_id, timetable_slot_id IS NOT NULL AS is_planned, is_hand_changed,
    end_at <= :now AS has_ended
  FROM attendance_session WHERE scheduled_date = :date`;

const ITEMS_SQL = `
  SELECT e.id, e.session_id, e.detail->>'holiday_id' AS holiday, e.resolved_at IS NULL AS is_open, e.resolved_by IS NOT NULL AS is_answered
  FROM exception_item e JOIN attendance_session s ON s.id = e.session_id
  WHERE s.scheduled_date = :date AND e.code = 'HOLIDAY_STRADDLE'`;

/** A holiday takes a class that all groups are meant by; the weekday of a slot counts from Monday. */
const HITS_SQL = `
  WITH class AS (
    SELECT s.id, s.scheduled_date AS date, (s.start_at AT TIME ZONE c.zone)::time AS from_time,
      (s.end_at AT TIME ZONE c.zone)::time AS to_time, t.day_of_week
    FROM attendance_session s CROSS JOIN campus c LEFT JOIN attendance_timetable_slot t ON t.id = s.timetable_slot_id
    WHERE s.scheduled_date = :date
  )
  SELECT s.id AS session_id, d.kind, NULL::uuid AS holiday, 'a day of ' || d.kind AS cause, true AS is_whole
  FROM class s JOIN calendar_day d USING (date) WHERE d.kind IN ('exam', 'no_classes')
  UNION ALL
  SELECT s.id, 'other_day', NULL, 'a day that follows the weekday ' || w.day, true
  FROM class s LEFT JOIN calendar_day d USING (date)
    CROSS JOIN LATERAL (SELECT coalesce(d.follows_weekday, extract(isodow FROM s.date) - 1) AS day) w
  WHERE s.day_of_week <> w.day
  UNION ALL
  SELECT s.id, 'holiday', h.id,
    concat_ws(' ', h.name, h.id, h.start_time, h.end_time, h.scope_section_id, h.scope_year_of_study, h.scope_department_id),
    h.start_time IS NULL OR (h.start_time <= s.from_time AND s.to_time <= h.end_time)
  FROM class s JOIN attendance_holiday h ON h.date = s.date AND h.affects_attendance
    AND (h.start_time IS NULL OR (h.start_time < s.to_time AND s.from_time < h.end_time))
  WHERE NOT EXISTS (
    SELECT FROM session_section x JOIN section g ON g.id = x.section_id LEFT JOIN section p ON p.id = g.parent_id
    WHERE x.session_id = s.id AND NOT (
      coalesce(h.scope_section_id IN (g.id, g.parent_id), h.scope_section_id IS NULL)
      AND coalesce(h.scope_year_of_study = coalesce(g.year_of_study, p.year_of_study), h.scope_year_of_study IS NULL)
      AND coalesce(h.scope_department_id = coalesce(g.department_id, p.department_id), h.scope_department_id IS NULL)))`;
