import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';

describe('a reader configured with the wrong baud rate', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start({
      gateways: [
        {
          id: 'gw-a',
          readers: [
            // The gateway assumes 115200.
            { id: 'line-wrong', driver: 'line', baud: 9600 },
            { id: 'line-right', driver: 'line' },
          ],
        },
      ],
    });
  });
  afterAll(() => campus?.stop());

  it('becomes degraded with a hint to the baud rate, makes no punch, and leaves its neighbor alone', async () => {
    const wrong = campus.reader('line-wrong');
    for (let card = 0; card < 10; card++) wrong.device.hold(campus.cards.next('line'));
    await inflictFault(wrong.device, 'noise', { bytes: 8_000, seed: 1 });
    const degraded = await campus.gateway.process.line(
      (line) => line['device_id'] === 'line-wrong' && line['state'] === 'degraded',
    );
    expect(degraded).toMatchObject({ code: 'FRAME_GARBAGE' });
    expect(String(degraded['message'])).toContain('baud');
    expect(await campus.tapNewCard(campus.reader('line-right'))).toBe('green');
    await expectGreensArePunches(campus);
    expect(await campus.database.count('punch', "device_id = 'line-wrong'")).toBe(0);
    expect(wrong.device.lights).toMatchObject({ green: 0, red: 0 });
  });
});
