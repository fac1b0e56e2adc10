import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CampusDatabase } from '../support/campus-database.js';
import { runToEnd } from '../support/process.js';
import { COMMANDS } from '../support/root.js';

describe('central on a port that somebody else has', () => {
  let somebody: Server;
  let port: number;
  let database: CampusDatabase;
  let dataDir: string;
  beforeAll(async () => {
    somebody = createServer();
    somebody.listen(0, '127.0.0.1');
    await once(somebody, 'listening');
    port = (somebody.address() as AddressInfo).port;
    database = await CampusDatabase.open();
    dataDir = mkdtempSync(join(tmpdir(), 'rollcall-port-'));
  });
  afterAll(async () => {
    somebody?.close();
    await database?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.each([
    { what: 'HTTP', args: (taken: number) => ['--port', `${taken}`, '--mqtt-port', '0'], option: '--port' },
    {
      what: 'MQTT',
      args: (taken: number) => ['--port', '0', '--mqtt-port', `${taken}`],
      option: '--mqtt-port',
    },
  ])('ends with the $what port and the option that changes it', async ({ args, option }) => {
    const { code, stderr } = await runToEnd({
      args: [COMMANDS.central, 'run', ...args(port)],
      env: { DATABASE_URL: database.url, ROLLCALL_DATA_DIR: dataDir },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('PORT_TAKEN');
    expect(stderr).toContain(String(port));
    expect(stderr).toContain(option);
  });
});
