import type { College, CollegeSection } from './college.js';
import { LABS_PER_SECTION } from './college-courses.js';

/** Campus-local begin and end of the seven periods of a day. */
export const PERIODS = [
  ['09:00', '09:50'],
  ['09:50', '10:40'],
  ['10:50', '11:40'],
  ['11:40', '12:30'],
  ['13:20', '14:10'],
  ['14:10', '15:00'],
  ['15:00', '15:50'],
] as const;
/** Monday to Saturday. */
const DAYS = 6;
const SATURDAY = 5;
/** On Saturday the whole college has electives in these periods. */
const ELECTIVE_PERIODS = [0, 1, 2];
const THEORY_COURSES = 6;
const BATCHES = [0, 1] as const;

export interface CollegeSlot {
  id: string;
  section: string;
  course: string;
  faculty: string;
  room: string;
  day_of_week: number;
  start: string;
  end: string;
  type: 'LECTURE' | 'LAB';
  period_count: number;
}

interface LabBlock {
  day: number;
  /** Three periods that follow each other. */
  periods: readonly number[];
}

/** Every morning but Saturday's and every afternoon. */
const LAB_BLOCKS: readonly LabBlock[] = Array.from({ length: DAYS }, (_, day) => [
  ...(day === SATURDAY ? [] : [{ day, periods: [1, 2, 3] }]),
  { day, periods: [4, 5, 6] },
]).flat();

/**
 * Two sections of a pair share their faculty: at every hour they are three courses apart, so that nobody is
 * wanted twice, and their labs are in different blocks.
 */
const courseAt = ({ index }: Pick<CollegeSection, 'index'>, day: number, period: number): number =>
  (day + period + (index % 2) * (THEORY_COURSES / 2)) % THEORY_COURSES;

function labBlocksOf({ index }: Pick<CollegeSection, 'index'>): LabBlock[] {
  return Array.from({ length: LABS_PER_SECTION }, (_, lab) => {
    const turn = index * LABS_PER_SECTION + lab;
    return LAB_BLOCKS[turn % LAB_BLOCKS.length] as LabBlock;
  });
}

/** Rooms for labs that are needed at once. */
export function labRoomsNeeded(sectionCount: number): number {
  const inBlock = new Map<LabBlock, number>();
  for (let index = 0; index < sectionCount; index++) {
    for (const block of labBlocksOf({ index }))
      inBlock.set(block, (inBlock.get(block) ?? 0) + BATCHES.length);
  }
  return Math.max(0, ...inBlock.values());
}

/** Nobody, no room and no group is needed twice at any hour. */
export function collegeTimetable({ sections, rooms }: College): CollegeSlot[] {
  const labs = rooms.filter(({ isLab }) => isLab);
  const taken = new Map<LabBlock, number>();
  return sections.flatMap((section) => {
    const partner = sections[section.index % 2 === 0 ? section.index + 1 : section.index - 1];
    const blocks = labBlocksOf(section);
    return [
      ...theorySlots(section, blocks),
      ...electiveSlots(section),
      ...blocks.flatMap((block, turn) =>
        BATCHES.map((batch) => {
          const place = taken.get(block) ?? 0;
          taken.set(block, place + 1);
          const course = section.labs[(turn + batch) % LABS_PER_SECTION];
          const teacher = freeFaculty(section, partner, block)[batch];
          return slot(section, {
            id: `l${turn}b${batch + 1}`,
            group: batchId(section, batch),
            course: course?.code ?? '',
            teacher: teacher ?? 0,
            room: labs[place]?.id ?? '',
            day: block.day,
            periods: block.periods,
            type: 'LAB',
          });
        }),
      ),
    ];
  });
}

function theorySlots(section: CollegeSection, blocks: readonly LabBlock[]): CollegeSlot[] {
  const isLab = (day: number, period: number) =>
    blocks.some((block) => block.day === day && block.periods.includes(period));
  const isElective = (day: number, period: number) => day === SATURDAY && ELECTIVE_PERIODS.includes(period);
  const slots: CollegeSlot[] = [];
  for (let day = 0; day < DAYS; day++) {
    for (let period = 0; period < PERIODS.length; period++) {
      if (isLab(day, period) || isElective(day, period)) continue;
      const index = courseAt(section, day, period);
      const at = {
        id: `d${day}p${period + 1}`,
        group: section.id,
        day,
        periods: [period],
        type: 'LECTURE',
      } as const;
      slots.push(
        slot(section, {
          ...at,
          course: section.theory[index]?.code ?? '',
          teacher: index,
          room: section.room.id,
        }),
      );
    }
  }
  return slots;
}

/** The room and the teachers of each section serve one elective group, whoever its students are. */
function electiveSlots(section: CollegeSection): CollegeSlot[] {
  return ELECTIVE_PERIODS.map((period) =>
    slot(section, {
      id: `e${period + 1}`,
      group: electiveId(section),
      course: section.electives[electiveOf(section)]?.code ?? '',
      teacher: courseAt(section, SATURDAY, period),
      room: section.room.id,
      day: SATURDAY,
      periods: [period],
      type: 'LECTURE',
    }),
  );
}

/** Who teaches neither this section's nor the partner's class in the block. */
function freeFaculty(
  section: CollegeSection,
  partner: CollegeSection | undefined,
  { day, periods }: LabBlock,
): number[] {
  const busy = new Set(partner === undefined ? [] : periods.map((period) => courseAt(partner, day, period)));
  return section.faculty.map((_, index) => index).filter((index) => !busy.has(index));
}

export const batchId = ({ id }: Pick<CollegeSection, 'id'>, batch: number): string => `${id}-b${batch + 1}`;

/** The elective group that meets in this section's room. */
export const electiveId = ({ id }: Pick<CollegeSection, 'id'>): string => `${id}-elective`;

/** Which of its year's electives is taught to that group. */
export const electiveOf = ({ index }: Pick<CollegeSection, 'index'>): number => index % 4;

interface Place {
  id: string;
  group: string;
  course: string;
  teacher: number;
  room: string;
  day: number;
  periods: readonly number[];
  type: CollegeSlot['type'];
}

function slot(
  section: CollegeSection,
  { id, group, course, teacher, room, day, periods, type }: Place,
): CollegeSlot {
  const first = PERIODS[periods[0] ?? 0];
  const last = PERIODS[periods.at(-1) ?? 0];
  return {
    id: `${section.id}-${id}`,
    section: group,
    course,
    faculty: section.faculty[teacher]?.code ?? '',
    room,
    day_of_week: day,
    start: first?.[0] ?? '',
    end: last?.[1] ?? '',
    type,
    period_count: periods.length,
  };
}
