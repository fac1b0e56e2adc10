import { CRASH_POINTS } from '@rollcall/central/crash-point';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus, ONE_GATEWAY } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { PUBLISH } from '../support/mqtt-packets.js';
import { startAedes } from '../support/test-broker.js';
import { until } from '../support/until.js';

/** Nothing here may wait for it: a gateway hears that central reads again, and sends what is not acknowledged (ADR 49). */
const RESEND_SECONDS = 600;
const GATEWAYS = ONE_GATEWAY.map((plan) => ({
  ...plan,
  config: { uplink: { resend_seconds: RESEND_SECONDS } },
}));

describe('central killed with SIGKILL', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start({ broker: await startAedes(), gateways: GATEWAYS });
  });
  afterAll(() => campus?.stop());

  async function tapMany(taps: number): Promise<void> {
    for (let tap = 0; tap < taps; tap++) expect(await campus.tapNewCard()).toBe('green');
  }

  it.each(CRASH_POINTS)('at "%s" loses nothing and stores nothing twice', async (point) => {
    await campus.central.stop();
    // Ready or not: what waits at the gateway may kill it while it starts.
    campus.central.launch({ ROLLCALL_CRASH_AT: point });
    await tapMany(5);
    expect((await campus.central.process.exited).signal).toBe('SIGKILL');
    await tapMany(5);
    await campus.central.start();
    await expectGreensArePunches(campus);
  });

  it('between commit and ack has stored everything once, and acknowledges it after the restart', async () => {
    // The ack leaves central and reaches nobody: to the world it was killed in between.
    campus.centralWire?.judge(({ type, topic }, direction) =>
      direction === 'up' && type === PUBLISH && topic?.endsWith('/down/ack') === true ? 'drop' : 'pass',
    );
    // No more than the window takes without an ack.
    await tapMany(5);
    await until(
      'central has committed them',
      async () => (await campus.database.count('punch')) >= campus.greens,
    );
    await campus.central.kill();
    const { head, acked } = campus.gateway.outbox();
    expect(acked).toBeLessThan(head);
    campus.centralWire?.judge(undefined);
    await campus.central.start();
    await expectGreensArePunches(campus);
  });

  it('while batches are on their way to it loses none of them', async () => {
    for (let round = 0; round < 2; round++) {
      await tapMany(5);
      await campus.central.kill();
      await tapMany(5);
      await campus.central.start();
    }
    await expectGreensArePunches(campus);
  });
});
