import { describe, it } from 'vitest';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { healthSchema } from './health.js';
import { health } from './sample-messages.test-support.js';

describe('health', () => {
  it('survives the wire, also of an empty store without devices', () => {
    expectRoundTrip(healthSchema, health);
    expectRoundTrip(healthSchema, {
      ...health,
      head_seq: 0,
      acked_seq: 0,
      oldest_unacked_at: null,
      level: 'ok',
      problems: [],
      devices: [],
    });
  });

  it('is understood from software that does not say which roster is in force', () => {
    const { roster_version: _unsaid, ...earlier } = health;
    expectRoundTrip(healthSchema, earlier);
  });

  it('is refused with the place', () => {
    expectRefusals(healthSchema, health, [
      ['v', 3, 'v:'],
      ['as_of', 'now', 'as_of'],
      ['uptime_s', -1, 'uptime_s'],
      ['clock_state', 'wrong', 'clock_state'],
      ['head_seq', -1, 'head_seq'],
      ['acked_seq', 0.5, 'acked_seq'],
      ['oldest_unacked_at', undefined, 'oldest_unacked_at'],
      ['roster_version', -1, 'roster_version'],
      ['level', 'green', 'level'],
      ['problems', Array.from({ length: 33 }, () => 'X'), 'problems'],
      ['disk.free_bytes', -1, 'disk.free_bytes'],
      ['disk.hours_left', '9', 'disk.hours_left'],
      ['devices.0.device_id', '../x', 'devices[0].device_id'],
      ['devices.0.state', 'lost', 'devices[0].state'],
      ['devices.0.complete_through', undefined, 'devices[0].complete_through'],
      ['devices', Array.from({ length: 257 }, () => health.devices[0]), 'devices'],
    ]);
  });
});
