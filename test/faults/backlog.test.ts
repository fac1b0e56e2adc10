import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';

const READERS = 10;
const TAPS_PER_READER = 1_000;

describe('a day without a connection', () => {
  let campus: Campus;
  beforeAll(async () => {
    const readers = Array.from({ length: READERS }, (_, index) => ({
      id: `line-${index + 1}`,
      driver: 'line' as const,
    }));
    campus = await Campus.start({ gateways: [{ id: 'gw-a', readers }] });
  });
  afterAll(() => campus?.stop());

  it('keeps 10,000 punches, each with its green light, and drains them in order when it is over', async () => {
    campus.wire.refuse();
    const readers = [...campus.gateway.readers.values()];
    await Promise.all(
      readers.map(async (reader) => {
        for (let tap = 0; tap < TAPS_PER_READER; tap++) {
          if ((await campus.tapNewCard(reader)) !== 'green') throw new Error(`${reader.id} was not green`);
        }
      }),
    );
    expect(campus.greens).toBe(READERS * TAPS_PER_READER);
    campus.wire.refuse(false);
    await expectGreensArePunches(campus);
    // Rows of one batch share a time; between batches the order of the seqs is the order of arrival.
    const [row] = await campus.database.rows<{ unordered: number }>(
      `SELECT count(*)::int AS unordered
         FROM (SELECT received_at, max(received_at) OVER (ORDER BY seq) AS latest FROM punch) AS arrival
        WHERE received_at < latest`,
    );
    expect(row?.unordered).toBe(0);
  });
});
