import { statusSchema } from '@rollcall/protocol/status';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { type MqttPacket, PUBLISH } from '../support/mqtt-packets.js';
import { startAedes } from '../support/test-broker.js';
import { until } from '../support/until.js';

describe('the last will of a gateway', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start({ broker: await startAedes() });
  });
  afterAll(() => campus?.stop());

  async function state(): Promise<string | undefined> {
    const [row] = await campus.database.rows<{ state: string }>('SELECT state FROM gateway');
    return row?.state;
  }
  const becomes = (wanted: string) =>
    until(`the gateway is ${wanted}`, async () => (await state()) === wanted);

  function isWill({ type, topic, payload }: MqttPacket): boolean {
    if (type !== PUBLISH || topic?.endsWith('/up/status') !== true || payload === undefined) return false;
    return statusSchema.parse(JSON.parse(payload.toString('utf8'))).state === 'offline';
  }

  it('shows it offline when it dies', async () => {
    await becomes('online');
    await campus.gateway.kill();
    await becomes('offline');
    await campus.gateway.start();
    await becomes('online');
  });

  it('that arrives after the next birth changes nothing', async () => {
    const { centralWire } = campus;
    centralWire?.judge((packet, direction) => (direction === 'down' && isWill(packet) ? 'hold' : 'pass'));
    await campus.gateway.kill();
    await until('the will is held back', () => (centralWire?.held ?? 0) > 0);
    const [before] = await campus.database.rows<{ session: number }>(
      'SELECT status_session::int AS session FROM gateway',
    );
    await campus.gateway.start();
    await until('central has heard the birth', async () => {
      const [row] = await campus.database.rows<{ session: number }>(
        'SELECT status_session::int AS session FROM gateway',
      );
      return (row?.session ?? 0) > (before?.session ?? 0);
    });
    centralWire?.judge(undefined);
    centralWire?.release();
    // Messages of one connection are taken in order: when this punch is there, the will was read.
    expect(await campus.tapNewCard()).toBe('green');
    await expectGreensArePunches(campus);
    expect(await state()).toBe('online');
  });
});
