import { Secret, TOTP } from 'otpauth';
import { CampusGateway } from '../../ingest/campus-gateway.js';
import { BOOT_B } from '../../ingest/test-gateway.js';
import { rollNumber } from '../../seed/test-campus.js';
import { API, at, type Body } from '../test-server.js';
import type { WriteStory } from './write-story.test-support.js';

const reason = 'with the identity card';

/** For tests: phones of students and what binds them. */
export async function writePhones(story: WriteStory, password: string): Promise<void> {
  // Who is present already is told so by any phone: the next class has the first scan.
  story.server.goTo('10:49');
  const { id: session } = await story.server.sessionOf('CS302');
  await story.write('POST', `/sessions/${session}/open/`, {});
  const student = story.as('student', { student: rollNumber(0) });
  const faculty = story.as('faculty', { faculty: 'F001' });
  const { qr_token } = await faculty('POST', `/sessions/${session}/generate-qr/`);
  const phone = { device_id: 'phone-of-0' };
  await student('POST', '/records/qr-scan/', { qr_token, ...phone });
  await story.as('student', { student: rollNumber(3) })('POST', '/records/qr-checkin/', {
    qr_token,
    device_id: 'phone-of-3',
  });
  await faculty('POST', `/sessions/${session}/shared-phones/`, { student: rollNumber(1), reason });
  const { otpauth_uri } = await student('POST', '/second-factors/', { password, ...phone });
  const secret = new URL(otpauth_uri).searchParams.get('secret') ?? '';
  const totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 });
  const code = totp.generate({ timestamp: story.server.clock.wallMs() });
  await student('POST', '/second-factors/confirm/', { code });
  const who = { student: rollNumber(0), reason };
  await story.write('POST', '/second-factors/remove/', who);
  const given = await story.write('POST', '/device-bindings/codes/', who);
  await student('POST', '/device-bindings/rebind/', {
    device_id: 'new-phone-of-0',
    password,
    code: given.code,
  });
  await story.write('POST', '/device-bindings/release/', who);
}

/** Consent, enrollment, templates: of people, and of the gateway that takes the finger. */
export async function writeFingers(story: WriteStory): Promise<void> {
  const student = story.ids[rollNumber(2)] as string;
  await story.write('PATCH', `/students/${student}/`, { date_of_birth: '2000-01-01' });
  const consentBody = {
    student,
    purpose: 'fingerprint',
    actor: 'self',
    channel: 'page',
    notice_version: '2026-1',
    notice_sha256: 'a'.repeat(64),
  };
  const consent = await story.as('student', { student: rollNumber(2) })('POST', '/consents/', consentBody);
  const officer = story.as('enrollment_officer');
  await officer('POST', '/biometric-templates/enroll/', { student, finger_position: 2 });
  const wanted = { student, gateway: 'gw-a', device: 'f101', fingers: [2] };
  const first = await officer('POST', '/enrollments/', wanted);
  await officer('POST', `/enrollments/${first.id}/cancel/`);
  const gateway = story.asGateway('gw-a');
  const asked = { student_ref: rollNumber(2), device_id: 'f101', fingers: [2, 3], consent: consent.id };
  const opened = await gateway('POST', '/gateways/gw-a/enrollments/', asked);
  const captured = { step: 'captured', finger_position: 2, impression: 1, impressions: 3, quality: 81 };
  const progress = `/gateways/gw-a/enrollments/${opened.enrollment}/progress/`;
  await gateway('POST', progress, { progress: captured });
  await gateway('POST', progress, { progress: { step: 'cancelled' } });
  const next = await gateway('POST', '/gateways/gw-a/enrollments/', asked);
  const template = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`;
  for (const finger of [2, 3]) {
    await gateway('PUT', `/gateways/gw-a/templates/${template(finger)}/`, {
      student_ref: rollNumber(2),
      finger_position: finger,
      format: 'rollcall-1',
      sealed: Buffer.from('sealed').toString('base64'),
      quality_score: 0.8,
      enrollment: next.enrollment,
    });
  }
  await gateway('POST', '/gateways/gw-a/templates/fetch/', { ids: [template(2)] });
  await officer('POST', `/biometric-templates/${template(2)}/revoke/`, { reason });
  await officer('POST', `/students/${student}/fingers/delete/`, { reason });
  await story.as('student', { student: rollNumber(2) })('POST', `/consents/${consent.id}/revoke/`);
  const exempt = { student: story.ids[rollNumber(3)], way: 'card_pin', valid_from: '2026-07-01' };
  const exemption = await officer('POST', '/finger-exemptions/', exempt);
  await officer('POST', `/finger-exemptions/${exemption.id}/end/`, { valid_until: '2026-07-31' });
}

export async function writeGateways(story: WriteStory): Promise<void> {
  const { server } = story;
  await story.write('POST', '/gateways/gw-a/devices/c101/user-commands/', {
    action: 'put',
    student: rollNumber(0),
  });
  const wrong = { from: at('10:00').toISOString(), offset_ms: 60_000, reason, apply: true };
  await story.write('POST', '/gateways/gw-a/clock-offsets/', wrong);
  const gateway = await CampusGateway.of(server);
  const unset = { occurred_at: '2000-01-01T00:04:00.000Z', boot_id: BOOT_B, clock_state: 'unsynced' };
  await gateway.send('punch', [gateway.punch(at('10:03'), { student: 3, row: unset })]);
  await story.write('POST', `/gateways/gw-a/boots/${BOOT_B}/place/`, {
    first_at: at('10:03').toISOString(),
    reason,
    apply: true,
  });
  // Two machines with one identity: what they send waits for a person.
  const suspended_at = new Date(server.clock.wallMs());
  await server.db.knex('gateway').where({ id: 'gw-a' }).update({ suspended_at });
  await gateway.send('punch', [gateway.punch(at('10:05'), { student: 4 })]);
  const [batch] = await server.results(`${API}/review-batches/?state=open`);
  const sessions: Body[] = await server.results(`${API}/review-batches/${batch.id}/sessions/`);
  await story.write('POST', `/review-batches/${batch.id}/decide/`, {
    decision: 'accept',
    reason,
    session_ids: sessions.map(({ session_id }) => session_id),
  });
  await story.write('POST', '/gateways/gw-a/trust/', { reason });
  await story.write('POST', '/gateways/gw-a/revoke/', { reason });
  await gateway.stop();
}

/** What waits for a person. */
export async function writeItems(story: WriteStory, session: string): Promise<void> {
  await story.server.db.knex('exception_item').insert({
    at: new Date(story.server.clock.wallMs()),
    code: 'CARDS_TOGETHER',
    message: 'Two cards came together',
    session_id: session,
  });
  const [item] = await story.server.results(`${API}/exception-items/?code=CARDS_TOGETHER`);
  const answer = { decision: 'acknowledge', reason };
  await story.write('POST', `/exception-items/${item.id}/resolve/`, answer);
}
