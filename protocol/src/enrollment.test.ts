import { describe, it } from 'vitest';
import { commandArgsSchemas } from './command.js';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { type EnrollmentProgress, enrollmentProgressSchema } from './enrollment.js';
import { gatewayEventSchema } from './gateway-event.js';
import { position, STORE_ID } from './sample-messages.test-support.js';

const enroll = {
  enrollment_id: STORE_ID,
  device_id: 'r307-office',
  student_ref: '24B81A0501',
  fingers: [2, 7],
};

describe('the command that begins an enrollment', () => {
  it('survives the wire', () => {
    expectRoundTrip(commandArgsSchemas.enroll, enroll);
    expectRoundTrip(commandArgsSchemas.enroll_cancel, { enrollment_id: STORE_ID });
  });

  it('is refused with the place', () => {
    expectRefusals(commandArgsSchemas.enroll, enroll, [
      ['fingers', [], 'fingers'],
      ['fingers', [2, 2], 'must not name a finger twice'],
      ['fingers', [11], 'fingers'],
      ['fingers', [1, 2, 3, 4, 5], 'fingers'],
      ['enrollment_id', 'x', 'enrollment_id'],
      ['device_id', 'a/b', 'device_id'],
      ['template', 'AAAA', 'template'],
    ]);
  });
});

describe('how an enrollment goes on', () => {
  const finger = { finger_position: 2, impressions: 3 };
  it.each<EnrollmentProgress>([
    { step: 'started' },
    { step: 'place', ...finger, impression: 1 },
    { step: 'captured', ...finger, impression: 1, quality: 72 },
    { step: 'captured', ...finger, impression: 2, quality: null },
    { step: 'rejected', finger_position: 2, reasons: ['too_dry', 'same_place'], quality: 20 },
    { step: 'kept', finger_position: 2, template_id: STORE_ID, quality: 90 },
    { step: 'failed', code: 'PORT_LOST' },
    { step: 'failed', finger_position: 2, code: 'DUPLICATE_BIOMETRIC', student_ref: '24B81A0502' },
    { step: 'failed', finger_position: 2, code: 'FINGER_UNREADABLE', reasons: ['moved'] },
    { step: 'cancelled' },
  ])('at the step $step survives the wire', (progress) => {
    const detail = {
      type: 'enrollment' as const,
      enrollment_id: STORE_ID,
      device_id: 'r307-office',
      progress,
    };
    expectRoundTrip(gatewayEventSchema, { ...position, detail });
  });

  it('says nothing that is not foreseen, least of all what a finger looks like', () => {
    const captured: EnrollmentProgress = { step: 'captured', ...finger, impression: 1, quality: 72 };
    expectRefusals(enrollmentProgressSchema, captured, [
      ['image', 'AAAA', 'image'],
      ['template', 'AAAA', 'template'],
      ['quality', 101, 'quality'],
      ['step', 'guess', 'step'],
    ]);
    const rejected: EnrollmentProgress = {
      step: 'rejected',
      finger_position: 2,
      reasons: ['moved'],
      quality: 3,
    };
    expectRefusals(enrollmentProgressSchema, rejected, [
      ['reasons', [], 'reasons'],
      ['reasons', ['because'], 'reasons'],
    ]);
    expectRefusals(enrollmentProgressSchema, { step: 'failed', code: 'PORT_LOST' }, [
      ['code', 'port lost', 'code'],
    ]);
  });
});
