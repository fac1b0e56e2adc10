/** What a campus of two buildings looks like through central's HTTP read side, at one moment. */
const ZONE = 'Asia/Kolkata';
const MINUTE_MS = 60_000;
const ROSTER = 60;

/** Monday 23 November 2026, 10:05:40 on campus: whoever comes now to the classes of ten o'clock is late. */
export const FAKE_NOW = '2026-11-23T10:05:40+05:30';
/** Seconds ago that "present" ended in the classes of now. */
const LATE_FOR_S = 40;

/** Values of one class session that the tests care about. */
export interface FakeCounts {
  present: number;
  late: number;
  absent: number;
  excused: number;
  pending: number;
}

export interface FakeStudent {
  roll_number: string;
  name: string;
}

const GIVEN = [
  'Lakshmi',
  'Sai Kiran',
  'Anjali',
  'Venkatesh',
  'Harika',
  'Mohammed Irfan',
  'Divya',
  'Rahul',
  'Sravani',
];
const FAMILY = [
  'Prasanna',
  'Reddy',
  'Naidu',
  'Chowdary',
  'Begum',
  'Varma',
  'Sharma',
  'Rao',
  'Yadav',
  'Devi',
  'Patnaik',
];
const ROOMS = [
  { id: 'r101', name: 'R101', block: 'a' },
  { id: 'r102', name: 'R102', block: 'a' },
  { id: 'r103', name: 'R103', block: 'a' },
  { id: 'lab-1', name: 'Lab 1', block: 'a' },
  { id: 'r201', name: 'R201', block: 'b' },
  { id: 'r202', name: 'R202', block: 'b' },
  { id: 'r203', name: 'R203', block: 'b' },
  { id: 'seminar', name: 'Seminar Hall', block: 'b' },
  { id: 'shop-1', name: 'Workshop 1', block: 'c' },
] as const;
const COURSES = [
  ['CS301', 'Database Systems', 'Dr K. Padmavathi'],
  ['CS302', 'Operating Systems', 'Dr P. Srinivas'],
  ['EC305', 'Digital Signal Processing', 'Dr M. Radhika'],
  ['CS351', 'Database Systems Lab', 'S. Anil Kumar'],
  ['MA201', 'Probability and Statistics', 'Dr B. Ramesh'],
  ['ME304', 'Heat Transfer', 'Dr V. Suresh'],
  ['HS202', 'Managerial Economics', 'Dr T. Swathi'],
  ['CS309', 'Compiler Design', 'Dr G. Naveen'],
] as const;

type Block = (typeof ROOMS)[number]['block'];

/** Rooms with classes now; those of block C are empty. */
const BUSY_ROOMS = 8;

const building = (block: Block) => ({ id: `block-${block}`, name: `Block ${block.toUpperCase()}` });

export function fakeStudent(index: number): FakeStudent {
  const name = `${GIVEN[index % GIVEN.length]} ${FAMILY[Math.floor(index / 2) % FAMILY.length]}`;
  return { roll_number: `24B81A05${String((index % 99) + 1).padStart(2, '0')}`, name };
}

export function at(minutes: number, seconds = 0): string {
  return new Date(Date.parse(FAKE_NOW) + minutes * MINUTE_MS + seconds * 1_000).toISOString();
}

/** Index of the room; `startsIn` in minutes from now. */
export function fakeSession(index: number, patch: Record<string, unknown> = {}) {
  const room = ROOMS[index % ROOMS.length] ?? ROOMS[0];
  const [code, title, faculty] = COURSES[index % COURSES.length] ?? COURSES[0];
  const late = index % 4;
  return {
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    course: { code, title },
    section: { id: `sec-${index}`, name: `CSE-${'ABCDEFGH'[index % 8]}` },
    faculty: { code: `F${index}`, name: faculty },
    room: { id: room.id, name: room.name },
    building: building(room.block),
    scheduled_date: '2026-11-23',
    start_at: at(-5, -40),
    end_at: at(44, 20),
    status: 'open',
    counts: { present: 44 + index, late, absent: 0, excused: index % 3, pending: ROSTER - 44 - index - late },
    waiting_for: [],
    version: 1,
    ...patch,
  };
}

export function fakePunch(index: number, patch: Record<string, unknown> = {}) {
  const room = ROOMS[(index * 3) % BUSY_ROOMS] ?? ROOMS[0];
  const odd = { 5: 'unknown', 11: 'blocked', 17: 'ambiguous' }[index % 23];
  const outcome = odd ?? 'recognized';
  const agoS = 4 + index * 7;
  const when = at(0, -agoS);
  return {
    id: `punch-${index}`,
    punch_id: `punch-${index}`,
    occurred_at: when,
    effective_at: when,
    gateway_id: `gw-block-${room.block}`,
    device_id: `rdm-${room.id}`,
    device_name: `${room.name} card reader`,
    room_id: room.id,
    room_name: room.name,
    building_name: building(room.block).name,
    kind: 'card',
    outcome,
    student: outcome === 'recognized' || outcome === 'blocked' ? fakeStudent(index * 7) : null,
    ...(outcome === 'recognized' ? { mark: agoS < LATE_FOR_S ? 'late' : 'present' } : {}),
    ...patch,
  };
}

