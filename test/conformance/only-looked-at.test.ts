import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { tryDevice } from '@rollcall/gateway/discovery/try-device';
import { driverIds, findDriver } from '@rollcall/gateway/drivers/registry';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const KEY = 'f9c2af765c7a17261a651a7b90134818';

interface Look {
  driver: string;
  profile?: string;
  /** Those with which the driver has most to change. */
  options?: Record<string, unknown>;
  settings?: Record<string, string>;
}

const LOOKS: readonly Look[] = [
  { driver: 'chafon' },
  { driver: 'ef01', profile: 'r307' },
  { driver: 'gt521f' },
  { driver: 'hid-keyboard' },
  { driver: 'hid-pos', profile: 'honeywell', options: { enable: 'honeywell' } },
  { driver: 'line' },
  { driver: 'osdp', options: { address: 1, install: true, scbk_file: 'key' }, settings: { addresses: '1' } },
  { driver: 'pcprox' },
  { driver: 'pn532' },
  { driver: 'rdm6300' },
  { driver: 'twn4' },
  { driver: 'twn4', profile: 'binary', options: { protocol: 'auto' } },
  { driver: 'wiegand' },
];
/** Their logs and clocks are what could be changed: terminals.test.ts and terminal-people.test.ts compare those. */
const TERMINALS = ['zk-4370', 'zk-push'];

let folder: string;
let device: SimulatedDevice;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-looked-at-'));
  mkdirSync(join(folder, 'dev'));
  writeFileSync(join(folder, 'key'), KEY);
});

afterEach(async () => {
  await device.stop();
  rmSync(folder, { recursive: true, force: true });
});

const memory = (): unknown => structuredClone({ baud: device.wire.baud, held: device.firmware.configured });

/** What `doctor` and `discover --probe` do. */
describe('a device that is only looked at', () => {
  it.each(
    LOOKS.map((look) => [`${look.driver} ${look.profile ?? ''}`.trim(), look] as const),
  )('is afterwards what it was before: %s', async (_name, { driver: id, options = {}, ...made }) => {
    const driver = findDriver(id);
    if (driver === undefined) throw new Error(`there is no driver ${id}`);
    const linkPath = join(folder, 'dev', 'device');
    device = new SimulatedDevice({ id: 'device', driver: id, linkPath, clock: systemClock, ...made });
    device.start();
    const before = memory();
    const file = options['scbk_file'];
    const outcome = await tryDevice({
      driver,
      port: driver.link.kind === 'hid' ? `hid+unix:${linkPath}` : linkPath,
      options: driver.options.parse(
        file === undefined ? options : { ...options, scbk_file: join(folder, 'key') },
      ),
      openTransport: createOpenTransport(systemClock),
      clock: systemClock,
    });
    expect(outcome.type === 'failed' ? outcome.reason : outcome.type).toMatch(/^(answered|opened)$/);
    expect(memory()).toEqual(before);
  });

  it('is tried with every driver', () => {
    expect([...new Set(LOOKS.map(({ driver }) => driver)), ...TERMINALS].sort()).toEqual(
      [...driverIds].sort(),
    );
  });
});
