import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';

const TAPS = 40;

describe('a power cut', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start();
  });
  afterAll(() => campus?.stop());

  it('takes back no green light: database and log without the shared memory hold every punch', async () => {
    const { gateway, wire } = campus;
    wire.refuse();
    for (let tap = 0; tap < TAPS; tap++) expect(await campus.tapNewCard()).toBe('green');
    await gateway.kill();
    const after = `${gateway.dataDir}-after`;
    mkdirSync(after);
    for (const name of ['outbox.db', 'outbox.db-wal', 'gateway-key.pem']) {
      const from = join(gateway.dataDir, name);
      expect(existsSync(from), name).toBe(true);
      copyFileSync(from, join(after, name));
    }
    gateway.moveTo(after);
    wire.refuse(false);
    await gateway.start();
    expect(await campus.tapNewCard()).toBe('green');
    await expectGreensArePunches(campus);
    expect(await campus.database.count('punch')).toBe(TAPS + 1);
  });
});
