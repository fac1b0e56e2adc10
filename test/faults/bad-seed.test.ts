import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CampusDatabase } from '../support/campus-database.js';
import { runToEnd } from '../support/process.js';
import { COMMANDS } from '../support/root.js';
import { seedFile } from '../support/seed-file.js';

describe('rollcall-central', () => {
  let directory: string;
  let database: CampusDatabase;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rollcall-seed-'));
    database = await CampusDatabase.open();
  });
  afterAll(async () => {
    await database?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    runToEnd({
      args: [COMMANDS.central, ...args],
      env: { DATABASE_URL: database.url, ROLLCALL_DATA_DIR: join(directory, 'central'), ...env },
    });

  it('refuses a campus file with a mistake, names its path, and stores nothing of it', async () => {
    const file = join(directory, 'campus.json');
    const seed = seedFile({
      gateways: [{ id: 'gw-a', publicKey: Buffer.alloc(32, 7).toString('base64'), devices: [] }],
      students: [],
      nowMs: Date.now(),
    });
    writeFileSync(
      file,
      JSON.stringify({ ...seed, campus: { id: 'main', name: 'Test campus', zone: 'Asia/Kolkatta' } }),
    );
    const { code, stderr } = await run(['seed', file]);
    expect(code).toBe(1);
    expect(stderr).toContain('SEED_INVALID');
    expect(stderr).toContain('campus.zone');
    expect(await database.count('campus')).toBe(0);
  });

  it('says which database it cannot reach, without the password', async () => {
    const url = new URL(database.url);
    url.port = '1';
    const { code, stderr } = await run(['run', '--port', '0', '--mqtt-port', '0'], {
      DATABASE_URL: url.href,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('DATABASE_UNAVAILABLE');
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).not.toContain(url.password);
  });

  it('says that a broker it cannot use is the problem', async () => {
    const { code, stderr } = await run(['run', '--port', '0'], { MQTT_URL: 'http://127.0.0.1:1' });
    expect(code).toBe(1);
    expect(stderr).toContain('MQTT_URL');
  });
});
