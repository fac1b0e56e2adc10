import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { CampusDatabase } from '../support/campus-database.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { until } from '../support/until.js';

describe('a PostgreSQL that is', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start({ database: await CampusDatabase.openDurable() });
  });
  afterAll(() => campus?.stop());
  afterEach(() => {
    campus.databaseWire.refuse(false);
    campus.databaseWire.thaw();
  });

  async function tapMany(): Promise<void> {
    for (let tap = 0; tap < 10; tap++) expect(await campus.tapNewCard()).toBe('green');
  }
  const readiness = async (): Promise<number> => (await fetch(`${campus.central.url}/readyz`)).status;

  it('case 162: unreachable delays nobody, makes central unready but not dead, and loses nothing', async () => {
    await tapMany();
    campus.databaseWire.refuse();
    await tapMany();
    await until('central says that it is not ready', async () => (await readiness()) === 503);
    expect((await fetch(`${campus.central.url}/healthz`)).status).toBe(200);
    campus.databaseWire.refuse(false);
    await until('central is ready again', async () => (await readiness()) === 200);
    await expectGreensArePunches(campus);
  });

  it('silent, its connections open, delays nobody and loses nothing', async () => {
    campus.databaseWire.freeze();
    await tapMany();
    campus.databaseWire.thaw();
    await expectGreensArePunches(campus);
  });

  it('silent while central is stopped: it ends all the same, says why, and has lost nothing', async () => {
    await tapMany();
    campus.databaseWire.freeze();
    await tapMany();
    const log = campus.central.process;
    expect(await campus.central.stop()).toEqual({ code: 0, signal: null });
    const told = log.log.filter(({ code }) => code === 'DATABASE_UNAVAILABLE').map(({ msg }) => msg);
    expect(told).toContainEqual(expect.stringContaining('its connections are cut off'));
    campus.databaseWire.thaw();
    await campus.central.start();
    await expectGreensArePunches(campus);
  });

  it('cut off again and again, in the middle of whatever is asked, does not end central', async () => {
    for (let cut = 0; cut < 30; cut++) {
      campus.databaseWire.cut();
      expect(await campus.tapNewCard()).toBe('green');
    }
    await expectGreensArePunches(campus);
    expect(campus.central.process.exit).toBeUndefined();
  });

  it('killed with SIGKILL and started again has everything that was acknowledged', async () => {
    await tapMany();
    const pidFile = join(campus.database.server.directory, 'data', 'postmaster.pid');
    process.kill(Number.parseInt(readFileSync(pidFile, 'utf8'), 10), 'SIGKILL');
    await tapMany();
    await expectGreensArePunches(campus);
  });
});
