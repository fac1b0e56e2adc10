import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollNumber } from '../seed/test-campus.js';
import { API, type Body, TestServer } from './test-server.js';
import { TestWeeks } from './test-weeks.js';

let server: TestServer;
let weeks: TestWeeks;

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
  await weeks.next();
});
afterAll(() => server.stop());

const coordinator = () => server.as('coordinator');

describe("the seed's update (domain A5)", () => {
  it('a weekly slot and a holiday are written anew with PUT as with PATCH', async () => {
    const [slot] = await server.results(`${API}/timetable-slots/`);
    const path = `${API}/timetable-slots/${slot.id}/`;
    const moved = await coordinator().put(path, {
      start_time: '07:00',
      end_time: '07:50',
      version: slot.version,
    });
    expect(moved.body).toMatchObject({ start_time: '07:00', course: slot.course, version: slot.version + 1 });
    const stale = await coordinator().put(path, { start_time: '08:00' }, { 'If-Match': `"${slot.version}"` });
    expect(stale).toMatchObject({ status: 409, body: { code: 'STALE' } });
    const { holiday }: Body = (
      await coordinator().post(`${API}/holidays/`, { name: 'Pongal', date: weeks.date(3) })
    ).body;
    const renamed = await coordinator().put(`${API}/holidays/${holiday.id}/`, { name: 'Sankranti' });
    expect(renamed.body.holiday).toMatchObject({ name: 'Sankranti', date: weeks.date(3), version: 2 });
  });

  it('a request for a correction is written anew by whoever made it, and by nobody else', async () => {
    await weeks.hold([]);
    const student = server.as('student', { student: rollNumber(0) });
    const asked = await student.post(`${API}/correction-requests/`, {
      session_id: (await weeks.session()).id,
      from_mark: 'absent',
      to_mark: 'present',
      reason: 'the reader was down',
    });
    const path = `${API}/correction-requests/${asked.body.id}/`;
    const changed = await student.put(path, { reason: 'the reader of R101 was down' });
    expect(changed).toMatchObject({
      status: 200,
      body: { reason: 'the reader of R101 was down', to_mark: 'present', version: asked.body.version + 1 },
    });
    expect((await student.put(path, { reason: 'again' }, { 'If-Match': '"1"' })).body.code).toBe('STALE');
    const other = server.as('student', { student: rollNumber(1) });
    expect((await other.put(path, { reason: 'mine' })).status).toBe(404);
  });
});
