import { describe, it } from 'vitest';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { type GatewayEvent, gatewayEventSchema } from './gateway-event.js';
import { position, STORE_ID } from './sample-messages.test-support.js';

const lost: GatewayEvent = {
  ...position,
  detail: { type: 'seq_lost', from_seq: 3, through_seq: 5, reason: 'damaged disk' },
};

describe('a gateway event', () => {
  it.each<GatewayEvent['detail']>([
    { type: 'store_replaced', previous_store_id: STORE_ID, salvaged_rows: 5, lost_unacked_rows: 0 },
    { type: 'store_replaced', previous_store_id: null, salvaged_rows: 0, lost_unacked_rows: null },
    { type: 'seq_lost', from_seq: 3, through_seq: 3, reason: 'damaged disk' },
    { type: 'store_full', refused_taps: 12 },
    { type: 'device_changed', device_id: 'rdm-r101', state: 'absent', code: 'PORT_ABSENT' },
    { type: 'device_changed', device_id: 'rdm-r101', state: 'ready' },
    { type: 'log_lines_rejected', device_id: 'zk-gate', lines: 2, reason: 'no time' },
    {
      type: 'log_gap',
      device_id: 'zk-gate',
      from: '2026-07-01T04:36:12.000Z',
      through: null,
      reason: 'cleared',
    },
    { type: 'device_clock_wrong', device_id: 'zk-gate', offset_ms: -1_800_000 },
    { type: 'terminals_refused', calls: 17 },
    { type: 'finger_refused', device_id: 'line-r101', reason: 'liveness' },
    { type: 'terminal_unknown', serial: 'CKJM201260001', address: '10.0.0.7' },
    {
      type: 'terminal_finger_refused',
      device_id: 'zk-gate',
      user: '7',
      student_ref: null,
      finger_position: 2,
      deletes: false,
    },
    { type: 'finger_ambiguous', device_id: 'finger-r101', student_refs: ['24B81A0501', '24B81A0502'] },
  ])('of type $type survives the wire', (detail) => {
    expectRoundTrip(gatewayEventSchema, { ...position, detail });
  });

  it('is refused with the place and the reason', () => {
    expectRefusals(gatewayEventSchema, lost, [
      ['detail.type', 'coffee', 'detail'],
      ['detail.from_seq', 0, 'detail.from_seq'],
      ['detail.from_seq', 6, 'must not be before from_seq'],
      ['detail.reason', '', 'detail.reason'],
      ['detail.extra', 1, 'extra'],
      ['seq', undefined, 'seq'],
      ['detail', undefined, 'detail'],
    ]);
  });
});
