import { type CampusDevice, devicesOf, makeCampus, type Room, STUDENTS_PER_SECTION } from './campus.js';
import { demoAccounts } from './demo-accounts.js';
import { readerKind } from './reader-kinds.js';
import { CAMPUS_ZONE, timetable, wallTime } from './timetable.js';

const DEPARTMENT = 'demo';

/** Wide on purpose: whenever a stranger starts the demo, the period is running, and the file is always the same. */
const PERIOD = { starts_on: '2024-07-01', ends_on: '2099-06-30' };

/** A finger of a student as `rollcall-central seed` takes it. */
export type SeededFinger = Readonly<Record<string, unknown>>;

/**
 * The campus in the form that `rollcall-central seed` reads. `publicKeys` maps gateway ids to the base64 of
 * their raw Ed25519 keys; a gateway without one is written without it. `fingers` has the enrolled fingers of a roll number.
 */
export function campusFile(
  seed: number,
  publicKeys: Readonly<Record<string, string>>,
  fingers: ReadonlyMap<string, readonly SeededFinger[]> = new Map(),
) {
  const campus = makeCampus(seed);
  const gatewayOf = new Map(campus.buildings.map((building) => [building.id, building.gatewayId]));
  return {
    v: 1,
    campus: { id: 'main', name: 'Godavari Institute of Technology', zone: CAMPUS_ZONE },
    buildings: campus.buildings.map((building) => ({
      id: building.id,
      name: building.name,
      rooms: campus.rooms
        .filter((room) => room.buildingId === building.id)
        .map((room) => ({ id: room.id, name: room.name, capacity: STUDENTS_PER_SECTION })),
    })),
    gateways: campus.buildings.map(({ gatewayId, id, name }) => ({
      id: gatewayId,
      building: id,
      name,
      ...(publicKeys[gatewayId] === undefined ? {} : { public_key: publicKeys[gatewayId] }),
    })),
    devices: campus.rooms.flatMap((room) => deviceRows(room, gatewayOf.get(room.buildingId) ?? '')),
    departments: [{ id: DEPARTMENT, name: 'Demonstration department' }],
    academic_period: { id: 'demo', name: 'Demonstration period', ...PERIOD },
    courses: campus.courses.map(({ code, title }) => ({ code, title })),
    faculty: campus.sections.flatMap((section) =>
      section.faculty.map(({ code, name }) => ({ code, name, department: DEPARTMENT })),
    ),
    sections: campus.sections.map(({ id, name }) => ({ id, name, department: DEPARTMENT })),
    students: campus.sections.flatMap((section) =>
      section.students.map((student) => ({
        roll_number: student.rollNumber,
        name: student.name,
        section: section.id,
        member_from: PERIOD.starts_on,
        cards: [
          `em4100:${student.card.em4100}`,
          `iso14443a:${student.card.iso14443a}`,
          `uhf:${student.card.uhf}`,
        ],
        ...(fingers.has(student.rollNumber) ? { fingers: fingers.get(student.rollNumber) } : {}),
      })),
    ),
    timetable: timetable(campus).map((period) => ({
      id: period.id,
      section: period.section.id,
      course: period.course.code,
      faculty: period.faculty.code,
      room: period.section.room.id,
      day_of_week: period.dayOfWeek,
      start: wallTime(period.startMinute),
      end: wallTime(period.endMinute),
      type: 'LECTURE',
    })),
    accounts: demoAccounts(seed).map(({ login, password, role, student, faculty }) => ({
      login,
      password,
      roles: [{ role, ...(role === 'hod' ? { department: DEPARTMENT } : {}) }],
      ...(student === undefined ? {} : { student }),
      ...(faculty === undefined ? {} : { faculty }),
    })),
  };
}

function deviceRows(room: Room, gateway: string) {
  return devicesOf(room).map((device) => ({
    id: device.id,
    gateway,
    room: room.id,
    driver: device.driver,
    name: device.name,
    type: device === room.lights ? 'lights' : typeOf(device),
    direction: 'both',
  }));
}

function typeOf({ driver }: CampusDevice): string {
  const { finger, connection } = readerKind(driver);
  const isTerminal = connection === 'calls' || connection === 'called';
  return finger !== undefined || isTerminal ? 'fingerprint' : 'rfid';
}
