import { randomUUID } from 'node:crypto';
import { LIFE_COURSES, LIFE_FACULTY, LIFE_GROUPS } from './life-campus.test-support.js';
import { chosen, type Deed, type Doing, oneOf } from './life-step.test-support.js';
import { type Answer, API } from './test-server.js';

/** For tests: what random lives do to the timetable of their day: holidays, days, generations, who teaches what. */

/** Whole classes, parts of them, and none. */
const HALVES = [
  {},
  { start_time: '10:30', end_time: '13:00' },
  { start_time: '11:40', end_time: '17:00' },
  { start_time: '13:00', end_time: '17:00' },
] as const;
const SCOPES = [
  {},
  ...LIFE_GROUPS.map((section) => ({ section })),
  // Nobody of this campus is in a year: it is meant for no class.
  { year_of_study: 3 },
] as const;
const DAYS = ['working', 'exam', 'no_classes'] as const;
/** Of a class for several groups; whoever is in a section is in its batch as well, or is not. */
const COMBINED = [
  ['cse-a', 'cse-b'],
  ['cse-b', 'cse-a'],
  ['cse-b', 'cse-a-b1'],
  ['cse-a', 'cse-a-b1'],
] as const;

/** Where a class may be moved to: mostly partly in half-days, at hours that few others have; beside them, altogether in them. */
const TIMES = [
  ['16:40', '17:20'],
  ['17:10', '17:50'],
  ['16:50', '17:40'],
  ['15:10', '15:50'],
  ['12:40', '13:10'],
  ['10:10', '10:50'],
] as const;

const MONDAY = 0;

/** Classes that a declared holiday leaves alone. */
export const keptOf = ({ step, ids }: Doing): string[] =>
  step.isFirst && step.choice % 4 === 0 ? ids.slice(0, 1 + (step.session % ids.length)) : [];

const holidayOf = (doing: Doing): object => {
  const { step } = doing;
  const keep = keptOf(doing);
  const scope = step.isFirst ? {} : chosen(SCOPES, step.choice);
  return { ...chosen(HALVES, step.choice), scope, ...(keep.length === 0 ? {} : { keep }) };
};

async function putDay({ caller, campus, date }: Doing, day: object): Promise<Answer> {
  const known = await campus.server.get(`${API}/calendar-days/${date}/`);
  const version = known.status === 200 ? { version: known.body.version } : {};
  return caller.put(`${API}/calendar-days/${date}/`, { ...day, ...version });
}

const holidaysOf = (doing: Doing): string =>
  `${API}/holidays/?start_date=${doing.date}&end_date=${doing.date}`;

