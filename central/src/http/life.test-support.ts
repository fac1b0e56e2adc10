import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { storePunches } from '../marks/test-punches.js';
import type { SessionStatus } from '../rules/facts.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { type SessionAction, TRANSITIONS } from '../sessions/state.js';
import { checkMarksAndAudit } from './life-checks.test-support.js';
import { type Answer, API, at, type Body, type TestCaller, type TestServer } from './test-server.js';

/** For tests: random lives of class sessions, lived over HTTP by random people, and what must hold after each step. */
export interface LifeStep {
  what: (typeof STEPS)[number];
  who: (typeof PEOPLE)[number];
  session: number;
  student: number;
  mark: (typeof MARKS)[number];
  /** How far the clock moves before, in minutes. */
  minutes: number;
  isFirstCode: boolean;
}

const STUDENTS = 5;
const SESSIONS = 2;
const WEEK_MS = 7 * 86_400_000;
const MARKS = ['present', 'absent', 'late', 'excused'] as const;
const PEOPLE = ['admin', 'principal', 'dean', 'faculty', 'student', 'auditor', 'coordinator'] as const;
const STEPS = [
  'open',
  'close',
  'reopen',
  'lock',
  'restore',
  'cancel',
  'not-held',
  'finalize',
  'unlock',
  'mark',
  'remark',
  'unmark',
  'bulk-mark',
  'offline-sync',
  'offline-review',
  'generate-qr',
  'qr-scan',
  'room-change',
  'headcount',
  'recompute',
  'import',
  'ask-correction',
  'decide-correction',
  'apply-for-leave',
  'decide-leave',
  'punch',
  'devices-report',
  'scheduler',
] as const;

/** Which changes of status each step may make; the scheduler's are those that it makes by itself. */
const MAY: Partial<Record<LifeStep['what'], readonly SessionAction[]>> = {
  open: ['open'],
  close: ['close'],
  reopen: ['reopen'],
  lock: ['lock'],
  restore: ['restore'],
  cancel: ['cancel'],
  'not-held': ['not_held'],
  finalize: ['finalize'],
  unlock: ['unlock'],
  scheduler: ['open', 'close', 'finalize', 'lock'],
};

/** Mostly those who may: a life in which everything is refused shows little. */
export const lifeStep: fc.Arbitrary<LifeStep> = fc.record({
  what: fc.constantFrom(...STEPS),
  who: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('admin' as const, 'faculty' as const, 'principal' as const) },
    { weight: 2, arbitrary: fc.constantFrom(...PEOPLE) },
  ),
  session: fc.nat({ max: SESSIONS - 1 }),
  student: fc.nat({ max: STUDENTS - 1 }),
  mark: fc.constantFrom(...MARKS),
  minutes: fc.constantFrom(0, 0, 1, 5, 15, 45, 90, 25 * 60),
  isFirstCode: fc.boolean(),
});

interface Status {
  id: string;
  status: SessionStatus;
  version: number;
}

/** One life: a Tuesday of its own with both reference classes. */
export class Life {
  readonly #server: TestServer;
  readonly #ids: string[];
  readonly #codes: string[] = [];
  /** What a locked class was like when it was locked. */
  readonly #locked = new Map<string, string>();
  /** What was answered with success, each time: a life that only meets refusals proves nothing. */
  readonly accepted: LifeStep['what'][] = [];

  private constructor(server: TestServer, ids: string[]) {
    this.#server = server;
    this.#ids = ids;
  }

  static async begin(server: TestServer, week: number): Promise<Life> {
    const { rows } = await server.db.knex.raw<{ rows: { id: string }[] }>(
      `INSERT INTO attendance_session (timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id,
         scheduled_date, start_at, end_at, policy, reach_from, reach_until)
       SELECT timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id,
         scheduled_date + 7 * ?, start_at + ? * interval '7 days', end_at + ? * interval '7 days', policy,
         reach_from + ? * interval '7 days', reach_until + ? * interval '7 days'
       FROM attendance_session WHERE scheduled_date = '2026-07-07' ORDER BY start_at RETURNING id`,
      [week, week, week, week, week],
    );
    server.clock.stepWall(at('09:55').getTime() + week * WEEK_MS - server.clock.wallMs());
    await server.db.knex('attendance_biometric_device').update({ complete_through: null });
    return new Life(
      server,
      rows.map(({ id }) => id),
    );
  }

