import { API } from '../../http/test-server.js';
import { escalateWatermarksJob } from '../../jobs/escalate-watermarks.js';
import { silentLog } from '../../log.js';
import type { HttpCampus, WantedClass } from '../../marks/http-campus.js';
import type { StampedKey } from '../../rules/setting-keys.js';
import { rollNumber } from '../../seed/test-campus.js';
import type { SettingProofs } from './proof.js';

/** What becomes of taps in one class, when everything has been reported. */
async function markAfter(
  campus: HttpCampus,
  taps: readonly (readonly [time: string, device?: string])[],
  wanted: WantedClass = {},
): Promise<string> {
  const id = await campus.hold(wanted);
  for (const [time, device = 'c101'] of taps) await campus.tap(time, { device });
  await campus.finish();
  return campus.mark(id);
}

/** What becomes of somebody who tapped for the first class only and stayed for the second. */
async function markOfSecond(campus: HttpCampus, start = '10:50', end = '11:40'): Promise<string> {
  await campus.hold();
  const second = await campus.hold({ start, end });
  await campus.tap('09:58');
  await campus.finish();
  return campus.mark(second);
}

/** Why the second of two captures did not count. */
async function whySecond(campus: HttpCampus, taps: readonly (readonly [string, string])[]): Promise<string> {
  const id = await campus.hold();
  await campus.tap('10:01', { device: 'f101', kind: 'finger' });
  for (const [time, device] of taps) await campus.tap(time, { device });
  await campus.finish();
  return (await campus.explain(id)).evidence.at(-1).why;
}

async function markWithStatus(campus: HttpCampus, status: string): Promise<string> {
  const { knex } = campus.server.db;
  const student = await knex('student')
    .where({ roll_number: rollNumber(0) })
    .first('id');
  const during = `[${campus.date()},${campus.date(1)})`;
  await knex('student_status_period').insert({ student_id: student.id, status, valid_during: during });
  const mark = await markAfter(campus, [['10:01']]);
  await knex('student_status_period').where({ student_id: student.id }).delete();
  return mark;
}

async function fingerMark(campus: HttpCampus): Promise<string> {
  const id = await campus.hold();
  await campus.tap('10:01', { device: 'f101', kind: 'finger' });
  await campus.finish();
  return campus.mark(id);
}

async function periodsOfLab(campus: HttpCampus): Promise<unknown> {
  const id = await campus.hold({
    start: '14:00',
    end: '16:30',
    room: 'r103',
    sessionType: 'LAB',
    periods: 3,
  });
  await campus.tap('13:58', { device: 'in103' });
  await campus.tap('15:10', { device: 'out103' });
  await campus.finish();
  return (await campus.explain(id)).periods;
}

const onTime = 'present ON_TIME';
const nothing = 'absent NO_CAPTURE';

