import { describe, it } from 'vitest';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { DEVICE_STATES, deviceStatusSchema } from './device-status.js';
import { deviceStatus } from './sample-messages.test-support.js';

describe('a device status', () => {
  it('survives the wire in every state, with and without a problem', () => {
    for (const state of DEVICE_STATES) expectRoundTrip(deviceStatusSchema, { ...deviceStatus, state });
    expectRoundTrip(deviceStatusSchema, {
      ...deviceStatus,
      problem: null,
      last_frame_at: deviceStatus.since,
    });
  });

  it('is refused with the place', () => {
    expectRefusals(deviceStatusSchema, deviceStatus, [
      ['device_id', 'A', 'device_id'],
      ['state', 'broken', 'state'],
      ['problem', undefined, 'problem'],
      ['problem.message', 'x'.repeat(501), 'problem.message'],
      ['counters.frames_ok', -1, 'counters.frames_ok'],
      ['counters.frames_ok', undefined, 'counters.frames_ok'],
      ['counters.sparks', 1, 'counters'],
    ]);
  });
});
