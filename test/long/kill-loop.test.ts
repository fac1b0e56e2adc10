import { Random } from '@rollcall/firmware-sim/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import type { Reader } from '../support/reader.js';
import { until } from '../support/until.js';

const SEED = 20_260_701;
const BUDGET_MS = 140_000;
const READERS = 4;
const TAPS_BETWEEN_KILLS = { min: 1, max: 60 };

describe('gateway and central killed with SIGKILL at random moments, for minutes, while people tap', () => {
  let campus: Campus;
  beforeAll(async () => {
    const readers = Array.from({ length: READERS }, (_, index) => ({
      id: `line-${index + 1}`,
      driver: 'line' as const,
    }));
    campus = await Campus.start({
      gateways: [{ id: 'gw-a', readers, config: { uplink: { resend_seconds: 1 } } }],
    });
  });
  afterAll(() => campus?.stop());

  let isOver = false;

  /** Taps until the end; whoever sees no light because the gateway died taps again when it is back. */
  async function tapOn(reader: Reader): Promise<void> {
    while (!isOver) {
      const uid = campus.cards.next(reader.driver);
      for (;;) {
        await until('the gateway runs', () => campus.gateway.isRunning);
        const light = await reader.tap(uid, campus.gateway.process.exited);
        if (light === 'green') break;
        expect(light).toBe('dark');
      }
    }
  }

  async function killAndRestart(random: Random): Promise<void> {
    const what = random.pick(['gateway', 'gateway', 'central', 'both'] as const);
    if (what !== 'gateway') await campus.central.kill();
    if (what !== 'central') await campus.gateway.kill();
    if (what !== 'central') await campus.gateway.start();
    // Central may stay away for a while: the gateways do not wait for it.
    if (what !== 'gateway') await campus.central.start();
  }

  it('leave every green light as one punch', async () => {
    const random = new Random(SEED);
    const tapping = Promise.all([...campus.gateway.readers.values()].map(tapOn));
    const endMs = performance.now() + BUDGET_MS;
    let kills = 0;
    while (performance.now() < endMs) {
      const enough = campus.greens + random.int(TAPS_BETWEEN_KILLS.min, TAPS_BETWEEN_KILLS.max);
      await Promise.race([tapping, until('people go on tapping', () => campus.greens >= enough)]);
      await killAndRestart(random);
      kills += 1;
    }
    isOver = true;
    await tapping;
    expect(kills).toBeGreaterThan(0);
    await expectGreensArePunches(campus);
  });
});
