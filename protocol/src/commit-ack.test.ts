import { describe, expect, it } from 'vitest';
import { ACK_REJECTED_MAX, commitAckSchema } from './commit-ack.js';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { STORE_ID } from './sample-messages.test-support.js';

const ack = {
  v: 1 as const,
  store_id: STORE_ID,
  through_seq: 9,
  rejected: [{ seq: 4, code: 'ROW_INVALID' }],
};

describe('a commit ack', () => {
  it('survives the wire, also when nothing is settled yet', () => {
    expectRoundTrip(commitAckSchema, ack);
    expectRoundTrip(commitAckSchema, { ...ack, through_seq: 0, rejected: [] });
  });

  it('lists a bounded number of rejected rows', () => {
    const rejected = Array.from({ length: ACK_REJECTED_MAX + 1 }, (_, index) => ({
      seq: index + 1,
      code: 'X',
    }));
    expect(commitAckSchema.safeParse({ ...ack, rejected }).success).toBe(false);
    expect(commitAckSchema.safeParse({ ...ack, rejected: rejected.slice(1) }).success).toBe(true);
  });

  it('is refused with the place', () => {
    expectRefusals(commitAckSchema, ack, [
      ['v', 2, 'v:'],
      ['store_id', '', 'store_id'],
      ['through_seq', -1, 'through_seq'],
      ['through_seq', '9', 'through_seq'],
      ['rejected', undefined, 'rejected'],
      ['rejected.0.seq', 0, 'rejected[0].seq'],
      ['rejected.0.code', '', 'rejected[0].code'],
    ]);
  });
});
