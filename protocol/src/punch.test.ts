import { describe, it } from 'vitest';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { CLOCK_STATES, DIRECTION_HINTS, PUNCH_KINDS, punchSchema } from './punch.js';
import { HASH, position, punch } from './sample-messages.test-support.js';

describe('a punch', () => {
  it('survives the wire with and without its optional members', () => {
    expectRoundTrip(punchSchema, punch);
    expectRoundTrip(punchSchema, {
      ...punch,
      student: { student_ref: 'A', score: 43.5, finger_position: 7 },
      verify_method: 'pin+card',
      device_time: '2026-07-07T04:36:10.000Z',
      device_index: 0,
    });
    for (const clock_state of CLOCK_STATES) expectRoundTrip(punchSchema, { ...punch, clock_state });
    for (const direction_hint of DIRECTION_HINTS) expectRoundTrip(punchSchema, { ...punch, direction_hint });
  });

  it('of any kind but a card needs no credential', () => {
    const { punch_id, device_id } = punch;
    for (const kind of PUNCH_KINDS.filter((name) => name !== 'card')) {
      expectRoundTrip(punchSchema, { ...position, punch_id, device_id, kind });
    }
  });

  it('of a card has its keyed hashes, or whom a terminal recognized by it', () => {
    const { punch_id, device_id } = punch;
    const bare = { ...position, punch_id, device_id, kind: 'card' as const };
    expectRoundTrip(punchSchema, { ...bare, student: { student_ref: '21A91A0501' } });
    expectRefusals(punchSchema, { ...bare, student: { student_ref: '21A91A0501' } }, [
      ['student', undefined, 'a card punch must carry the keyed hashes of the card'],
    ]);
  });

  it('is refused with the place and the reason', () => {
    expectRefusals(punchSchema, punch, [
      ['seq', 0, 'seq'],
      ['seq', 1.5, 'seq'],
      ['seq', 2 ** 53, 'seq'],
      ['seq', '7', 'seq'],
      ['boot_id', 'today', 'boot_id'],
      ['mono_ms', -1, 'mono_ms'],
      ['mono_ms', 0.5, 'mono_ms'],
      ['occurred_at', '2026-07-07T10:06:12.345+05:30', 'occurred_at'],
      ['occurred_at', '2026-07-07T04:36:12Z', 'occurred_at'],
      ['occurred_at', '2026-02-30T04:36:12.345Z', 'occurred_at'],
      ['occurred_at', 1_783_398_972_345, 'occurred_at'],
      ['clock_state', 'guessed', 'clock_state'],
      ['punch_id', '9b2d1c0e-6f3a-4c8e-9d53-6c9b6a1f5a10', 'lower-case UUID of version 7'],
      ['punch_id', '019C2F6E-7A10-7000-8A2B-3C4D5E6F7081', 'lower-case UUID of version 7'],
      ['device_id', 'RDM 1', '1 to 31 of a-z'],
      ['device_id', 'a/b', '1 to 31 of a-z'],
      ['device_id', '', '1 to 31 of a-z'],
      ['kind', 'retina', 'kind'],
      ['verify_method', 'x'.repeat(33), 'verify_method'],
      ['credential.technology', 'mifare', 'credential.technology'],
      ['credential.hashes', [], 'credential.hashes'],
      ['credential.hashes.0.hash', 'A1'.repeat(32), '64 lower-case hex digits'],
      ['credential.hashes.0.hash', 'em4100:01026F6C3A', '64 lower-case hex digits'],
      ['credential.hashes.0.projection', 'u16', 'credential.hashes[0].projection'],
      ['credential.hashes.1', { projection: 'full', hash: HASH }, 'each projection once'],
      ['student.student_ref', '', 'student.student_ref'],
      ['student.student_ref', 'x'.repeat(65), 'student.student_ref'],
      ['student.finger_position', 0, 'student.finger_position'],
      ['student.finger_position', 11, 'student.finger_position'],
      ['student.finger_position', 1.5, 'student.finger_position'],
      ['student.name', 'Anita', 'name'],
      ['direction_hint', 'up', 'direction_hint'],
      ['device_time', 'noon', 'device_time'],
      ['device_index', -1, 'device_index'],
      ['card_uid', '01026F6C3A', 'card_uid'],
    ]);
  });
});
