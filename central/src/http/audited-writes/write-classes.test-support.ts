import { randomUUID } from 'node:crypto';
import { rollNumber } from '../../seed/test-campus.js';
import { advanceSessions } from '../../sessions/advance.js';
import { API, at, type Body } from '../test-server.js';
import type { WriteStory } from './write-story.test-support.js';

const reason = 'the office says so';

/** For tests: what people do to the calendar, the timetable and class sessions. */
export async function writeCalendar(story: WriteStory): Promise<void> {
  const feast = { name: 'Feast', date: '2026-08-11' };
  await story.write('POST', '/holidays/preview/', feast);
  const { holiday } = await story.write('POST', '/holidays/', feast);
  await story.write('PATCH', `/holidays/${holiday.id}/`, { name: 'Great feast' });
  await story.write('PUT', `/holidays/${holiday.id}/`, { name: 'Greater feast' });
  await story.write('DELETE', `/holidays/${holiday.id}/`);
  await story.write('PUT', '/calendar-days/2026-08-22/', { follows_weekday: 1 });
  await story.write('DELETE', '/calendar-days/2026-08-22/');
  const version = await story.write('POST', '/timetable-versions/', {
    academic_period: '2026-odd',
    name: 'From October',
    valid_from: '2026-10-01',
    apply: true,
  });
  const slot = {
    id: 'cse-a-wed',
    timetable_version_id: version.timetable_version.id,
    course: 'CS301',
    faculty: 'F001',
    section: 'cse-a',
    room: 'r102',
    day_of_week: 2,
    start_time: '09:00',
    end_time: '09:50',
  };
  await story.write('POST', '/timetable-slots/', slot);
  await story.write('PATCH', '/timetable-slots/cse-a-wed/', { end_time: '10:00' });
  await story.write('PUT', '/timetable-slots/cse-a-wed/', { end_time: '09:50' });
  await story.write('DELETE', '/timetable-slots/cse-a-wed/');
  const range = { start_date: '2026-08-01', end_date: '2026-08-31' };
  const made = await story.write('POST', '/sessions/generate/', range);
  await story.write('POST', `/session-jobs/${made.job_id}/undo/`);
  const september = { start_date: '2026-09-01', end_date: '2026-09-30' };
  await story.write('POST', '/academic-periods/2026-odd/generate-sessions/', september);
  const next = {
    id: '2027-odd',
    campus: 'main',
    name: '2027 odd',
    semester: 'odd',
    starts_on: '2027-07-01',
    ends_on: '2027-11-30',
  };
  await story.write('POST', '/academic-periods/', next);
  await story.write('POST', `/academic-periods/${next.id}/generate-slots/`, {
    from_academic_period: '2026-odd',
  });
  const set = { key: 'GRACE_PERIOD_MINUTES', value: 6, scope_kind: 'course_type', scope_id: 'lab' };
  const setting = await story.write('POST', '/configurations/', set);
  await story.write('DELETE', `/configurations/${setting.id}/`);
}

const EXTRA = {
  course: 'CS301',
  sections: ['cse-a'],
  faculty: 'F001',
  rooms: ['r102'],
  date: '2026-07-07',
  start_time: '13:00',
  end_time: '13:50',
  origin: 'extra',
  reason,
};

export const planned = async (story: WriteStory, more: object = {}): Promise<string> =>
  (await story.write('POST', '/sessions/', { ...EXTRA, ...more })).id;