/** Each key that is stamped on a class session, by the mark or the moment that it changes. */
export const JUDGED_PROOFS: SettingProofs<StampedKey> = {
  EARLY_OPEN_MINUTES: {
    values: [10, 20],
    seen: ['SESSION_TOO_EARLY', 'open'],
    async happen(campus) {
      const id = await campus.hold();
      campus.goTo('09:45');
      const { body } = await campus.faculty.post(`${API}/sessions/${id}/open/`);
      return body.code ?? body.status;
    },
  },
  GRACE_PERIOD_MINUTES: {
    values: [5, 10],
    seen: ['late LATE', onTime],
    happen: (campus) => markAfter(campus, [['10:07']]),
  },
  LATE_CUTOFF_MINUTES: {
    values: [20, 30],
    seen: ['absent ARRIVED_AFTER_CUTOFF', 'late LATE'],
    happen: (campus) => markAfter(campus, [['10:25']]),
  },
  CLOSE_GRACE_MINUTES: {
    values: [5, 15],
    seen: ['closed', 'open'],
    async happen(campus) {
      const id = await campus.hold();
      await campus.advance('11:00');
      return campus.status(id);
    },
  },
  DEBOUNCE_SECONDS: {
    values: [60, 10],
    seen: ['DEBOUNCED', 'LATER_CAPTURE'],
    happen: (campus) =>
      whySecond(campus, [
        ['10:02:00', 'c101'],
        ['10:02:30', 'c101'],
      ]),
  },
  WATERMARK_MAX_WAIT_HOURS: {
    values: [48, 1],
    seen: [0, 1],
    async happen(campus) {
      const id = await campus.hold();
      await campus.advance('13:00');
      const { db, clock } = campus.server;
      await escalateWatermarksJob.run({ db, clock, log: silentLog });
      const items = await db.knex('exception_item').where({ code: 'WATERMARK_OVERDUE', session_id: id });
      return items.length;
    },
  },
  MIN_DURATION_FOR_PRESENT_MINUTES: {
    values: [10, 8],
    seen: ['absent TOO_SHORT', onTime],
    happen: (campus) =>
      markAfter(
        campus,
        [
          ['09:58', 'in103'],
          ['10:08', 'out103'],
        ],
        { room: 'r103' },
      ),
  },
  MIN_DURATION_FOR_PRESENT_PERCENT: {
    values: [0, 50],
    seen: [onTime, 'absent TOO_SHORT'],
    happen: (campus) =>
      markAfter(
        campus,
        [
          ['09:58', 'in103'],
          ['10:20', 'out103'],
        ],
        { room: 'r103' },
      ),
  },
  CARRY_EARLY: {
    values: [true, false],
    seen: ['present CARRIED_EARLY', nothing],
    happen: (campus) => markAfter(campus, [['09:45']]),
  },
  CONTIGUOUS_CARRY: {
    values: [true, false],
    seen: ['present CARRIED', nothing],
    happen: (campus) => markOfSecond(campus),
  },
  CONTIGUOUS_GAP_MINUTES: {
    values: [10, 4],
    seen: ['present CARRIED', nothing],
    happen: (campus) => markOfSecond(campus, '10:55', '11:45'),
  },
  CAPTURE_PER_PERIOD: {
    values: [false, true],
    seen: ['present CARRIED', 'pending CAPTURE_PER_PERIOD'],
    happen: (campus) => markOfSecond(campus),
  },
  PARTIAL_PERIODS: {
    values: [true, false],
    seen: [{ held: 3, attended: 1 }, null],
    happen: periodsOfLab,
  },
  CARD_AND_FINGER: {
    values: [false, true],
    seen: [onTime, 'pending FINGER_NEEDED'],
    happen: (campus) => markAfter(campus, [['10:01']]),
  },
  WALK_MINUTES: {
    values: [4, 1],
    seen: ['IMPOSSIBLE_TRAVEL', 'WRONG_ROOM'],
    happen: (campus) => whySecond(campus, [['10:03', 'c205']]),
  },
  SUSPENDED_MARK: {
    values: ['absent', 'not_required'],
    seen: ['absent SUSPENDED', 'not_required SUSPENDED'],
    happen: (campus) => markWithStatus(campus, 'suspended_disciplinary'),
  },
  WITHDRAWN_MARK: {
    values: ['not_required', 'absent'],
    seen: ['not_required WITHDRAWN', 'absent WITHDRAWN'],
    happen: (campus) => markWithStatus(campus, 'withdrawn_medical'),
  },
  MARK_VOCABULARY: {
    values: ['P:present,A:absent,L:late,E:excused', 'P:present,A:absent,OD:excused'],
    seen: ['REQUEST_INVALID', 'excused OD'],
    async happen(campus) {
      const id = await campus.hold();
      await campus.advance('10:05');
      const body = { session_id: id, student: rollNumber(0), mark: 'OD', reason: 'sent by the college' };
      const { mark, letter, code } = (await campus.faculty.post(`${API}/records/`, body)).body;
      return code ?? `${mark} ${letter}`;
    },
  },
  BIOMETRIC_ENABLED: { values: [true, false], seen: [onTime, nothing], happen: fingerMark },
  RFID_ENABLED: {
    values: [true, false],
    seen: [onTime, nothing],
    happen: (campus) => markAfter(campus, [['10:01']]),
  },
};
