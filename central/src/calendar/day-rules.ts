/** A group of a class, as far as holidays can be meant for it. */
export interface Group {
  sectionId: string;
  /** The section that a batch is of; null for anything else. */
  parentId: string | null;
  yearOfStudy: number | null;
  departmentId: string | null;
}

export interface Holiday {
  id: string;
  name: string;
  date: string;
  /** Campus-local; null for the whole day. */
  startTime: string | null;
  endTime: string | null;
  /** Null parts mean everybody. */
  scope: { yearOfStudy: number | null; departmentId: string | null; sectionId: string | null };
}

export interface CalendarDay {
  date: string;
  kind: 'working' | 'exam' | 'no_classes';
  followsWeekday: number | null;
  dayOrder: number | null;
}

/** What a day does to one class. `straddles`: it is kept, and a person decides (domain case 7). */
export type DayVerdict =
  | { kind: 'held' }
  | { kind: 'straddles'; holiday: Holiday }
  | {
      kind: 'left_out';
      reason: 'HOLIDAY' | 'EXAM_DAY' | 'NO_CLASSES';
      name: string;
      holidayId: string | null;
    };

const HELD: DayVerdict = { kind: 'held' };

export interface ClassOnDay {
  groups: readonly Group[];
  /** Campus-local, `10:00` or `10:00:00`. */
  startTime: string;
  endTime: string;
}

/** Whether a class is held on a day of the calendar (domain cases 3, 7, 8; exam weeks of case 73). Pure. */
export function judgeDay(
  one: ClassOnDay,
  day: CalendarDay | undefined,
  holidays: readonly Holiday[],
): DayVerdict {
  if (day?.kind === 'exam')
    return { kind: 'left_out', reason: 'EXAM_DAY', name: 'Exam day', holidayId: null };
  if (day?.kind === 'no_classes') {
    return { kind: 'left_out', reason: 'NO_CLASSES', name: 'No classes', holidayId: null };
  }
  let verdict = HELD;
  for (const holiday of holidays) {
    // A class of several groups is kept as long as one of them has it: the others are not required (case 8).
    if (!one.groups.every((group) => isMeant(group, holiday))) continue;
    const overlap = overlapOf(one, holiday);
    if (overlap === 'whole') {
      return { kind: 'left_out', reason: 'HOLIDAY', name: holiday.name, holidayId: holiday.id };
    }
    if (overlap === 'part') verdict = { kind: 'straddles', holiday };
  }
  return verdict;
}

/** Half-days that begin or end during the class, and that all of its groups are meant by (domain case 7). Pure. */
export const halfDaysAround = (one: ClassOnDay, holidays: readonly Holiday[]): Holiday[] =>
  holidays.filter(
    (holiday) => one.groups.every((group) => isMeant(group, holiday)) && overlapOf(one, holiday) === 'part',
  );

/** What is meant for a section is meant for its batches. */
export function isMeant(group: Group, { scope }: Pick<Holiday, 'scope'>): boolean {
  return (
    (scope.yearOfStudy === null || scope.yearOfStudy === group.yearOfStudy) &&
    (scope.departmentId === null || scope.departmentId === group.departmentId) &&
    (scope.sectionId === null || scope.sectionId === group.sectionId || scope.sectionId === group.parentId)
  );
}

function overlapOf({ startTime, endTime }: ClassOnDay, holiday: Holiday): 'none' | 'part' | 'whole' {
  if (holiday.startTime === null || holiday.endTime === null) return 'whole';
  const [start, from, until] = [startTime, holiday.startTime, holiday.endTime].map((time) =>
    time.slice(0, 5),
  );
  // A class over midnight ends after every holiday of its day.
  const end = endTime.slice(0, 5) > (start ?? '') ? endTime.slice(0, 5) : '24:00';
  if ((start ?? '') >= (until ?? '') || end <= (from ?? '')) return 'none';
  return (start ?? '') >= (from ?? '') && end <= (until ?? '') ? 'whole' : 'part';
}
