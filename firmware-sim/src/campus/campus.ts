import { Random } from '../random.js';
import { CardMaker } from './cards.js';
import { BRANCHES, COMMON_COURSES, type Course } from './curriculum.js';
import { NameMaker } from './names.js';
import { type Bearer, fingerName, type ReaderDriver, readerKind } from './reader-kinds.js';

export const DEFAULT_SEED = 2026;
export const STUDENTS_PER_SECTION = 60;
const FACULTY_PER_SECTION = 3;
/** Year of admission and college code, as in 24B81A0501. */
const ROLL_PREFIX = '24B81A';

export interface CampusDevice {
  id: string;
  driver: ReaderDriver;
  name: string;
  /** The device that shows this reader's answer, for a reader without lights of its own. */
  feedbackId?: string;
}

export interface Room {
  id: string;
  name: string;
  buildingId: string;
  /** Classes here begin this many minutes after the half hour. */
  offsetMinutes: number;
  reader: CampusDevice;
  lights?: CampusDevice;
  /** At the other door. */
  second: CampusDevice;
}

export interface Building {
  id: string;
  name: string;
  gatewayId: string;
}

export interface Student extends Bearer {
  name: string;
  /** Enrolled, with consent, at the scanner of the own room. */
  hasFingers: boolean;
}

export interface Faculty {
  code: string;
  name: string;
}

export interface Section {
  id: string;
  name: string;
  room: Room;
  courses: readonly Course[];
  faculty: readonly Faculty[];
  students: readonly Student[];
}

export interface Campus {
  seed: number;
  buildings: readonly Building[];
  rooms: readonly Room[];
  sections: readonly Section[];
  courses: readonly Course[];
}

const BUILDINGS: readonly Building[] = [
  { id: 'block-a', name: 'Block A', gatewayId: 'gw-block-a' },
  { id: 'block-b', name: 'Block B', gatewayId: 'gw-block-b' },
];

/** Staggered, so that somewhere on the campus a class is always about to begin. */
const ROOMS: readonly {
  id: string;
  offsetMinutes: number;
  driver: ReaderDriver;
  second: ReaderDriver;
}[] = [
  { id: 'r101', offsetMinutes: 0, driver: 'rdm6300', second: 'zk-push' },
  { id: 'r102', offsetMinutes: 4, driver: 'line', second: 'ef01' },
  { id: 'r103', offsetMinutes: 8, driver: 'pn532', second: 'hid-keyboard' },
  { id: 'r104', offsetMinutes: 11, driver: 'osdp', second: 'wiegand' },
  { id: 'r201', offsetMinutes: 15, driver: 'rdm6300', second: 'zk-4370' },
  { id: 'r202', offsetMinutes: 19, driver: 'twn4', second: 'hid-pos' },
  { id: 'r203', offsetMinutes: 23, driver: 'chafon', second: 'gt521f' },
  { id: 'r204', offsetMinutes: 26, driver: 'line', second: 'pcprox' },
];
/** One student in so many has enrolled fingers. */
const FINGERS_EVERY = 5;

/** The demo campus: everything in it follows from the seed. */
export function makeCampus(seed: number): Campus {
  const rooms = ROOMS.map(makeRoom);
  const names = new NameMaker(Random.of(seed, 'names'));
  const cards = new CardMaker(Random.of(seed, 'cards'));
  const sections: Section[] = [];
  for (const branch of BRANCHES) {
    branch.sections.forEach((letter, sectionOfBranch) => {
      const room = rooms[sections.length];
      if (room === undefined) throw new RangeError('there are more sections than rooms');
      const facultyBefore = sections.length * FACULTY_PER_SECTION;
      sections.push({
        id: `${branch.id}-${letter}`,
        name: `${branch.name}-${letter.toUpperCase()}`,
        room,
        courses: [...branch.courses, ...COMMON_COURSES],
        faculty: Array.from({ length: FACULTY_PER_SECTION }, (_, index) => ({
          code: `F${String(facultyBefore + index + 1).padStart(3, '0')}`,
          name: names.faculty(),
        })),
        students: Array.from({ length: STUDENTS_PER_SECTION }, (_, index) => ({
          rollNumber:
            ROLL_PREFIX + branch.rollCode + rollSuffix(sectionOfBranch * STUDENTS_PER_SECTION + index + 1),
          name: names.student(),
          card: cards.card(),
          hasFingers: index % FINGERS_EVERY === 0,
        })),
      });
    });
  }
  const courses = [...COMMON_COURSES, ...BRANCHES.flatMap((branch) => branch.courses)];
  return { seed, buildings: BUILDINGS, rooms, sections, courses };
}

/** 01 to 99, then A0 to A9, B0 …: how JNTU counts in two places. */
export function rollSuffix(number: number): string {
  if (number < 100) return String(number).padStart(2, '0');
  const letter = String.fromCharCode('A'.charCodeAt(0) + Math.floor((number - 100) / 10));
  return `${letter}${number % 10}`;
}

/** What somebody shows to a device of this kind. */
export function shownTo(driver: ReaderDriver, bearer: Bearer): string {
  return readerKind(driver).shows(bearer);
}

/** Everything that is connected in a room. */
export function devicesOf(room: Room): CampusDevice[] {
  return [room.reader, room.second, ...(room.lights === undefined ? [] : [room.lights])];
}

export interface EnrolledFinger {
  student: Student;
  name: string;
  position: number;
  format: string;
  templateBytes: number;
}

/** Who has which finger in which scanner. */
export function enrolledFingers(campus: Campus): EnrolledFinger[] {
  return campus.sections.flatMap(({ room, students }) => {
    const { finger } = readerKind(room.second.driver);
    if (finger === undefined) return [];
    return students
      .filter(({ hasFingers }) => hasFingers)
      .map((student) => ({ student, name: fingerName(student, finger.position), ...finger }));
  });
}

function makeRoom({ id, offsetMinutes, driver, second }: (typeof ROOMS)[number]): Room {
  const name = id.toUpperCase();
  const buildingId = id.startsWith('r1') ? 'block-a' : 'block-b';
  const common = { id, name, buildingId, offsetMinutes };
  const isDark = readerKind(driver).answers === 'elsewhere';
  const lights: CampusDevice = { id: `lights-${id}`, driver: 'line', name: `${name} lights` };
  const reader = makeDevice(driver, id, isDark ? lights.id : undefined);
  const other = makeDevice(second, id, isDark ? lights.id : reader.id);
  return { ...common, reader, second: other, ...(isDark ? { lights } : {}) };
}

function makeDevice(driver: ReaderDriver, roomId: string, lightsId: string | undefined): CampusDevice {
  const { prefix, title, answers } = readerKind(driver);
  const device = { id: `${prefix}-${roomId}`, driver, name: `${roomId.toUpperCase()} ${title}` };
  return answers === 'itself' || lightsId === undefined ? device : { ...device, feedbackId: lightsId };
}
