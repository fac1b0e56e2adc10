import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { fetchForeignPackage, forgetForeignPackage, runWithPackage } from '../support/foreign-package.js';
import { freePort } from '../support/free-port.js';

const ENTRIES = 300;
const FOLDER = await fetchForeignPackage({
  name: 'node-zklib',
  version: '1.3.0',
  sha512: 'eqsg2oMKx/Jsju3PQzCennW94NUNw3YsUbXidzOzNWWOwnW/dXePIXIjhmMBpZ3QSLiltEn7Z0Gi0htZQBWBAw==',
});
const SKIP = FOLDER === undefined ? ' (skipped: node-zklib cannot be had from the npm registry here)' : '';

/** It tries TCP first, and UDP where nothing takes that. */
const SCRIPT = `
const [, folder, port] = process.argv;
const ZKLib = require(folder + '/zklib.js');
const zk = new ZKLib('127.0.0.1', Number(port), 30000, 0);
(async () => {
  await zk.createSocket();
  const users = await zk.getUsers();
  const logs = await zk.getAttendances();
  const last = logs.data.at(-1).deviceUserId;
  console.log(JSON.stringify({ how: zk.connectionType, users: users.data.length, logs: logs.data.length, last: String(last) }));
  process.exit(0);
})();
`;

let terminal: SimulatedDevice | undefined;
afterEach(() => terminal?.stop());
afterAll(() => forgetForeignPackage(FOLDER));

/** A program that nobody here wrote, on the simulated terminal that our driver is tried on. */
describe('the simulated terminal on port 4370', () => {
  it.skipIf(FOLDER === undefined).each([
    ['tcp', 'k40'],
    ['udp', 'zk6'],
  ])(`is read by node-zklib: %s, %s${SKIP}`, async (how, profile) => {
    const port = await freePort();
    const linkPath = `${how}://127.0.0.1:${port}`;
    terminal = new SimulatedDevice({
      id: 'terminal',
      driver: 'zk-4370',
      profile,
      linkPath,
      clock: systemClock,
    });
    terminal.firmware.memory?.store(ENTRIES);
    terminal.start();
    const said = await runWithPackage(FOLDER ?? '', SCRIPT, [String(port)]);
    const [, ...answer] = said.trim().split('\n');
    expect(JSON.parse(answer.join(''))).toEqual({
      how,
      users: ENTRIES,
      logs: ENTRIES,
      last: String(1_000 + ENTRIES),
    });
  });
});
