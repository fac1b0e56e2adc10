import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, API, type Body } from '../http/test-server.js';
import { noteSwiftMarkingJob } from '../jobs/note-swift-marking.js';
import { silentLog } from '../log.js';
import { HttpCampus } from '../marks/http-campus.js';
import { rollNumber } from '../seed/test-campus.js';

const PATH = `${API}/finger-exemptions/`;

let campus: HttpCampus;
let ids: string[];
beforeAll(async () => {
  campus = await HttpCampus.open();
  const { knex } = campus.server.db;
  await knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
  await knex('section').where({ id: 'cse-a' }).update({ department_id: 'cse' });
  await knex('faculty').insert({ code: 'F999', full_name: 'Dr Other' });
  ids = await knex('student').orderBy('roll_number').pluck('id');
});
afterAll(() => campus?.close());
beforeEach(async () => {
  await campus.server.db.knex('finger_exemption').delete();
  await campus.nextDay();
});

const officer = () => campus.server.as('enrollment_officer');
const codeOf = ({ status, body }: Answer) => [status, body.code];
const grant = (index: number, change: object = {}): Promise<Answer> =>
  officer().post(PATH, { student: ids[index], way: 'card_pin', valid_from: campus.date(), ...change });
const end = (id: string, change: object = {}): Promise<Answer> =>
  officer().post(`${PATH}${id}/end/`, { valid_until: campus.date(), ...change });
const markByHand = (session: string, index: number): Promise<Answer> =>
  campus.faculty.post(`${API}/records/`, {
    session_id: session,
    student: rollNumber(index),
    mark: 'present',
    reason: 'seen in class',
  });
const share = async (): Promise<Body> => {
  const day = campus.date();
  const head = campus.server.as('hod', { department: 'cse' });
  return (await head.get(`${API}/manual-share/?start_date=${day}&end_date=${day}`)).body.results[0];
};
const auditOf = (id: string): Promise<Body[]> =>
  campus.server.db
    .knex('attendance_audit_log')
    .where({ entity_type: 'finger_exemption', entity_id: id })
    .orderBy('id');