export const CALENDAR_DEEDS = {
  'declare-holiday': {
    may: ['cancel', 'not_held'],
    reach: 'day',
    act: (doing) => {
      const { caller, date, step } = doing;
      return caller.post(`${API}/holidays/`, { name: `Day ${step.choice}`, date, ...holidayOf(doing) });
    },
  },
  'declare-half-day': {
    isOften: true,
    may: ['cancel', 'not_held'],
    reach: 'day',
    act: ({ caller, date, step }) => {
      const scope = step.isFirst ? {} : chosen(SCOPES, step.student);
      const half = chosen(HALVES.slice(1), step.choice);
      return caller.post(`${API}/holidays/`, { name: `Half ${step.choice}`, date, ...half, scope });
    },
  },
  'preview-holiday': {
    act: (doing) => {
      const { caller, date } = doing;
      return caller.post(`${API}/holidays/preview/`, { name: 'Perhaps', date, ...holidayOf(doing) });
    },
  },
  'change-holiday': {
    may: ['cancel', 'not_held', 'restore'],
    reach: 'day',
    act: async (doing) => {
      const { caller, step } = doing;
      const holiday = await oneOf(doing, holidaysOf(doing));
      const part = chosen(HALVES, step.session) ?? {};
      const times = 'start_time' in part ? part : { start_time: null, end_time: null };
      const change = step.isFirst ? times : { scope: chosen(SCOPES, step.student) };
      return caller.patch(`${API}/holidays/${holiday?.id ?? randomUUID()}/`, change);
    },
  },
  'withdraw-holiday': {
    isOften: true,
    may: ['restore'],
    reach: 'day',
    act: async (doing) => {
      const holiday = await oneOf(doing, holidaysOf(doing));
      return doing.caller.del(`${API}/holidays/${holiday?.id ?? randomUUID()}/`);
    },
  },
  'put-day': {
    may: ['cancel', 'not_held', 'restore'],
    reach: 'day',
    act: (doing) => {
      const { step } = doing;
      return putDay(doing, {
        kind: chosen(DAYS, step.choice),
        follows_weekday: step.isFirst ? null : MONDAY,
      });
    },
  },
  'follow-monday': {
    isOften: true,
    may: ['cancel', 'not_held', 'restore'],
    reach: 'day',
    act: (doing) => putDay(doing, { kind: 'working', follows_weekday: MONDAY }),
  },
  'delete-day': {
    isOften: true,
    may: ['cancel', 'not_held', 'restore'],
    reach: 'day',
    act: ({ caller, date }) => caller.del(`${API}/calendar-days/${date}/`),
  },
  generate: {
    isOften: true,
    may: ['restore'],
    reach: 'day',
    makes: true,
    act: ({ caller, date }) => caller.post(`${API}/sessions/generate/`, { start_date: date, end_date: date }),
  },
  'undo-generation': {
    may: ['cancel'],
    reach: 'day',
    act: async ({ caller, campus, date, step }) => {
      const jobs = await campus.server.db
        .knex('session_batch_job')
        .whereRaw(`request->>'start_date' = ?`, [date])
        // At one instant there may be several: what they made tells them apart.
        .orderByRaw(
          '(SELECT count(*) FROM attendance_session s WHERE s.batch_job_id = session_batch_job.id) DESC, performed_at',
        )
        .pluck<string[]>('id');
      return caller.post(`${API}/session-jobs/${chosen(jobs, step.choice) ?? randomUUID()}/undo/`);
    },
  },
  reschedule: {
    isOften: true,
    act: ({ caller, date, id, step, reason }) => {
      const [from, until] = TIMES[step.choice % TIMES.length] ?? [];
      const instant = (time: string | undefined): string => `${date}T${time}:00+05:30`;
      return caller.patch(`${API}/sessions/${id}/`, {
        // Only its end, now and then.
        ...(step.choice > 0 ? { start_datetime: instant(from) } : {}),
        end_datetime: instant(until),
        reason,
      });
    },
  },
  substitute: {
    act: ({ caller, id, step, reason }): Promise<Answer> =>
      caller.post(`${API}/sessions/${id}/substitute/`, {
        faculty: chosen(LIFE_FACULTY, step.choice),
        reason,
      }),
  },
  swap: {
    may: ['not_held'],
    makes: true,
    act: ({ caller, id, step, reason }) =>
      caller.post(`${API}/sessions/${id}/swap/`, {
        course: chosen(LIFE_COURSES, step.student),
        faculty: chosen(LIFE_FACULTY, step.choice),
        reason,
      }),
  },
  makeup: {
    makes: true,
    act: ({ caller, date, id, step, reason }) =>
      caller.post(`${API}/sessions/`, {
        course: chosen(LIFE_COURSES, step.student),
        sections: [chosen(LIFE_GROUPS, step.choice)],
        faculty: chosen(LIFE_FACULTY, step.choice),
        rooms: [step.choice % 2 === 0 ? 'r101' : 'r102'],
        date,
        start_time: step.choice < 6 ? '13:20' : '10:20',
        end_time: step.choice < 6 ? '14:10' : '11:10',
        ...(step.isFirst ? { origin: 'makeup', replaces_session_id: id } : {}),
        reason,
      }),
  },
  combine: {
    isOften: true,
    makes: true,
    act: ({ caller, date, step, reason }) =>
      caller.post(`${API}/sessions/`, {
        course: chosen(LIFE_COURSES, step.student),
        sections: chosen(COMBINED, step.choice),
        faculty: chosen(LIFE_FACULTY, step.session),
        rooms: [step.isFirst ? 'r101' : 'r102'],
        date,
        ...(step.choice < 8
          ? { start_time: '14:10', end_time: '15:00' }
          : { start_time: '10:00', end_time: '10:50' }),
        reason,
      }),
  },
} satisfies Record<string, Deed>;
