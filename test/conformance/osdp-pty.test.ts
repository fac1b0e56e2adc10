import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OsdpBus } from '@rollcall/firmware-sim/devices/osdp';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { createFleet, type Fleet } from '@rollcall/gateway/devices/fleet';
import type { FingerPresentation, Presentation } from '@rollcall/gateway/devices/presentation';
import { driver } from '@rollcall/gateway/drivers/osdp';
import { silentLog } from '@rollcall/gateway/log';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { enrolledRecord } from './support/finger-records.js';

const KEY = 'f9c2af765c7a17261a651a7b90134818';

let folder: string;
let simulated: SimulatedDevice;
let fleet: Fleet;
let recorded: Presentation[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-osdp-pty-'));
  mkdirSync(join(folder, 'dev'));
  recorded = [];
});

afterEach(async () => {
  await fleet.stop();
  await simulated.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('reads two secured readers and a keypad on one pty, lights them, and takes the bus back after it was unplugged', async () => {
  const link = join(folder, 'dev', 'bus');
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, KEY);
  simulated = new SimulatedDevice({
    id: 'bus',
    driver: 'osdp',
    linkPath: link,
    clock: systemClock,
    settings: { addresses: '1,2', scbk: KEY, secure: 'required' },
  });
  const bus = simulated.firmware as OsdpBus;
  simulated.start();
  fleet = createFleet({
    devices: [1, 2].map((address) => ({
      id: `osdp-${address}`,
      driver: 'osdp',
      port: link,
      options: driver.options.parse({ address, scbk_file: keyFile }),
    })),
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
  const areReady = () => fleet.snapshot().every(({ state }) => state === 'ready');
  const seen = () => recorded.map(({ deviceId, read, pin }) => [deviceId, read.values.w26, pin]);
  await until('both are ready', areReady);
  bus.choose(2);
  simulated.swipe('7B11D7', 50);
  await until('the card is lit', () => simulated.lights.green === 1);
  bus.press('471108#');
  await until('the PIN is recorded', () => recorded.length === 2);
  await simulated.unplug();
  simulated.plug();
  await until('both are secured again', () => bus.readers.every(({ isSecure }) => isSecure));
  bus.choose(1);
  simulated.swipe('644BB6', 50);
  await until('the card is recorded', () => recorded.length === 3);
  expect(seen()).toEqual([
    ['osdp-2', 'wiegand26:123-04567', undefined],
    ['osdp-2', 'wiegand26:123-04567', '471108'],
    ['osdp-1', 'wiegand26:100-19382', undefined],
  ]);
  expect(simulated.refusals).toBe(0);
});

it('keeps a card, and then the finger of its holder that the reader compared; a strange finger is red', async () => {
  const link = join(folder, 'dev', 'bus');
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, KEY);
  const fingers: FingerPresentation[] = [];
  simulated = new SimulatedDevice({
    id: 'bus',
    driver: 'osdp',
    linkPath: link,
    clock: systemClock,
    rates: { falseReject: 0, falseAccept: 0, poor: 0 },
    settings: { addresses: '1', scbk: KEY, secure: 'required', fingers: 'on', packet: '128' },
  });
  simulated.start();
  fleet = createFleet({
    devices: [
      {
        id: 'osdp-1',
        driver: 'osdp',
        port: link,
        options: driver.options.parse({ address: 1, scbk_file: keyFile, fingers: 'reader' }),
      },
    ],
    openTransport: createOpenTransport(systemClock),
    clock: systemClock,
    log: silentLog,
    record: async (presentation) => {
      recorded.push(presentation);
      return 'kept';
    },
    fingers: {
      record: async (presentation) => {
        fingers.push(presentation);
        return 'kept';
      },
      recordRefused: async () => 'not_recognized',
      sensorChanged: () => undefined,
      slotsOf: () => [],
      holderOf: () => 'asha',
      fingersOf: () => [{ templateId: 't1', position: 1, record: enrolledRecord('asha-right-thumb') }],
    },
    onChange: () => undefined,
  });
  fleet.start();
  await until('it is ready', () => fleet.snapshot().every(({ state }) => state === 'ready'));
  const bus = simulated.firmware as OsdpBus;
  simulated.swipe('7B11D7', 50);
  await until('the card is lit', () => simulated.lights.green === 1);
  bus.fingerIn('ravi-left-index');
  await until('a strange finger is red', () => simulated.lights.red === 1);
  bus.fingerOut();
  expect(fingers).toEqual([]);
  simulated.swipe('7B11D7', 50);
  await until('the card is lit again', () => simulated.lights.green === 2);
  bus.fingerIn('asha-right-thumb');
  await until('the finger is lit', () => simulated.lights.green === 3);
  expect(recorded).toHaveLength(2);
  expect(fingers).toMatchObject([
    { deviceId: 'osdp-1', finger: { verified: 'asha' }, card: { studentRef: 'asha' } },
  ]);
});

it('moves a new reader from its factory address and speed to its own, and hands it its key there', async () => {
  const link = join(folder, 'dev', 'bus');
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, KEY);
  simulated = new SimulatedDevice({
    id: 'bus',
    driver: 'osdp',
    linkPath: link,
    clock: systemClock,
    settings: { addresses: '0' },
  });
  simulated.start();
  const [reader] = (simulated.firmware as OsdpBus).readers;
  const options = { address: 3, baud: 38_400, scbk_file: keyFile, install: true, install_address: 0 };
  fleet = createFleet({
    devices: [{ id: 'osdp-3', driver: 'osdp', port: link, options: driver.options.parse(options) }],
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
  await until('it is ready', () => fleet.snapshot().every(({ state }) => state === 'ready'));
  expect(simulated.wire.baud).toBe(38_400);
  expect(reader).toMatchObject({ address: 3, baud: 38_400, isSecure: true });
  simulated.swipe('7B11D7', 50);
  await until('the card is recorded', () => recorded.length === 1);
});
