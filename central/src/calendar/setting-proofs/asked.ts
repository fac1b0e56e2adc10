import { randomUUID } from 'node:crypto';
import { API, type Body } from '../../http/test-server.js';
import type { HttpCampus } from '../../marks/http-campus.js';
import type { SettingKey, StampedKey } from '../../rules/setting-keys.js';
import { rollNumber, seedTestCampus, testCampus } from '../../seed/test-campus.js';
import { freshCourse, summaryOf } from './course.js';
import { LEAVE_PROOFS } from './leave.js';
import type { SettingProofs } from './proof.js';
import { RETENTION_PROOFS } from './retention.js';

type AskedKey = Exclude<SettingKey, StampedKey>;

const IN_ROOM = { location_lat: 17.385, location_lng: 78.4867, location_accuracy_m: 10 };
/** About 111 m north of the room. */
const NEARBY = { ...IN_ROOM, location_lat: 17.386 };

async function scanWith(
  campus: HttpCampus,
  place: (campus: HttpCampus) => object = () => ({}),
): Promise<string> {
  const id = await campus.showCode();
  const { body } = await campus.screen(id);
  return campus.scan(body.qr_token, place(campus));
}

/** Where a class is when the scheduler has looked at a time. */
async function statusAt(campus: HttpCampus, time: string, daysLater = 0): Promise<string> {
  const id = await campus.hold();
  await campus.advance('10:00');
  if (daysLater > 0) await campus.finish();
  await campus.advance(time, daysLater);
  return campus.status(id);
}

let campuses = 0;
/** What a student reads of a course after one of two classes. */
async function halfway(campus: HttpCampus): Promise<Body> {
  const course = await freshCourse(campus);
  await campus.hold({ course });
  await campus.hold({ course, start: '14:00', end: '14:50' });
  await campus.tap('10:01');
  await campus.finish();
  return summaryOf(campus, course);
}

/** Who crosses the threshold of a course from one of two classes attended to both. */
async function crossing(campus: HttpCampus): Promise<string[]> {
  const course = await freshCourse(campus);
  await campus.hold({ course });
  const late = await campus.hold({ course, start: '14:00', end: '14:50' });
  await campus.tap('10:01');
  await campus.tap('14:25');
  await campus.finish();
  const cutoff = await campus.set('LATE_CUTOFF_MINUTES', '30');
  const preview = await campus.server.post(`${API}/sessions/${late}/recompute/`, { with_settings: true });
  await campus.unset(cutoff);
  return preview.body.crossing.map((one: { roll_number: string }) => one.roll_number);
}

/** Whether one who marks one of five by hand in a class is listed. */
async function isListed(campus: HttpCampus): Promise<boolean> {
  const id = await campus.hold();
  await campus.advance('10:30');
  await campus.faculty.post(`${API}/records/`, {
    session_id: id,
    student: rollNumber(1),
    mark: 'present',
    reason: 'forgot the card',
  });
  await campus.finish();
  const day = campus.date();
  const share = await campus.server.get(`${API}/manual-share/?start_date=${day}&end_date=${day}`);
  return share.body.results[0].is_over;
}

async function toldOfImprovement(campus: HttpCampus): Promise<number> {
  await campus.server.tokenOf('student', { student: rollNumber(0) });
  const id = await campus.hold();
  await campus.finish();
  await campus.tap('10:01');
  await campus.server.judge();
  const { id: record } = await campus.record(id);
  const told = await campus.server.db
    .knex('notification')
    .where({ kind: 'mark_improved', subject_id: record });
  return told.length;
}

async function zoneOfNewCampus({ server }: HttpCampus): Promise<string> {
  const { knex } = server.db;
  const id = `campus-${campuses++}`;
  const { buildings: _none, ...file } = testCampus(0);
  await seedTestCampus(server.db, server.clock, {
    ...file,
    campus: { id, name: id },
    buildings: [],
    gateways: [],
    devices: [],
    timetable: [],
  });
  const { zone } = await knex('campus').where({ id }).first('zone');
  await knex('academic_period').update({ campus_id: 'main' });
  await knex('campus').where({ id }).delete();
  return zone;
}

const withLocation = { GPS_VERIFICATION: 'true' } as const;
const recorded = 'recorded';

