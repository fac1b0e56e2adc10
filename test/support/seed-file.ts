import { technologyOf } from './cards.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Minutes ago that the class of now began: a tap of now is on time (GRACE_PERIOD_MINUTES is 5). */
const STARTED_MINUTES_AGO = 1;
const CLASS_MINUTES = 50;

/** Who looks at the test campus. */
export const ADMIN = { login: 'admin', password: 'a test of the campus' };
/** Who looks after fingers there. */
export const ENROLLMENT_OFFICER = { login: 'enroller', password: 'a test of the fingers' };

export interface SeedDevice {
  id: string;
  driver: string;
  room: string;
}

export interface SeedGateway {
  id: string;
  publicKey: string;
  devices: readonly SeedDevice[];
}

export interface SeedStudent {
  rollNumber: string;
  /** Bare hex of a card for `line` readers. */
  uid: string;
}

export interface SeedOptions {
  gateways: readonly SeedGateway[];
  students: readonly SeedStudent[];
  nowMs: number;
}

/** Two rooms, one section, one class session that has just begun: the campus of most tests. */
export function seedFile({ gateways, students, nowMs }: SeedOptions): Record<string, unknown> {
  const zone = zoneAtNoon(nowMs);
  const start = localParts(nowMs - STARTED_MINUTES_AGO * MINUTE_MS, zone);
  const end = localParts(nowMs + (CLASS_MINUTES - STARTED_MINUTES_AGO) * MINUTE_MS, zone);
  return {
    v: 1,
    campus: { id: 'main', name: 'Test campus', zone },
    buildings: [
      {
        id: 'block-a',
        name: 'Block A',
        rooms: [
          { id: 'r101', name: 'R101', capacity: 60 },
          { id: 'r102', name: 'R102', capacity: 60 },
        ],
      },
    ],
    gateways: gateways.map(({ id, publicKey }) => ({
      id,
      building: 'block-a',
      name: id,
      public_key: publicKey,
    })),
    devices: gateways.flatMap((gateway) =>
      gateway.devices.map(({ id, driver, room }) => ({
        id,
        gateway: gateway.id,
        room,
        driver,
        name: id,
        type: driver === 'ef01' ? 'fingerprint' : 'rfid',
        direction: 'both',
      })),
    ),
    academic_period: {
      id: 'now',
      name: 'This semester',
      starts_on: localParts(nowMs - 30 * DAY_MS, zone).date,
      ends_on: localParts(nowMs + 60 * DAY_MS, zone).date,
    },
    courses: [{ code: 'CS301', title: 'Database Systems' }],
    faculty: [{ code: 'F001', name: 'Dr. Kavitha Rao' }],
    sections: [{ id: 'cse-a', name: 'CSE-A' }],
    students: students.map(({ rollNumber, uid }) => ({
      roll_number: rollNumber,
      name: `Student ${rollNumber}`,
      section: 'cse-a',
      member_from: localParts(nowMs - 30 * DAY_MS, zone).date,
      cards: [`${technologyOf('line')}:${uid}`],
    })),
    timetable: [
      {
        id: 'class-of-now',
        section: 'cse-a',
        course: 'CS301',
        faculty: 'F001',
        room: 'r101',
        day_of_week: start.dayOfWeek,
        start: start.time,
        end: end.time,
        type: 'LECTURE',
      },
    ],
    accounts: [
      { ...ADMIN, roles: [{ role: 'admin' }] },
      { ...ENROLLMENT_OFFICER, roles: [{ role: 'enrollment_officer' }] },
    ],
  };
}

/** A zone in which it is about noon: no class of a test crosses midnight, whenever the test runs. */
export function zoneAtNoon(nowMs: number): string {
  const offset = 12 - new Date(nowMs).getUTCHours();
  if (offset === 0) return 'Etc/GMT';
  // The names of these zones have the sign of POSIX: west is positive.
  return offset > 0 ? `Etc/GMT-${offset}` : `Etc/GMT+${-offset}`;
}

export function localParts(ms: number, zone: string): { date: string; time: string; dayOfWeek: number } {
  const text = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(ms);
  const [date = '', time = ''] = text.split(' ');
  const sundayFirst = new Date(`${date}T00:00:00Z`).getUTCDay();
  return { date, time, dayOfWeek: (sundayFirst + 6) % 7 };
}
