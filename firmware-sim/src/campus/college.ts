import { Random } from '../random.js';
import { rollSuffix, STUDENTS_PER_SECTION } from './campus.js';
import { CardMaker, type CardNumbers } from './cards.js';
import { type CollegeCourse, coursesOf, YEARS } from './college-courses.js';
import { BRANCHES } from './curriculum.js';
import { NameMaker } from './names.js';

/** More do not fit: JNTU counts 359 students of one branch and year. */
export const COLLEGE_STUDENTS_MAX = 7_200;
/** Two sections share these, each hour another one: one faculty member for twenty students. */
export const FACULTY_PER_PAIR = 6;
const ROOMS_PER_BUILDING = 30;
/** Of the newest students, who are in their first year. */
const NEWEST_ADMISSION = 26;

export interface CollegeStudent {
  rollNumber: string;
  name: string;
  card: CardNumbers;
  /** Their batch in labs, 0 or 1. */
  batch: number;
  /** Index among the electives of their year. */
  elective: number;
}

export interface CollegeSection {
  id: string;
  name: string;
  index: number;
  branchId: string;
  year: number;
  room: CollegeRoom;
  theory: readonly CollegeCourse[];
  labs: readonly CollegeCourse[];
  electives: readonly CollegeCourse[];
  /** Shared with the other section of the pair. */
  faculty: readonly { code: string; name: string; branchId: string }[];
  students: readonly CollegeStudent[];
}

export interface CollegeRoom {
  id: string;
  name: string;
  buildingId: string;
  isLab: boolean;
}

export interface College {
  seed: number;
  rooms: CollegeRoom[];
  sections: CollegeSection[];
}

/**
 * A whole college for measurements: sections of sixty, four years of six branches. Everything in it follows from
 * the seed.
 *
 * @param labCount rooms for labs, as many as the timetable needs at once
 */
export function makeCollege(seed: number, studentCount: number, labCount: number): College {
  const sectionCount = Math.ceil(studentCount / STUDENTS_PER_SECTION);
  const rooms = Array.from({ length: sectionCount + labCount }, (_, index) =>
    makeRoom(index, index >= sectionCount),
  );
  const people = {
    names: new NameMaker(Random.of(seed, 'names')),
    cards: new CardMaker(Random.of(seed, 'cards')),
  };
  const choices = Random.of(seed, 'choices');
  const faculty: CollegeSection['faculty'][] = [];
  const sections = Array.from({ length: sectionCount }, (_, index): CollegeSection => {
    const { branch, year, letter } = placeOf(index);
    const pair = Math.floor(index / 2);
    faculty[pair] ??= Array.from({ length: FACULTY_PER_PAIR }, (_member, member) => ({
      code: `F${String(pair * FACULTY_PER_PAIR + member + 1).padStart(4, '0')}`,
      name: `Dr ${people.names.common()}`,
      branchId: branch.id,
    }));
    const count = Math.min(STUDENTS_PER_SECTION, studentCount - index * STUDENTS_PER_SECTION);
    return {
      id: `${branch.id}-${year}-${letter}`,
      name: `${'I'.repeat(year).replace('IIII', 'IV')} ${branch.name}-${letter.toUpperCase()}`,
      index,
      branchId: branch.id,
      year,
      room: rooms[index] as CollegeRoom,
      ...coursesOf(branch.id, year),
      faculty: faculty[pair],
      students: Array.from({ length: count }, (_student, student) => ({
        rollNumber: rollNumberOf(
          branch.rollCode,
          year,
          letterIndex(letter) * STUDENTS_PER_SECTION + student + 1,
        ),
        name: people.names.common(),
        card: people.cards.card(),
        batch: student % 2,
        elective: choices.int(0, 3),
      })),
    };
  });
  return { seed, rooms, sections };
}

/** Round by round one section of every branch and year, so that a smaller college has some of each. */
function placeOf(index: number) {
  const kinds = BRANCHES.length * YEARS.length;
  const branch = BRANCHES[index % BRANCHES.length] as (typeof BRANCHES)[number];
  const year = YEARS[Math.floor(index / BRANCHES.length) % YEARS.length] as number;
  return { branch, year, letter: String.fromCharCode('a'.charCodeAt(0) + Math.floor(index / kinds)) };
}

const letterIndex = (letter: string): number => letter.charCodeAt(0) - 'a'.charCodeAt(0);

const rollNumberOf = (branchCode: string, year: number, number: number): string =>
  `${NEWEST_ADMISSION + 1 - year}B81A${branchCode}${rollSuffix(number)}`;

function makeRoom(index: number, isLab: boolean): CollegeRoom {
  const block = String.fromCharCode('a'.charCodeAt(0) + Math.floor(index / ROOMS_PER_BUILDING));
  const place = index % ROOMS_PER_BUILDING;
  const number = (Math.floor(place / 10) + 1) * 100 + (place % 10) + 1;
  return {
    id: `${block}${number}`,
    name: `${block.toUpperCase()}${number}${isLab ? ' lab' : ''}`,
    buildingId: `block-${block}`,
    isLab,
  };
}