/** Each key that is looked up at the moment that it counts. */
export const ASKED_PROOFS: SettingProofs<AskedKey> = {
  ...LEAVE_PROOFS,
  ...RETENTION_PROOFS,
  OFFLINE_SYNC_MAX_DELTA_MINUTES: {
    values: [120, 300],
    seen: ['review', 'applied'],
    async happen(campus) {
      const session_id = await campus.hold();
      await campus.advance('13:00');
      const row = { session_id, student_id: rollNumber(1), mark: 'present', client_uuid: randomUUID() };
      const { body } = await campus.faculty.post(`${API}/records/offline-sync/`, {
        records: [{ ...row, captured_at: campus.at('10:05').toISOString() }],
      });
      return body.results[0].outcome;
    },
  },
  GATEWAY_SYNC_MAX_AGE_HOURS: {
    values: [72, 6],
    seen: ['present ON_TIME', 'pending NO_CAPTURE_YET'],
    async happen(campus) {
      const id = await campus.hold();
      await campus.tap('10:01');
      await campus.finish();
      return campus.mark(id);
    },
  },
  MAX_CORRECTION_DAYS: {
    values: [7, 0],
    seen: ['finalized', 'locked'],
    happen: (campus) => statusAt(campus, '06:00', 1),
  },
  QR_ROTATE_SECONDS: {
    values: [10, 20],
    seen: [10_000, 20_000],
    async happen(campus) {
      const { body } = await campus.screen(await campus.showCode());
      return Date.parse(body.step_ends_at) - Date.parse(body.server_time);
    },
  },
  QR_SKEW_SECONDS: {
    values: [5, 20],
    seen: ['QR_EXPIRED', recorded],
    async happen(campus) {
      const { body } = await campus.screen(await campus.showCode());
      campus.goTo('10:00:25');
      return campus.scan(body.qr_token);
    },
  },
  QR_TOKEN_EXPIRY_MINUTES: {
    values: [60, 10],
    seen: [200, 404],
    async happen(campus) {
      const id = await campus.showCode();
      campus.goTo('10:15');
      return (await campus.screen(id)).status;
    },
  },
  ALLOW_QR_SELF_MARK: {
    values: [true, false],
    seen: [200, 'QR_DISABLED'],
    async happen(campus) {
      const id = await campus.hold();
      await campus.advance('10:00');
      const { status, body } = await campus.faculty.post(`${API}/sessions/${id}/generate-qr/`);
      return body.code ?? status;
    },
  },
  GPS_VERIFICATION: {
    values: [false, true],
    seen: [recorded, 'LOCATION_REQUIRED'],
    happen: (campus) => scanWith(campus),
  },
  GEOFENCE_RADIUS_METERS: {
    values: [75, 200],
    seen: ['OUTSIDE_GEOFENCE', recorded],
    beside: withLocation,
    happen: (campus) => scanWith(campus, () => NEARBY),
  },
  LOCATION_MAX_AGE_SECONDS: {
    values: [60, 300],
    seen: ['LOCATION_STALE', recorded],
    beside: withLocation,
    happen: (campus) =>
      scanWith(campus, () => ({ ...IN_ROOM, location_at: campus.at('09:58').toISOString() })),
  },
  LOCATION_MAX_ACCURACY_METERS: {
    values: [100, 200],
    seen: ['LOCATION_INACCURATE', recorded],
    beside: withLocation,
    happen: (campus) => scanWith(campus, () => ({ ...IN_ROOM, location_accuracy_m: 150 })),
  },
  CAMPUS_NETWORKS: {
    values: ['none', '127.0.0.0/8,::1/128'],
    seen: [1, 0],
    async happen(campus) {
      const id = await campus.showCode();
      await campus.scan((await campus.screen(id)).body.qr_token);
      return (await campus.screen(id)).body.unverified_count;
    },
  },
  AUTO_OPEN_SESSIONS: {
    values: [true, false],
    seen: ['open', 'scheduled'],
    happen: (campus) => statusAt(campus, '10:05'),
  },
  AUTO_CLOSE_SESSIONS: {
    values: [true, false],
    seen: ['closed', 'open'],
    happen: (campus) => statusAt(campus, '11:00'),
  },
  AUTO_MARK_ABSENT: {
    values: [true, false],
    seen: ['absent NO_CAPTURE', 'pending NO_CAPTURE_YET'],
    async happen(campus) {
      const id = await campus.hold();
      await campus.finish();
      return campus.mark(id);
    },
  },
  AUTO_LOCK: {
    values: [true, false],
    seen: ['locked', 'finalized'],
    beside: { MAX_CORRECTION_DAYS: '0' },
    happen: (campus) => statusAt(campus, '06:00', 1),
  },
  SEND_ATTENDANCE_NOTIFICATIONS: { values: [true, false], seen: [1, 0], happen: toldOfImprovement },
  ATTENDANCE_THRESHOLD_PERCENT: {
    values: [75, 40],
    seen: [[rollNumber(0)], []],
    happen: crossing,
  },
  CONDONE_THRESHOLD_PERCENT: {
    values: [65, 50],
    seen: ['short', 'condonable'],
    happen: async (campus) => (await halfway(campus)).standing,
  },
  SUBJECT_MIN_PERCENT: {
    values: [0, 60],
    seen: [false, true],
    happen: async (campus) => (await halfway(campus)).is_below_course_minimum,
  },
  MANUAL_SHARE_MAX_PERCENT: { values: [15, 50], seen: [true, false], happen: isListed },
  DEFAULT_TIMEZONE: {
    values: ['Asia/Kolkata', 'Asia/Kathmandu'],
    seen: ['Asia/Kolkata', 'Asia/Kathmandu'],
    happen: zoneOfNewCampus,
  },
};