describe('what an exemption changes of marks', () => {
  it('case 118: where card and finger are asked for, a card with its PIN is enough for whoever is exempt', async () => {
    await grant(0);
    await grant(1);
    const setting = await campus.set('CARD_AND_FINGER', 'true');
    const session = await campus.hold();
    await campus.tap('10:01', { student: 0 });
    await campus.tap('10:01', { student: 0, kind: 'pin' });
    await campus.tap('10:02', { student: 1 });
    // Not exempt: a PIN is no finger.
    await campus.tap('10:03', { student: 2, kind: 'pin' });
    await campus.finish();
    await campus.unset(setting);
    expect(await campus.record(session, 0)).toMatchObject({
      mark: 'present',
      reason: 'ON_TIME',
      source: 'rfid',
    });
    expect(await campus.mark(session, 1)).toBe('pending PIN_NEEDED');
    expect(await campus.mark(session, 2)).toBe('pending FINGER_NEEDED');
    expect((await campus.explain(session, 1)).text).toContain('PIN');
  });

  it('case 118: or the word of the faculty member, and it is no mark by hand that is counted', async () => {
    await grant(1, { way: 'faculty' });
    const setting = await campus.set('CARD_AND_FINGER', 'true');
    const session = await campus.hold();
    await campus.tap('10:02', { student: 1 });
    await campus.advance('10:30');
    await campus.unset(setting);
    expect(await campus.mark(session, 1)).toBe('pending CONFIRMATION_NEEDED');
    expect((await markByHand(session, 1)).status).toBe(201);
    await markByHand(session, 2);
    await campus.finish();
    expect(await campus.mark(session, 1)).toBe('present DECIDED_BY_HUMAN');
    expect(await share()).toMatchObject({ manual: 1, exempt: 1, in_outage: 0 });
  });

  it('case 118: never shown as suspicious: not over the limit, no card only, no swift marking, nothing listed', async () => {
    const { db, clock } = campus.server;
    await grant(1, { way: 'faculty' });
    const session = await campus.hold();
    for (const student of [0, 1, 2, 3]) await campus.tap('10:01', { student });
    const other = await campus.hold({ course: 'CS302', start: '11:00', end: '11:50' });
    for (const student of [0, 2, 3, 4]) await campus.tap('11:01', { student });
    await campus.advance('11:30');
    await markByHand(other, 1);
    await campus.finish();
    const flags = async (index: number) =>
      (await campus.explain(session, index)).flags.map(({ flag }: Body) => flag);
    expect([await flags(0), await flags(1)]).toEqual([['CARD_ONLY'], []]);
    // One of nine by hand, and more than the limit of ten in a hundred, were it counted.
    const limit = await campus.set('MANUAL_SHARE_MAX_PERCENT', '10');
    expect(await share()).toMatchObject({ manual: 0, exempt: 1, is_over: false });
    await campus.unset(limit);
    await noteSwiftMarkingJob.run({ db, clock, log: silentLog });
    expect(await db.knex('swift_marking').where({ session_id: other })).toEqual([]);
    expect(
      await db.knex('exception_item').where({ session_id: other, student_id: ids[1] as string }),
    ).toEqual([]);
  });

  it('case 118, 119: a class of nobody but exempt students is no swift marking; of anybody else it is', async () => {
    const { db, clock } = campus.server;
    await db.knex('section').insert({ id: 'few', name: 'Few', department_id: 'cse' }).onConflict().ignore();
    await db.knex('roster_membership').insert({
      section_id: 'few',
      student_id: ids[1] as string,
      valid_during: `[${campus.date()},${campus.date(1)})`,
    });
    const held = async (): Promise<Body[]> => {
      const session = await campus.hold({ section: 'few' });
      await campus.advance('10:30');
      await markByHand(session, 1);
      await campus.finish();
      await noteSwiftMarkingJob.run({ db, clock, log: silentLog });
      return db.knex('swift_marking').where({ session_id: session });
    };
    await grant(1, { way: 'faculty' });
    expect(await held()).toEqual([]);
    await campus.nextDay();
    await db.knex('finger_exemption').delete();
    await db
      .knex('roster_membership')
      .where({ section_id: 'few' })
      .update({
        valid_during: `[${campus.date()},${campus.date(1)})`,
      });
    expect(await held()).toHaveLength(1);
  });

  it('case 118: granted or ended for days that have passed, their classes are judged again', async () => {
    const setting = await campus.set('CARD_AND_FINGER', 'true');
    const session = await campus.hold();
    await campus.tap('10:01', { student: 0, kind: 'pin' });
    await campus.advance('20:00');
    await campus.unset(setting);
    expect(await campus.mark(session, 0)).toBe('pending FINGER_NEEDED');
    const { body } = await grant(0);
    await campus.server.judge();
    expect(await campus.mark(session, 0)).toBe('present ON_TIME');
    await end(body.id);
    await campus.server.judge();
    expect(await campus.mark(session, 0)).toBe('pending FINGER_NEEDED');
  });
});

