import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { until } from '../support/until.js';

describe('a reader that is not there', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.prepare({
      gateways: [
        {
          id: 'gw-a',
          readers: [
            { id: 'line-here', driver: 'line' },
            { id: 'line-later', driver: 'line', isAbsent: true },
            { id: 'line-wrong', driver: 'line', isAbsent: true },
          ],
        },
      ],
    });
    const wrongPath = campus.reader('line-wrong').device.wire.link.path;
    mkdirSync(dirname(wrongPath), { recursive: true });
    writeFileSync(wrongPath, 'this is no serial port\n');
    await campus.gateway.start();
  });
  afterAll(() => campus?.stop());

  function reported(deviceId: string) {
    return campus.database.rows<{ state: string; problem: { code: string; message: string } | null }>(
      `SELECT reported->>'state' AS state, reported->'problem' AS problem
         FROM attendance_biometric_device WHERE device_id = ?`,
      [deviceId],
    );
  }

  it('stops neither the gateway nor the other readers', async () => {
    expect(await campus.tapNewCard(campus.reader('line-here'))).toBe('green');
  });

  it('is shown as absent with the path and what to do', async () => {
    const row = await until('central knows why it is not there', async () => {
      const [found] = await reported('line-later');
      // Nothing is ever said to be away without its reason, so there is nothing between to wait through.
      if (found?.state === 'absent') expect(found.problem).not.toBeNull();
      return found?.problem?.code === 'PORT_ABSENT' ? found : undefined;
    });
    expect(row.state).toBe('absent');
    expect(row.problem?.message).toContain(campus.reader('line-later').device.wire.link.path);
  });

  it('is told apart from something else at its path', async () => {
    const row = await until('central knows what is wrong', async () => {
      const [found] = await reported('line-wrong');
      return found?.problem === null || found?.problem === undefined ? undefined : found;
    });
    expect(['absent', 'blocked']).toContain(row.state);
    expect(row.problem?.message).toContain('not a serial port');
  });

  it('works as soon as it is plugged in', async () => {
    const later = campus.reader('line-later');
    await campus.gateway.plug(later);
    expect(await campus.tapNewCard(later)).toBe('green');
  });

  it('works when the right device takes the place of the wrong one', async () => {
    const wrong = campus.reader('line-wrong');
    rmSync(wrong.device.wire.link.path);
    await campus.gateway.plug(wrong);
    expect(await campus.tapNewCard(wrong)).toBe('green');
    await expectGreensArePunches(campus);
  });
});
