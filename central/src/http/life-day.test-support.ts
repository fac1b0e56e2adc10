import { randomUUID } from 'node:crypto';
import { storePunches } from '../marks/test-punches.js';
import { advanceSessions } from '../sessions/advance.js';
import type { SessionAction } from '../sessions/state.js';
import { asStudent, chosen, type Deed, type Doing, nowOf } from './life-step.test-support.js';
import { API } from './test-server.js';

/** For tests: what happens on a day of classes, in random lives: their states, and marks by whatever way. */
const MINUTE_MS = 60_000;

const toState = (name: string, action: SessionAction, more: (doing: Doing) => object = () => ({})): Deed => ({
  may: [action],
  act: (doing) =>
    doing.caller.post(`${API}/sessions/${doing.id}/${name}/`, { reason: doing.reason, ...more(doing) }),
});

const rowOf = ({ id, roll, step: { mark }, reason }: Doing): object => ({
  session_id: id,
  student: roll,
  mark,
  reason,
});

async function recordOf({ campus, id, studentId }: Doing): Promise<string> {
  const { knex } = campus.server.db;
  const record = await knex('attendance_record').where({ session_id: id, student_id: studentId }).first('id');
  return record?.id ?? randomUUID();
}

export const DAY_DEEDS = {
  open: { ...toState('open', 'open'), isOften: true },
  close: { ...toState('close', 'close'), isOften: true },
  reopen: toState('reopen', 'reopen'),
  lock: toState('lock', 'lock'),
  restore: { ...toState('restore', 'restore'), isOften: true },
  cancel: toState('cancel', 'cancel'),
  'not-held': toState('not-held', 'not_held'),
  finalize: { ...toState('finalize', 'finalize', () => ({ decision: 'use_roll' })), isOften: true },
  unlock: toState('unlock', 'unlock'),
  mark: { isOften: true, act: (doing) => doing.caller.post(`${API}/records/`, rowOf(doing)) },
  remark: {
    isOften: true,
    act: async (doing) => {
      const { caller, step, reason } = doing;
      return caller.patch(`${API}/records/${await recordOf(doing)}/`, { mark: step.mark, reason });
    },
  },
  unmark: {
    act: async (doing) =>
      doing.caller.del(`${API}/records/${await recordOf(doing)}/`, {}, { reason: doing.reason }),
  },
  'bulk-mark': {
    isOften: true,
    act: ({ caller, id, step, reason }) =>
      caller.post(`${API}/records/bulk-mark/`, {
        session_id: id,
        attendance_data: [],
        mark_rest: step.mark,
        reason,
      }),
  },
  'offline-sync': {
    act: (doing) => {
      const { caller, id, roll, step } = doing;
      const ageMs = (step.isFirst ? 5 * 60 : 1) * MINUTE_MS;
      const captured_at = new Date(nowOf(doing).getTime() - ageMs).toISOString();
      const row = { client_uuid: randomUUID(), session_id: id, student_id: roll, mark: step.mark };
      return caller.post(`${API}/records/offline-sync/`, { records: [{ ...row, captured_at }] });
    },
  },
  'offline-review': {
    act: ({ caller, id, step, reason }) =>
      caller.post(`${API}/sessions/${id}/offline-review/`, {
        decision: step.isFirst ? 'accept' : 'reject',
        reason,
      }),
  },
  'generate-qr': {
    isOften: true,
    act: async ({ caller, id, codes }) => {
      const answer = await caller.post(`${API}/sessions/${id}/generate-qr/`);
      if (answer.status === 200) codes.push(answer.body.qr_token);
      return answer;
    },
  },
  'qr-scan': {
    isOften: true,
    act: (doing) => {
      const { codes, step } = doing;
      const caller = step.choice === 0 ? doing.caller : asStudent(doing);
      const code = (step.isFirst ? codes[0] : codes.at(-1)) ?? 'no code at all';
      return caller.post(`${API}/records/qr-scan/`, {
        qr_token: code,
        device_id: `phone-of-${step.student}`,
      });
    },
  },
  'room-change': {
    act: ({ caller, id, step, reason }) =>
      caller.post(`${API}/sessions/${id}/room-change/`, { room: step.isFirst ? 'r101' : 'r102', reason }),
  },
  headcount: {
    act: ({ caller, id, step, reason }) =>
      caller.post(`${API}/sessions/${id}/headcount/`, { headcount: step.student, reason }),
  },
  recompute: {
    act: ({ caller, id, step, reason }) =>
      caller.post(`${API}/sessions/${id}/recompute/`, { apply: step.isFirst, reason }),
  },
  import: {
    act: ({ caller, id, roll, step, reason }) => {
      const csv = `session_id,roll_number,mark,reason\n${id},${roll},P,${reason}\n`;
      return caller.post(`${API}/records/import/`, { csv, apply: step.isFirst });
    },
  },
  guest: {
    isOften: true,
    act: async ({ caller, campus, id, ids, roll, step, reason }) => {
      const { knex } = campus.server.db;
      const alike = await knex('attendance_session as s')
        .join('attendance_session as o', 'o.course_code', 's.course_code')
        .where({ 's.id': id })
        .whereIn('o.id', [...ids])
        .orderBy(['o.start_at', 'o.created_at', 'o.section_id'])
        .pluck<string[]>('o.id');
      const counts_for_session_id = chosen(step.choice < 2 ? ids : alike, step.choice) ?? id;
      const body = { student: roll, counts_for_session_id, reason };
      return caller.post(`${API}/sessions/${id}/guests/`, body);
    },
  },
  punch: {
    isOften: true,
    act: async (doing) => {
      const { campus, roll, step } = doing;
      const [deviceId, roomId] = step.choice % 3 === 0 ? ['c102', 'r102'] : ['c101', 'r101'];
      await storePunches(campus.server.db.knex, [{ rollNumber: roll, at: nowOf(doing), deviceId, roomId }]);
      return undefined;
    },
  },
  /** As if two machines used one identity: what comes meanwhile waits for a person (domain cases 81, 95). */
  'doubted-punch': {
    act: async (doing) => {
      const { campus, step, ids } = doing;
      const { knex } = campus.server.db;
      const now = nowOf(doing);
      const one = await knex('attendance_session')
        .where({ id: chosen(ids, step.choice) })
        .first('start_at');
      const when = new Date(Math.min(now.getTime(), one.start_at.getTime() + 3 * MINUTE_MS));
      await knex('gateway').where({ id: 'gw-a' }).update({ suspended_at: now });
      const tap = { student: step.student, device: step.isFirst ? 'c101' : 'c102' };
      await campus.gateway.send('punch', [campus.gateway.punch(when, tap)]);
      await knex('gateway').where({ id: 'gw-a' }).update({ suspended_at: null });
      return undefined;
    },
  },
  'devices-report': {
    isOften: true,
    act: async (doing) => {
      await doing.campus.server.db
        .knex('attendance_biometric_device')
        .update({ complete_through: nowOf(doing) });
      return undefined;
    },
  },
  scheduler: {
    isOften: true,
    may: ['open', 'close', 'finalize', 'lock'],
    reach: 'catch-up',
    act: async (doing) => {
      await advanceSessions(doing.campus.server.db.knex, nowOf(doing).getTime());
      return undefined;
    },
  },
} satisfies Record<string, Deed>;
