import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { PUBLISH } from '../support/mqtt-packets.js';
import { until } from '../support/until.js';

describe('deliveries that are', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start({
      gateways: [
        {
          id: 'gw-a',
          readers: [{ id: 'line-1', driver: 'line' }],
          // One row each, so that there is an order to disturb.
          config: { uplink: { batch_rows: 1, window_batches: 8 } },
        },
      ],
    });
  });
  afterAll(() => campus?.stop());
  afterEach(() => campus.wire.judge(undefined));

  it('case 77: doubled count once', async () => {
    let doubled = 0;
    campus.wire.judge(({ type, topic }, direction) => {
      if (direction !== 'up' || type !== PUBLISH || topic?.includes('/up/punch') !== true) return 'pass';
      doubled += 1;
      return 'twice';
    });
    for (let tap = 0; tap < 20; tap++) expect(await campus.tapNewCard()).toBe('green');
    await expectGreensArePunches(campus);
    expect(doubled).toBeGreaterThan(0);
  });

  it('in any order are acknowledged only as far as nothing is missing', async () => {
    campus.wire.judge(({ type, topic }, direction) =>
      direction === 'up' && type === PUBLISH && topic?.includes('/up/punch') === true ? 'hold' : 'pass',
    );
    for (let tap = 0; tap < 12; tap++) expect(await campus.tapNewCard()).toBe('green');
    await until('several batches are on the wire', () => campus.wire.held >= 4);
    const ackedBefore = campus.gateway.outbox().acked;
    campus.wire.judge(undefined);
    // Everything but the oldest, newest first.
    campus.wire.release((held) => held.slice(1).reverse());
    await expectGreensArePunches(campus);
    expect(campus.gateway.outbox().acked).toBeGreaterThan(ackedBefore);
  });
});