export async function writeClasses(story: WriteStory): Promise<void> {
  const late = (id: string, action: string, body: object = { reason }): Promise<Body> =>
    story.write('POST', `/sessions/${id}/${action}/`, body);
  await story.write('POST', '/sessions/makeup-preview/', {
    sections: ['cse-a'],
    date: '2026-07-07',
    start_time: '13:00',
    end_time: '13:50',
  });
  const id = await planned(story);
  await story.write('PATCH', `/sessions/${id}/`, { notes: 'bring the sheets', reason });
  await story.write('PUT', `/sessions/${id}/`, { notes: 'bring all sheets', reason });
  await late(id, 'room-change', { room: 'r101', reason });
  await late(id, 'substitute', { faculty: 'F002', reason });
  await late(id, 'cancel');
  await late(id, 'restore');
  await late(id, 'open');
  await late(id, 'headcount', { headcount: 3, reason });
  await late(id, 'headcount-confirmation', { headcount: 3, reason });
  await story.write('POST', `/sessions/${id}/generate-records/`);
  await late(id, 'close');
  await late(id, 'reopen');
  await late(id, 'close');
  await late(id, 'finalize', { decision: 'use_roll', reason });
  await late(id, 'lock');
  await late(id, 'unlock');
  const unlocks = story.rows.get(`POST ${API}/sessions/{id}/unlock/`);
  story.rows.set('the first word of an unlock', unlocks ?? []);
  await story.as('principal')('POST', `/sessions/${id}/unlock/`, { reason });
  const swapped = await planned(story, { start_time: '14:00', end_time: '14:50' });
  await late(swapped, 'swap', { course: 'CS302', faculty: 'F001', reason });
  const gone = await planned(story, { start_time: '15:00', end_time: '15:50' });
  await story.write('DELETE', `/sessions/${gone}/`, { reason });
  const both = ['08:00', '12:00'].map((start_time) => ({
    ...EXTRA,
    start_time,
    end_time: start_time.replace(':00', ':50'),
    date: '2026-07-09',
  }));
  await story.write('POST', '/sessions/bulk_create/', { sessions: both });
  const missed = await planned(story, { start_time: '16:00', end_time: '16:50' });
  await late(missed, 'open');
  await late(missed, 'not-held');
}

/** Nobody came: the class representative says so, once the readers have reported. */
export async function writeConfirmation(story: WriteStory): Promise<void> {
  const { server } = story;
  const id = await planned(story, { start_time: '17:00', end_time: '17:50' });
  for (const time of ['16:55', '17:10', '17:55']) {
    server.goTo(time);
    await advanceSessions(server.db.knex, server.clock.wallMs());
    await server.judge();
  }
  await server.db.knex('attendance_biometric_device').update({ complete_through: at('17:54') });
  const representative = story.as('class_representative', { student: rollNumber(4), section: 'cse-a' });
  await representative('POST', `/sessions/${id}/confirm-not-held/`, {});
}

export async function writeMarks(story: WriteStory, session: string): Promise<void> {
  const { server } = story;
  const mark = { session_id: session, student: rollNumber(3), mark: 'present', reason };
  const record = await story.write('POST', '/records/', mark);
  await story.write('PATCH', `/records/${record.id}/`, { mark: 'late', reason });
  await story.write('DELETE', `/records/${record.id}/`, { reason });
  await story.write('POST', '/records/bulk-mark/', { session_id: session, mark_rest: 'excused', reason });
  const row = (minutesAgo: number): object => ({
    client_uuid: randomUUID(),
    session_id: session,
    student_id: rollNumber(4),
    mark: 'present',
    captured_at: new Date(server.clock.wallMs() - minutesAgo * 60_000).toISOString(),
  });
  await story.write('POST', '/records/offline-sync/', { records: [row(1)] });
  for (const decision of ['reject', 'accept']) {
    const answer = await story.write('POST', '/records/offline-sync/', { records: [row(300)] });
    if (answer.results[0].outcome !== 'review') throw new Error('the old row does not wait for a decision');
    await story.write('POST', `/sessions/${session}/offline-review/`, { decision, reason });
  }
  const csv = `session_id,roll_number,mark,reason\n${session},${rollNumber(2)},P,on the paper list\n`;
  await story.write('POST', '/records/import/', { csv, apply: true });
  const minute = (minutes: number): string =>
    new Date(server.clock.wallMs() - minutes * 60_000).toISOString();
  const stays = [{ student_id: rollNumber(3), joined_at: minute(5), left_at: minute(1) }];
  await story.write('POST', `/sessions/${session}/online-presence/`, { tool: 'bigbluebutton', stays });
  await story.write('POST', `/sessions/${session}/recompute/`, { apply: true, reason });
  const range = { start_date: '2026-07-07', end_date: '2026-07-07' };
  await story.write('POST', '/recompute/preview/', { ...range, apply: true, reason });
  await story.write('POST', '/export/data/', {
    ...range,
    format: 'csv',
    include_statistics: false,
    purpose: 'for the story',
  });
}