describe('granting, seeing and ending an exemption', () => {
  it('case 118: no finger is asked of whoever is exempt, consent or not, until that has ended', async () => {
    const { server } = campus;
    await server.as('coordinator').patch(`${API}/students/${ids[3]}/`, { date_of_birth: '2000-01-01' });
    const consent = await campus.student(3).post(`${API}/consents/`, {
      student: ids[3],
      purpose: 'fingerprint',
      actor: 'self',
      channel: 'page',
      notice_version: '2026-1',
      notice_sha256: 'a'.repeat(64),
    });
    expect(consent.status).toBe(201);
    const enroll = () =>
      officer().post(`${API}/biometric-templates/enroll/`, { student: ids[3], finger_position: 2 });
    expect((await enroll()).status).toBe(200);
    const { body } = await grant(3, { way: 'faculty' });
    expect(codeOf(await enroll())).toEqual([409, 'FINGER_EXEMPT']);
    await end(body.id);
    expect((await enroll()).status).toBe(200);
    // From tomorrow on is not yet today.
    await grant(3, { valid_from: campus.date(1) });
    expect((await enroll()).status).toBe(200);
  });

  it('case 118: who granted and ended it is kept with before and after, and never why', async () => {
    const refused = await grant(0, { reason: 'both hands burned' });
    expect(codeOf(refused)).toEqual([400, 'REQUEST_INVALID']);
    const { status, body } = await grant(0);
    expect([status, body.version, body.ended_at]).toEqual([201, 1, null]);
    expect(body.granted_by).toContain('enrollment_officer');
    const ended = await end(body.id, { valid_until: campus.date(3), version: 1 });
    expect(ended.body).toMatchObject({ valid_until: campus.date(3), version: 2 });
    expect(ended.body.ended_by).toContain('enrollment_officer');
    const audit = await auditOf(body.id);
    expect(audit.map(({ action, before, after }) => [action, before?.until, after.until])).toEqual([
      ['grant', undefined, null],
      ['end', null, campus.date(3)],
    ]);
    expect(audit.map(({ actor_role: role, student_id: student }) => [role, student])).toEqual([
      ['enrollment_officer', ids[0]],
      ['enrollment_officer', ids[0]],
    ]);
    const { rows } = await campus.server.db.knex.raw(
      "SELECT column_name FROM information_schema.columns WHERE table_name = 'finger_exemption' AND column_name ~ 'reason|note'",
    );
    expect(rows).toEqual([]);
  });

  it('stale versions, days that overlap and impossible dates change nothing', async () => {
    const { body } = await grant(0, { valid_until: campus.date(5) });
    expect(codeOf(await grant(0, { valid_from: campus.date(4) }))).toEqual([409, 'ALREADY_EXISTS']);
    expect(codeOf(await end(body.id, { version: 9 }))).toEqual([409, 'STALE']);
    expect(codeOf(await end(body.id, { valid_until: campus.date(-1) }))).toEqual([400, 'REQUEST_INVALID']);
    expect(codeOf(await end(body.id, { valid_until: campus.date(5) }))).toEqual([409, 'INVALID_TRANSITION']);
    expect(codeOf(await grant(1, { valid_until: campus.date() }))).toEqual([400, 'REQUEST_INVALID']);
    for (const change of [{ way: 'none' }, { valid_from: "' OR 1=1" }, { student: rollNumber(0) }]) {
      expect(codeOf(await grant(1, change))).toEqual([400, 'REQUEST_INVALID']);
    }
    expect(codeOf(await grant(0, { student: '00000000-0000-4000-8000-000000000000' }))).toEqual([
      404,
      'NOT_FOUND',
    ]);
    expect((await officer().get(`${PATH}${body.id}/`)).body).toEqual(body);
    expect(await auditOf(body.id)).toHaveLength(1);
    expect((await grant(0, { valid_from: campus.date(5) })).status).toBe(201);
  });

  it('of two that grant at once one does', async () => {
    const answers = await Promise.all([grant(2), grant(2, { way: 'faculty' })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(await campus.server.db.knex('finger_exemption')).toHaveLength(1);
  });

  it('case 157: the student sees the own one, the faculty member those of the class, others nothing', async () => {
    const { body } = await grant(0);
    const { body: other } = await grant(1, { way: 'faculty' });
    const seen = async (who: { results(path: string): Promise<Body[]> }) =>
      (await who.results(PATH)).map(({ id }) => id).sort();
    expect(await seen(campus.student(0))).toEqual([body.id]);
    expect(await seen(campus.server.as('hod', { department: 'cse' }))).toEqual([body.id, other.id].sort());
    expect(await seen(campus.faculty)).toEqual([body.id, other.id].sort());
    expect(await seen(campus.server.as('faculty', { faculty: 'F999' }))).toEqual([]);
    expect(codeOf(await campus.student(0).get(`${PATH}${other.id}/`))).toEqual([404, 'NOT_FOUND']);
    expect((await campus.student(1).get(`${PATH}${other.id}/`)).headers.get('etag')).toBe('"1"');
    expect(codeOf(await campus.server.as('security_officer').get(PATH))).toEqual([403, 'FORBIDDEN']);
    const wanted = { student: ids[2], way: 'faculty', valid_from: campus.date() };
    for (const who of [campus.student(2), campus.faculty, campus.server.as('hod', { department: 'cse' })]) {
      expect(codeOf(await who.post(PATH, wanted))).toEqual([403, 'FORBIDDEN']);
    }
    const on = await officer().results(`${PATH}?student=${ids[0]}&on=${campus.date()}`);
    expect(on.map(({ student }) => student.roll_number)).toEqual([rollNumber(0)]);
    expect(await officer().results(`${PATH}?on=${campus.date(-1)}`)).toEqual([]);
  });
});
