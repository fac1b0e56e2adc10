import { describe, expect, it } from 'vitest';
import { BATCH_ROWS_MAX, batchSchema } from './batch.js';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { batch } from './sample-messages.test-support.js';

describe('a batch', () => {
  it('survives the wire, a row that fits no contract included', () => {
    expectRoundTrip(batchSchema, batch);
    expectRoundTrip(batchSchema, { ...batch, rows: [{ seq: 8, kind: { poison: [1] } }, ...batch.rows] });
  });

  it('holds up to its limit of rows', () => {
    const rows = Array.from({ length: BATCH_ROWS_MAX }, (_, index) => ({ seq: index + 1 }));
    expect(batchSchema.safeParse({ ...batch, rows }).success).toBe(true);
    expect(batchSchema.safeParse({ ...batch, rows: [...rows, { seq: 501 }] }).success).toBe(false);
  });

  it('is refused whole where not even the sequence can be read', () => {
    expectRefusals(batchSchema, batch, [
      ['v', 2, 'v:'],
      ['v', undefined, 'v:'],
      ['gateway_id', 'GW', 'gateway_id'],
      ['store_id', 'store-1', 'store_id'],
      ['rows', [], 'rows'],
      ['rows', [{}], 'rows[0].seq'],
      ['rows', [{ seq: -1 }], 'rows[0].seq'],
      ['rows', ['x'], 'rows[0]'],
      ['extra', 1, 'extra'],
    ]);
  });
});