  /** Lives one step and looks at everything that must hold. @throws Error naming what does not */
  async step(step: LifeStep): Promise<void> {
    const { clock } = this.#server;
    clock.stepWall(step.minutes * 60_000);
    const before = await this.#statuses();
    const contents = await this.#contents();
    const answer = await this.#act(step);
    if (answer !== undefined && answer.status >= 500)
      throw new Error(`${step.what} was answered with ${answer.status}`);
    const isRefused = answer !== undefined && answer.status >= 400;
    if (!isRefused) this.accepted.push(step.what);
    if (isRefused && (await this.#contents()) !== contents) {
      throw new Error(`${step.what} was refused with ${answer.body.code}, and yet something changed`);
    }
    await this.#checkStatuses(step, before, isRefused);
    await this.#server.judge();
    await checkMarksAndAudit(this.#server.db.knex, this.#ids);
    await this.#checkLocked();
  }

  #as(who: LifeStep['who'], student: number): TestCaller {
    if (who === 'student') return this.#server.as('student', { student: rollNumber(student) });
    return this.#server.as(who, who === 'faculty' ? { faculty: 'F001' } : {});
  }

  async #act(step: LifeStep): Promise<Answer | undefined> {
    const { what, who, session, student, mark, isFirstCode } = step;
    const { knex } = this.#server.db;
    const id = this.#ids[session] ?? '';
    const caller = this.#as(who, student);
    const reason = `${who} did it`;
    const row = { session_id: id, student: rollNumber(student), mark, reason };
    const recordId = async (): Promise<string> =>
      (
        await knex('attendance_record as r')
          .join('student as st', 'st.id', 'r.student_id')
          .where({ session_id: id, roll_number: rollNumber(student) })
          .first('r.id as id')
      )?.id ?? randomUUID();
    switch (what) {
      case 'mark':
        return caller.post(`${API}/records/`, row);
      case 'remark':
        return caller.patch(`${API}/records/${await recordId()}/`, { mark, reason });
      case 'unmark':
        return caller.del(`${API}/records/${await recordId()}/`, {}, { reason });
      case 'bulk-mark':
        return caller.post(`${API}/records/bulk-mark/`, {
          session_id: id,
          attendance_data: [],
          mark_rest: mark,
          reason,
        });
      case 'offline-sync':
        return caller.post(`${API}/records/offline-sync/`, { records: [this.#offlineRow(row, isFirstCode)] });
      case 'offline-review':
        return caller.post(`${API}/sessions/${id}/offline-review/`, {
          decision: isFirstCode ? 'accept' : 'reject',
          reason,
        });
      case 'generate-qr': {
        const answer = await caller.post(`${API}/sessions/${id}/generate-qr/`);
        if (answer.status === 200) this.#codes.push(answer.body.qr_token);
        return answer;
      }
      case 'qr-scan': {
        const code = (isFirstCode ? this.#codes[0] : this.#codes.at(-1)) ?? 'no code at all';
        return caller.post(`${API}/records/qr-scan/`, { qr_token: code, device_id: `phone-of-${student}` });
      }
      case 'room-change':
        return caller.post(`${API}/sessions/${id}/room-change/`, {
          room: isFirstCode ? 'r101' : 'r102',
          reason,
        });
      case 'headcount':
        return caller.post(`${API}/sessions/${id}/headcount/`, { headcount: student, reason });
      case 'recompute':
        return caller.post(`${API}/sessions/${id}/recompute/`, { apply: isFirstCode, reason });
      case 'import': {
        const csv = `session_id,roll_number,mark,reason\n${id},${rollNumber(student)},P,${reason}\n`;
        return caller.post(`${API}/records/import/`, { csv, apply: isFirstCode });
      }
      case 'ask-correction':
        return this.#as('student', student).post(`${API}/correction-requests/`, {
          session_id: id,
          from_mark: (await this.#markOf(id, student)) ?? 'absent',
          to_mark: mark,
          reason,
        });
      case 'apply-for-leave': {
        const start_date = new Date(this.#server.clock.wallMs()).toISOString().slice(0, 10);
        const wish = { leave_type: 'personal', start_date, end_date: start_date, reason };
        return this.#as('student', student).post(`${API}/leave-applications/`, wish);
      }
      case 'decide-correction':
      case 'decide-leave': {
        const list = what === 'decide-leave' ? 'leave-applications' : 'correction-requests';
        const [open] = await this.#server.results(`${API}/${list}/?status=pending`);
        const decision = isFirstCode ? 'approve' : 'reject';
        return caller.post(`${API}/${list}/${open?.id ?? randomUUID()}/${decision}/`, {
          decision_note: reason,
        });
      }
      case 'punch':
        await storePunches(knex, [
          { rollNumber: rollNumber(student), at: new Date(this.#server.clock.wallMs()) },
        ]);
        return undefined;
      case 'devices-report':
        await knex('attendance_biometric_device').update({
          complete_through: new Date(this.#server.clock.wallMs()),
        });
        return undefined;
      case 'scheduler':
        await advanceSessions(knex, this.#server.clock.wallMs());
        return undefined;
      case 'finalize':
        return caller.post(`${API}/sessions/${id}/finalize/`, { decision: 'use_roll', reason });
      default:
        return caller.post(`${API}/sessions/${id}/${what}/`, { reason });
    }
  }

  async #markOf(id: string, student: number): Promise<string | undefined> {
    const records = await this.#server.results(`${API}/sessions/${id}/records/`);
    return records.find(({ student: one }) => one.roll_number === rollNumber(student))?.mark;
  }

  #offlineRow({ session_id, student, mark }: Body, isOld: boolean): object {
    const capturedMs = this.#server.clock.wallMs() - (isOld ? 5 * 3_600_000 : 60_000);
    return {
      client_uuid: randomUUID(),
      session_id,
      student_id: student,
      mark,
      captured_at: new Date(capturedMs).toISOString(),
    };
  }

  async #statuses(): Promise<Status[]> {
    return this.#server.db
      .knex('attendance_session')
      .whereIn('id', this.#ids)
      .orderBy('start_at')
      .select('id', 'status', 'version');
  }

  /** What a refused request may not touch: everything that people or evidence made of these classes. */
  async #contents(): Promise<string> {
    const { rows } = await this.#server.db.knex.raw<{ rows: { text: string }[] }>(
      `SELECT concat_ws(E'\\n',
         (SELECT string_agg(s::text, ';' ORDER BY id) FROM attendance_session s WHERE id = ANY(:ids)),
         (SELECT string_agg(r::text, ';' ORDER BY id) FROM attendance_record r WHERE session_id = ANY(:ids)),
         (SELECT string_agg(d::text, ';' ORDER BY id) FROM decision d WHERE session_id = ANY(:ids)),
         (SELECT string_agg(q::text, ';' ORDER BY id) FROM qr_scan q WHERE session_id = ANY(:ids) AND outcome <> 'refused'),
         (SELECT string_agg(c::text, ';' ORDER BY id) FROM session_change c WHERE session_id = ANY(:ids)),
         (SELECT string_agg(c::text, ';' ORDER BY id) FROM attendance_correction_request c WHERE session_id = ANY(:ids)),
         (SELECT string_agg(l::text, ';' ORDER BY id) FROM attendance_leave_application l)) AS text`,
      { ids: this.#ids as never },
    );
    return rows[0]?.text ?? '';
  }

  /** Domain A2: only the changes of its own machine, one at a time, each counted in the version. */
  async #checkStatuses(step: LifeStep, before: readonly Status[], isRefused: boolean): Promise<void> {
    const after = await this.#statuses();
    for (const [index, now] of after.entries()) {
      const was = before[index] as Status;
      if (now.version < was.version)
        throw new Error(`the version went from ${was.version} to ${now.version}`);
      if (now.status === was.status) continue;
      const isMeant = step.what === 'scheduler' || index === step.session;
      const actions = MAY[step.what] ?? [];
      const isLegal =
        step.what === 'scheduler'
          ? canReach(was.status, now.status, actions)
          : isOneOf(was.status, now.status, actions);
      if (isRefused || !isMeant || !isLegal || now.version === was.version) {
        throw new Error(`${step.what} by ${step.who} made ${was.status} become ${now.status}`);
      }
    }
  }

  /** Case 18: from its lock on, a class and its marks stay what they are, whatever anybody does. */
  async #checkLocked(): Promise<void> {
    for (const { id, status } of await this.#statuses()) {
      if (status !== 'locked') {
        this.#locked.delete(id);
        continue;
      }
      const { knex } = this.#server.db;
      const records = await knex('attendance_record')
        .where({ session_id: id })
        .orderBy('id')
        .select('id', 'mark', 'version');
      const decisions = await knex('decision')
        .where({ session_id: id })
        .orderBy('id')
        .select('id', 'withdrawn_at');
      const now = JSON.stringify([records, decisions]);
      if ((this.#locked.get(id) ?? now) !== now) throw new Error(`the locked class session ${id} changed`);
      this.#locked.set(id, now);
    }
  }
}

const isOneOf = (from: SessionStatus, to: SessionStatus, actions: readonly SessionAction[]): boolean =>
  actions.some((action) => {
    const { from: allowed, to: target } = TRANSITIONS[action];
    return target === to && (allowed as readonly SessionStatus[]).includes(from);
  });

/** The scheduler catches up: several of its changes in one look. */
function canReach(from: SessionStatus, to: SessionStatus, actions: readonly SessionAction[]): boolean {
  const reached = new Set<SessionStatus>([from]);
  for (const one of reached) {
    for (const action of actions) {
      const { from: allowed, to: target } = TRANSITIONS[action];
      if ((allowed as readonly SessionStatus[]).includes(one)) reached.add(target);
    }
  }
  return reached.has(to);
}
