import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { createFleet, type Fleet } from '@rollcall/gateway/devices/fleet';
import type { Presentation } from '@rollcall/gateway/devices/presentation';
import { driver } from '@rollcall/gateway/drivers/pn532';
import { silentLog } from '@rollcall/gateway/log';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';

/** What the simulated campus wrote into a card with this number, as the driver gives it. */
const written = (text: string): string =>
  `cardfile:${Buffer.from(`${text}\0`).toString('hex').toUpperCase()}`;
const AES_ZEROS = '0'.repeat(32);

let folder: string;
let device: SimulatedDevice;
let fleet: Fleet;
let recorded: Presentation[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-pn532-'));
  recorded = [];
});

afterEach(async () => {
  await fleet.stop();
  await device.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A simulated chip on a real pty with our driver on it, under supervision. */
async function connect(profile: string, options: Record<string, unknown> = {}, key = ''): Promise<void> {
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, key);
  const linkPath = join(folder, 'reader');
  device = new SimulatedDevice({ id: 'reader', driver: 'pn532', profile, linkPath, clock: systemClock });
  device.start();
  fleet = createFleet({
    devices: [
      {
        id: 'reader',
        driver: 'pn532',
        port: linkPath,
        options: driver.options.parse({ ...options, ...(key === '' ? {} : { key_file: keyFile }) }),
      },
    ],
    openTransport: createOpenTransport(systemClock),
    clock: systemClock,
    log: silentLog,
    record: async (presentation) => {
      recorded.push(presentation);
      return 'kept';
    },
    onChange: () => undefined,
  });
  fleet.start();
  await until('the reader is ready', () => fleet.snapshot()[0]?.state === 'ready');
}

const cards = (): (string | undefined)[] => recorded.map(({ read }) => read.values.full);

describe('a simulated PN532 on a pty', () => {
  it.each([
    ['mixed', {}, '', '4A8D694F', 'iso14443a:4A8D694F'],
    ['mixed', {}, '', '04A1B2C3D4E580', 'iso14443a:04A1B2C3D4E580'],
    ['mixed', { technologies: ['a', 'felica'] }, '', '0123456789ABCDEF', 'felica:0123456789ABCDEF'],
    ['type-b', { technologies: ['b'] }, '', '01234567', 'iso14443b:01234567'],
    ['classic', { credential: 'classic' }, 'FFFFFFFFFFFF', '4A8D694F', written('ROLL-004A8D694F')],
    ['mixed', { credential: 'ntag', block: 8 }, 'A1B2C3D48080', '04A1B2C3D4E580', written('ROLL-B2C3D4E580')],
    [
      'desfire-ev1',
      { credential: 'desfire', authentication: 'ev1' },
      AES_ZEROS,
      '04112233445566',
      written('ROLL-2233445566'),
    ],
    [
      'desfire-ev1',
      { credential: 'desfire', authentication: 'ev1', protection: 'mac', file: 2 },
      AES_ZEROS,
      '04112233445566',
      written('ROLL-2233445566'),
    ],
    ['desfire-ev2', { credential: 'desfire' }, AES_ZEROS, '04112233445566', written('ROLL-2233445566')],
    [
      'desfire-ev2',
      { credential: 'desfire', protection: 'mac', file: 2 },
      AES_ZEROS,
      '04112233445566',
      written('ROLL-2233445566'),
    ],
    [
      'desfire-random',
      { credential: 'desfire', number: 'uid' },
      AES_ZEROS,
      '04112233445566',
      'iso14443a:04112233445566',
    ],
  ])('reads %s %o', async (profile, options, key, uid, expected) => {
    await connect(profile, options, key);
    device.hold(uid);
    await until('the card is recorded', () => recorded.length > 0);
    expect(cards()).toEqual([expected]);
    expect(device.refusals).toBe(0);
  });

  it('reads each tap once, survives unplugging and reads again', async () => {
    await connect('mixed');
    device.swipe('4A8D694F', 600);
    await until('the first tap is recorded', () => recorded.length === 1);
    await device.unplug();
    device.plug();
    await until('the host opens the port again', () => device.wire.isHostOpen);
    device.swipe('4A8D694F', 1_500);
    await until('the second tap is recorded', () => recorded.length === 2);
    await device.field.swipesDone();
    expect(cards()).toEqual(['iso14443a:4A8D694F', 'iso14443a:4A8D694F']);
  });

  it('records nothing of a card that shows a random UID', async () => {
    await connect('mixed');
    device.hold('08AABBCC');
    const before = device.wire.counters.framesSent;
    await until('it was looked at several times', () => device.wire.counters.framesSent > before + 20);
    expect(recorded).toEqual([]);
  });

  it('gets over every fault of the line, and neither loses nor makes up a card', async () => {
    await connect('classic', { credential: 'classic' }, 'FFFFFFFFFFFF');
    const faults: [string, Record<string, unknown>][] = [
      ['flip', { frames: 3 }],
      ['duplicate', { frames: 10 }],
      ['noise', { bytes: 300 }],
      ['delay', { ms: 200, frames: 2 }],
      ['pause', { at_byte: 5, ms: 120, frames: 2 }],
      ['ghost', {}],
    ];
    for (const [index, [fault, options]] of faults.entries()) {
      await inflictFault(device, fault, options);
      device.hold(`4A8D69${index}${index}`);
      await until(`the card is recorded after ${fault}`, () => recorded.length > index);
      device.field.remove();
    }
    expect(cards()).toEqual(faults.map((_, index) => written(`ROLL-004A8D69${index}${index}`)));
  });
});
