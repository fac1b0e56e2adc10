import type { Clock } from '@rollcall/protocol/clock';
import type { Database } from '../db/database.js';
import type { CampusFileInput } from './campus-file.js';
import { seedCampus } from './seed-campus.js';

/** For tests: the reference class sessions of domain D0, S1 10:00–10:50 and S2 10:50–11:40, on Tuesdays. */
export function testCampus(studentCount = 3): CampusFileInput {
  return {
    v: 1,
    campus: { id: 'main', name: 'Test campus', zone: 'Asia/Kolkata' },
    buildings: [
      {
        id: 'block-a',
        name: 'Block A',
        rooms: [
          { id: 'r101', name: 'R101', capacity: 60 },
          { id: 'r102', name: 'R102' },
        ],
      },
    ],
    gateways: [
      {
        id: 'gw-a',
        building: 'block-a',
        name: 'Block A',
        public_key: Buffer.alloc(32, 7).toString('base64'),
      },
    ],
    devices: [
      {
        id: 'c101',
        gateway: 'gw-a',
        room: 'r101',
        driver: 'rdm6300',
        name: 'R101 cards',
        type: 'rfid',
        direction: 'both',
      },
      {
        id: 'f101',
        gateway: 'gw-a',
        room: 'r101',
        driver: 'ef01',
        name: 'R101 fingers',
        type: 'fingerprint',
        direction: 'both',
      },
      {
        id: 'c102',
        gateway: 'gw-a',
        room: 'r102',
        driver: 'rdm6300',
        name: 'R102 cards',
        type: 'rfid',
        direction: 'both',
      },
      {
        id: 'lights',
        gateway: 'gw-a',
        room: 'r101',
        driver: 'line',
        name: 'R101 lights',
        type: 'lights',
        direction: 'both',
      },
    ],
    academic_period: { id: '2026-odd', name: '2026 odd', starts_on: '2026-07-01', ends_on: '2026-12-31' },
    courses: [
      { code: 'CS301', title: 'Database Systems' },
      { code: 'CS302', title: 'Operating Systems' },
    ],
    faculty: [{ code: 'F001', name: 'Dr Rao' }],
    sections: [{ id: 'cse-a', name: 'CSE-A' }],
    students: Array.from({ length: studentCount }, (_, index) => ({
      roll_number: rollNumber(index),
      name: `Student ${index}`,
      section: 'cse-a',
      member_from: '2026-07-01',
      cards: [`em4100:${(0x0f00000001 + index).toString(16).toUpperCase().padStart(10, '0')}`],
    })),
    timetable: [
      slot('cse-a-tue-1000', 'CS301', '10:00', '10:50'),
      slot('cse-a-tue-1050', 'CS302', '10:50', '11:40'),
    ],
  };
}

export const rollNumber = (index: number): string => `24B81A${String(501 + index).padStart(4, '0')}`;

export const TEST_CAMPUS_KEY = Buffer.alloc(32, 1);

export const encodeCampus = (file: CampusFileInput): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(file));

/** Seeds as the command line does. */
export async function seedTestCampus(db: Database, clock: Clock, file = testCampus()): Promise<void> {
  await seedCampus({ db, clock, campusKey: TEST_CAMPUS_KEY, bytes: encodeCampus(file) });
}

function slot(id: string, course: string, start: string, end: string): CampusFileInput['timetable'][number] {
  return {
    id,
    section: 'cse-a',
    course,
    faculty: 'F001',
    room: 'r101',
    day_of_week: 1,
    start,
    end,
    type: 'LECTURE',
  };
}