/** A student of another batch of the same course takes part. */
export async function writeGuest(story: WriteStory): Promise<void> {
  const { knex } = story.server.db;
  await knex('section').insert({ id: 'guests', name: 'Guests', kind: 'elective' });
  const own = await planned(story, { start_time: '18:00', end_time: '18:50' });
  const other = await planned(story, {
    sections: ['guests'],
    rooms: ['r101'],
    faculty: 'F002',
    start_time: '19:00',
    end_time: '19:50',
  });
  const guest = { student: rollNumber(0), counts_for_session_id: own, reason };
  await story.write('POST', `/sessions/${other}/guests/`, guest);
}

export async function writeLeave(story: WriteStory): Promise<void> {
  const student = story.as('student', { student: rollNumber(0) });
  const applied = (from: string): Promise<Body> =>
    student('POST', '/leave-applications/', {
      leave_type: 'personal',
      start_date: from,
      end_date: from,
      reason,
    });
  const { id: leave } = await applied('2026-07-14');
  await student('PATCH', `/leave-applications/${leave}/`, { reason: 'a wedding' });
  await student('PUT', `/leave-applications/${leave}/`, { reason: 'a great wedding' });
  await story.write('POST', `/leave-applications/${leave}/approve/`, { decision_note: 'agreed' });
  await story.write('POST', `/leave-applications/${leave}/revoke/`, { decision_note: 'no wedding' });
  const { id: second } = await applied('2026-07-21');
  await story.write('POST', `/leave-applications/${second}/reject/`, { decision_note: 'exams' });
  const { id: third } = await applied('2026-07-28');
  await student('DELETE', `/leave-applications/${third}/`);
  const batch = async (title: string): Promise<string> =>
    (
      await story.write('POST', '/leave-batches/', {
        title,
        students: [rollNumber(1)],
        leave_type: 'on_duty',
        start_date: '2026-08-04',
        end_date: '2026-08-04',
        reason,
        supporting_document: {
          name: 'list.pdf',
          content_base64: Buffer.from('%PDF-1.7\n').toString('base64'),
        },
      })
    ).id;
  const sport = await batch('Sports day');
  const decided = { decision_note: 'as every year' };
  await story.write('POST', `/leave-batches/${sport}/approve/`, decided);
  await story.write('POST', `/leave-batches/${sport}/revoke/`, decided);
  await story.write('POST', `/leave-batches/${await batch('Other day')}/reject/`, decided);
}

export async function writeCorrections(story: WriteStory, session: string): Promise<void> {
  const asked = async (index: number): Promise<string> => {
    const student = story.as('student', { student: rollNumber(index) });
    const shown = await story.server.results(`${API}/sessions/${session}/records/`);
    const { mark } = shown.find(({ student: one }) => one.roll_number === rollNumber(index));
    const wish = { from_mark: mark, to_mark: mark === 'present' ? 'excused' : 'present', reason };
    const request = await student('POST', '/correction-requests/', { session_id: session, ...wish });
    await student('PATCH', `/correction-requests/${request.id}/`, { reason: 'I was there' });
    await student('PUT', `/correction-requests/${request.id}/`, { reason: 'I was surely there' });
    return request.id;
  };
  const head = { decision_note: 'seen on the photo' };
  await story.write('POST', `/correction-requests/${await asked(1)}/approve/`, head);
  await story.write('POST', `/correction-requests/${await asked(2)}/reject/`, head);
  const student = story.as('student', { student: rollNumber(0) });
  await student('DELETE', `/correction-requests/${await asked(0)}/`);
}
