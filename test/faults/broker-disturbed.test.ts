import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';

const TAPS = 25;

describe('a broker that is', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start();
  });
  afterAll(() => campus?.stop());
  afterEach(() => {
    campus.wire.refuse(false);
    campus.wire.slow(undefined);
    campus.wire.thaw();
  });

  async function tapMany(taps = TAPS): Promise<void> {
    for (let tap = 0; tap < taps; tap++) expect(await campus.tapNewCard()).toBe('green');
  }

  it('away delays nobody; everything arrives when it is back', async () => {
    campus.wire.refuse();
    await tapMany();
    const before = await campus.database.count('punch');
    expect(before).toBeLessThan(campus.greens);
    campus.wire.refuse(false);
    await expectGreensArePunches(campus);
  });

  it('frozen delays nobody; everything arrives when it thaws', async () => {
    campus.wire.freeze();
    await tapMany();
    campus.wire.thaw();
    await tapMany();
    await expectGreensArePunches(campus);
  });

  it('deaf in one direction delays nobody, whichever it is', async () => {
    campus.wire.freeze('down');
    await tapMany();
    campus.wire.thaw();
    campus.wire.freeze('up');
    await tapMany();
    campus.wire.thaw();
    await expectGreensArePunches(campus);
  });

  it('slow delays nobody and loses nothing', async () => {
    campus.wire.slow(64);
    await tapMany();
    await expectGreensArePunches(campus);
  });

  it('cut off again and again, in the middle of whatever is said, loses nothing', async () => {
    for (let cut = 0; cut < 10; cut++) {
      await tapMany(3);
      campus.wire.cut();
    }
    await expectGreensArePunches(campus);
  });
});
