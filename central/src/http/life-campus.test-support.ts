import { CampusGateway } from '../ingest/campus-gateway.js';
import type { CampusFileInput } from '../seed/campus-file.js';
import { rollNumber, seedTestCampus, testCampus } from '../seed/test-campus.js';
import { API, at, type Body, TestServer } from './test-server.js';

const WEEK_MS = 7 * 86_400_000;

/** More weeks than any run has lives. */
const LAST_DATE = '2099-12-31';
/** Who is in no section but the other one. */
const OTHER_STUDENT = 5;
export const LIFE_STUDENTS = OTHER_STUDENT + 1;
export const LIFE_GROUPS = ['cse-a', 'cse-a-b1', 'cse-a-b2', 'cse-b'] as const;
export const LIFE_COURSES = ['CS301', 'CS302', 'CS303', 'CS351'] as const;
export const LIFE_FACULTY = ['F001', 'F002', 'F003'] as const;

/** Classes of a Tuesday as the timetable has it; the last one is the combined one. */
export const LIFE_CLASSES = 6;

/** As it is at the beginning of every life. */
const ROSTER: readonly (readonly [student: number, group: (typeof LIFE_GROUPS)[number]])[] = [
  ...[0, 1, 2, 3, 4].map((student) => [student, 'cse-a'] as const),
  ...[0, 1].map((student) => [student, 'cse-a-b1'] as const),
  ...[2, 3].map((student) => [student, 'cse-a-b2'] as const),
  [OTHER_STUDENT, 'cse-b'],
];

/**
 * For tests: the test campus with what people who live random lives need besides the reference classes: another section
 * that has class at the same hour, two batches with a lab each at one hour, a class of both sections, faculty who take over,
 * and a Monday that a Tuesday may follow.
 */
function lifeCampus(): CampusFileInput {
  const campus = testCampus(LIFE_STUDENTS);
  const groupsOf = (index: number): string[] =>
    ROSTER.flatMap(([student, group]) => (student === index && group.includes('-b') ? [group] : []));
  return {
    ...campus,
    academic_period: { ...campus.academic_period, ends_on: LAST_DATE },
    courses: [
      ...campus.courses,
      { code: 'CS303', title: 'Compilers' },
      { code: 'CS351', title: 'Database Laboratory', type: 'lab' },
    ],
    faculty: [...campus.faculty, { code: 'F002', name: 'Dr Iyer' }, { code: 'F003', name: 'Dr Khan' }],
    sections: [
      ...campus.sections,
      { id: 'cse-b', name: 'CSE-B' },
      ...['1', '2'].map((name) => ({
        id: `cse-a-b${name}`,
        name: `CSE-A B${name}`,
        kind: 'batch' as const,
        parent: 'cse-a',
      })),
    ],
    students: campus.students.map((student, index) => ({
      ...student,
      ...(index === OTHER_STUDENT ? { section: 'cse-b' } : { groups: groupsOf(index) }),
    })),
    timetable: [
      ...campus.timetable,
      slotLike(campus, { id: 'cse-b-tue-1000', section: 'cse-b', faculty: 'F002', room: 'r102' }),
      labOf(campus, { section: 'cse-a-b1', faculty: 'F001', room: 'r101' }),
      labOf(campus, { section: 'cse-a-b2', faculty: 'F002', room: 'r102' }),
      combined(campus, { id: 'both-tue-1230', start: '12:30', end: '13:20' }),
      slotLike(campus, { id: 'cse-b-mon-1000', section: 'cse-b', room: 'r102', day_of_week: 0 }),
      combined(campus, { id: 'both-mon-1140', start: '11:40', end: '12:30', day_of_week: 0 }),
    ],
  };
}

type Slot = CampusFileInput['timetable'][number];

const slotLike = (campus: CampusFileInput, changed: Partial<Slot>): Slot => ({
  ...(campus.timetable[0] as Slot),
  ...changed,
});

const labOf = (campus: CampusFileInput, own: Pick<Slot, 'section' | 'faculty' | 'room'>): Slot =>
  slotLike(campus, {
    ...own,
    id: `${own.section}-lab`,
    course: 'CS351',
    type: 'LAB',
    start: '11:40',
    end: '12:30',
  });

const combined = (campus: CampusFileInput, own: Pick<Slot, 'id' | 'start' | 'end'> & Partial<Slot>): Slot =>
  slotLike(campus, { ...own, course: 'CS303', faculty: 'F003', more_sections: ['cse-b'] });

/** For tests: a server with that campus, whose Tuesdays are lived one after the other. */
export class LifeCampus {
  readonly server: TestServer;
  readonly gateway: CampusGateway;
  #week = 0;

  private constructor(server: TestServer, gateway: CampusGateway) {
    this.server = server;
    this.gateway = gateway;
  }

  static async start(): Promise<LifeCampus> {
    const server = await TestServer.start();
    await server.db
      .knex('timetable_version')
      .update({ valid_during: server.db.knex.raw(`daterange(lower(valid_during), '${LAST_DATE}', '[]')`) });
    await seedTestCampus(server.db, server.clock, lifeCampus());
    return new LifeCampus(server, await CampusGateway.of(server));
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.server.stop();
  }

  /** Goes on to the next Tuesday, five minutes before its first classes, with everybody where they were on the first one. */
  async nextTuesday(): Promise<string> {
    const { server } = this;
    this.#week += 1;
    const day = new Date(at('12:00').getTime() + this.#week * WEEK_MS).toISOString().slice(0, 10);
    server.clock.stepWall(new Date(`${day}T06:00+05:30`).getTime() - server.clock.wallMs());
    await this.#everybodyIsBack(day);
    const made = await server.post(`${API}/sessions/generate/`, { start_date: day, end_date: day });
    if (made.body.created !== LIFE_CLASSES)
      throw new Error(`${day} has ${made.body.created} classes, not ${LIFE_CLASSES}`);
    server.clock.stepWall(new Date(`${day}T09:55+05:30`).getTime() - server.clock.wallMs());
    await server.db.knex('attendance_biometric_device').update({ complete_through: null });
    return day;
  }

  async #everybodyIsBack(day: string): Promise<void> {
    const { server } = this;
    const running: Body[] = await server.results(`${API}/student-statuses/?on=${day}`);
    for (const { id } of running.filter(({ withdrawn_at: at }) => at === null)) {
      await this.#must(`${API}/student-statuses/${id}/withdraw/`, { reason: 'a new life begins' });
    }
    const known = new Set(ROSTER.map(([student, group]) => `${rollNumber(student)} ${group}`));
    const members: Body[] = await server.results(`${API}/roster-memberships/?on=${day}&limit=100`);
    for (const { id, student, section, valid_from: from } of members) {
      if (known.delete(`${student.roll_number} ${section}`)) continue;
      if (from < day) await this.#must(`${API}/roster-memberships/${id}/leave/`, { valid_until: day });
    }
    const ids = await this.studentIds();
    for (const missing of known) {
      const [roll = '', section = ''] = missing.split(' ');
      const student = ids.get(roll);
      await this.#must(`${API}/roster-memberships/`, { section, student, valid_from: day });
    }
  }

  async #must(path: string, body: object): Promise<void> {
    const { status, body: answer } = await this.server.post(path, body);
    if (status >= 300) throw new Error(`${path} was answered with ${status} ${answer.code} ${answer.detail}`);
  }

  async studentIds(): Promise<Map<string, string>> {
    const rows = await this.server.db.knex('student').select('id', 'roll_number');
    return new Map(rows.map(({ id, roll_number: roll }) => [roll, id]));
  }
}