export function fakeGateway(block: Block, patch: Record<string, unknown> = {}) {
  return {
    id: `gw-block-${block}`,
    name: building(block).name,
    building: building(block),
    state: 'online',
    last_seen_at: at(0, -14),
    health_at: at(0, -14),
    level: 'ok',
    problems: [],
    queue_depth: 0,
    head_seq: 1204,
    acked_seq: 1204,
    clock_state: 'synced',
    hours_left: null,
    software: '0.1.0',
    devices: ROOMS.filter((room) => room.block === block).map((room, index) => ({
      id: `rdm-${room.id}`,
      name: `${room.name} card reader`,
      room_id: room.id,
      state: 'ready',
      last_frame_at: at(0, -9 - index * 41),
    })),
    ...patch,
  };
}

export function fakeRecords(sessionId: string) {
  return Array.from({ length: ROSTER }, (_, index) => {
    const mark = index < 46 ? 'present' : index < 49 ? 'late' : index < 50 ? 'excused' : 'pending';
    return {
      id: `record-${index}`,
      session_id: sessionId,
      student: fakeStudent(index),
      mark,
      marked_at: mark === 'present' ? at(-6, index * 6) : mark === 'late' ? at(0, index - 75) : null,
      source: 'rfid',
      reason: { present: 'ON_TIME', late: 'LATE', excused: 'LEAVE', pending: 'NO_CAPTURE_YET' }[mark],
    };
  });
}

export function fakeExplanation(recordId: string) {
  const record = fakeRecords('any').find((one) => one.id === recordId);
  const mark = record?.mark ?? 'pending';
  const tapped = record?.marked_at ?? null;
  return {
    id: recordId,
    mark,
    reason: record?.reason ?? '',
    policy_version: 'default-1',
    limits: {
      accepted_from: at(-15, -40),
      present_until: at(0, -LATE_FOR_S),
      late_until: at(14, 20),
      closes_at: at(49, 20),
    },
    evidence:
      tapped === null
        ? []
        : [
            {
              punch_id: 'first',
              kind: 'card',
              device_name: 'R101 card reader',
              room_name: 'R101',
              effective_at: tapped,
              used: true,
              why: null,
              why_text: null,
              class_rooms: [],
            },
            {
              punch_id: 'second',
              kind: 'card',
              device_name: 'R101 card reader',
              room_name: 'R101',
              effective_at: at(0, -5),
              used: false,
              why: 'LATER_CAPTURE',
              why_text: 'An earlier capture already decided',
              class_rooms: [],
            },
          ],
    evidence_more: 0,
    also: [],
    flags: tapped === null ? [] : [{ flag: 'CARD_ONLY', text: 'Only a card was captured' }],
    waiting_for: [],
    text: 'Excused: approved leave 23–24 November.',
  };
}

export interface FakeCampus {
  campus: { id: string; name: string; zone: string } | null;
  sessions: ReturnType<typeof fakeSession>[];
  punches: ReturnType<typeof fakePunch>[];
  gateways: ReturnType<typeof fakeGateway>[];
}

export const EMPTY_CAMPUS: FakeCampus = { campus: null, sessions: [], punches: [], gateways: [] };

/** An ordinary Monday with the usual troubles: a gateway that is away, a class that waits for it. */
export function ordinaryCampus(taps = 40): FakeCampus {
  const now = [0, 1, 2, 3, 4, 5, 7].map((index) => fakeSession(index));
  const next = [0, 1, 4].map((index) =>
    fakeSession(index, {
      id: `next-${index}`,
      start_at: at(44, 20),
      end_at: at(94, 20),
      status: 'scheduled',
      course: { code: COURSES[index + 2]?.[0], title: COURSES[index + 2]?.[1] },
      counts: { present: 0, late: 0, absent: 0, excused: 0, pending: 0 },
    }),
  );
  const ended = [
    fakeSession(5, {
      id: 'ended-5',
      room: { id: 'shop-1', name: 'Workshop 1' },
      building: building('c'),
      start_at: at(-65, -40),
      end_at: at(-15, -40),
      status: 'closed',
      waiting_for: ['gw-block-c'],
      counts: { present: 41, late: 4, absent: 0, excused: 1, pending: 14 },
    }),
    fakeSession(2, {
      id: 'ended-2',
      start_at: at(-65, -40),
      end_at: at(-15, -40),
      status: 'finalized',
      counts: { present: 52, late: 3, absent: 5, excused: 0, pending: 0 },
    }),
  ];
  const shaky = fakeGateway('b', { level: 'degraded', problems: ['PORT_ABSENT'], queue_depth: 3 });
  const [, unplugged] = shaky.devices;
  if (unplugged !== undefined) unplugged.state = 'absent';
  const away = fakeGateway('c', {
    state: 'offline',
    last_seen_at: at(-31),
    level: 'degraded',
    problems: ['LINK_DOWN'],
    queue_depth: 87,
  });
  return {
    campus: { id: 'main', name: 'Godavari Institute of Technology', zone: ZONE },
    sessions: [...ended, ...now, ...next],
    punches: Array.from({ length: taps }, (_, index) => fakePunch(index)),
    gateways: [fakeGateway('a'), shaky, away],
  };
}
