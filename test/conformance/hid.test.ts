import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { createFleet, type Fleet } from '@rollcall/gateway/devices/fleet';
import { findDriver } from '@rollcall/gateway/drivers/registry';
import { type Log, silentLog } from '@rollcall/gateway/log';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';

/**
 * Simulated HID devices that speak real reports, read by the gateway's drivers through its HID transport. No kernel of
 * a build machine has a virtual HID bus, so that the cable is a socket; docs/readers/hid-uhid.md is the test with
 * /dev/uhid, by hand.
 */
let folder: string;
let cleanups: (() => unknown)[];
let recorded: string[];
let fleet: Fleet;
/** How often the device was connected and could be read: its state says "ready" on through a short loss. */
let connections: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-hid-'));
  mkdirSync(join(folder, 'dev'));
  cleanups = [];
  recorded = [];
  connections = 0;
});

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  rmSync(folder, { recursive: true, force: true });
});

function device(driver: string, profile?: string): SimulatedDevice {
  const made = new SimulatedDevice({
    id: 'reader',
    driver,
    linkPath: join(folder, 'dev', 'reader'),
    clock: systemClock,
    ...(profile === undefined ? {} : { profile }),
  });
  cleanups.push(() => made.stop());
  return made;
}

const log: Log = {
  ...silentLog,
  info: (first: object | string, message?: string) => {
    if (message === 'device ready' || first === 'device ready') connections += 1;
  },
  child: () => log,
};

function supervise(driver: string, options: Record<string, unknown> = {}): void {
  fleet = createFleet({
    devices: [
      {
        id: 'reader',
        driver,
        port: `hid+unix:${join(folder, 'dev', 'reader')}`,
        options: findDriver(driver)?.options.parse(options),
      },
    ],
    openTransport: createOpenTransport(systemClock),
    clock: systemClock,
    log,
    record: async ({ read: { values } }) => {
      recorded.push(values.full ?? values.u32 ?? values.w26 ?? '');
      return 'kept';
    },
    onChange: () => undefined,
  });
  cleanups.push(() => fleet.stop());
  fleet.start();
}

const state = (): string | undefined => fleet.snapshot()[0]?.state;
const isReady = (): Promise<unknown> => until('the reader is ready', () => state() === 'ready');

const UID = '01026F6C3A';
/** What a pcProx is told and asked from opening to the first poll: eight reports of nine bytes, three questions. */
const TAKE_OVER_BYTES = 8 * 9 + 3;

describe.each([
  ['hid-keyboard', '8h10d', {}, UID, 'number32:026F6C3A'],
  ['hid-keyboard', 'hex-rollover', { form: '10H' }, UID, 'em4100:01026F6C3A'],
  [
    'hid-keyboard',
    'hex-tab',
    { form: 'uid_hex_be', end: 'tab' },
    '04A1B2C3D4E580',
    'iso14443a:04A1B2C3D4E580',
  ],
  ['hid-keyboard', '2h4h-marks', { form: '2H.4H', prefix: ';', suffix: '?' }, UID, 'wiegand26:111-27706'],
  ['hid-keyboard', 'idle', { end: 'idle' }, UID, 'number32:026F6C3A'],
  ['hid-pos', 'code128', {}, UID, 'number32:026F6C3A'],
  ['hid-pos', 'qr-hex', { form: '10H' }, UID, 'em4100:01026F6C3A'],
  ['hid-pos', 'shifted', {}, UID, 'number32:026F6C3A'],
  ['hid-pos', 'honeywell', { enable: 'honeywell' }, UID, 'number32:026F6C3A'],
  ['pcprox', 'h10301', {}, '6F6C3A', 'wiegand26:111-27706'],
  ['pcprox', 'w34', {}, '026F6C3A', 'wiegand34:026F6C3A'],
  ['pcprox', 'c1000', {}, '12345678', 'wiegand35:12345678'],
  ['pcprox', 'w37', {}, UID, 'wiegand37:01026F6C3A'],
  ['pcprox', 'em4100', { card: 'em4100' }, UID, 'em4100:01026F6C3A'],
] as const)('%s with profile %s', (driver, profile, options, uid, canonical) => {
  it('is read from the card to the punch', async () => {
    const reader = device(driver, profile);
    reader.start();
    supervise(driver, options);
    await isReady();
    reader.swipe(uid, 600);
    await until('the card is recorded', () => recorded.length > 0);
    expect(recorded).toEqual([canonical]);
  });
});

it('survives unplugging, may be absent at the start, and is read again', async () => {
  const reader = device('hid-keyboard');
  supervise('hid-keyboard');
  await until('it is said to be absent', () => state() === 'absent');
  reader.start();
  await isReady();
  reader.swipe(UID);
  await until('the card is recorded', () => recorded.length === 1);
  await reader.unplug();
  reader.plug();
  await until('it can be read again', () => connections === 2);
  reader.swipe('0000D507D0');
  await until('the next card is recorded', () => recorded.length === 2);
  expect(recorded).toEqual(['number32:026F6C3A', 'number32:00D507D0']);
});

it('makes up nothing when it is pulled out in the middle of a number', async () => {
  const reader = device('hid-keyboard');
  reader.start();
  supervise('hid-keyboard');
  await isReady();
  await inflictFault(reader, 'cut', { at_byte: 3 });
  reader.swipe(UID);
  await until('it is unplugged', () => !reader.wire.isPlugged);
  reader.field.remove();
  reader.plug();
  await until('it can be read again', () => connections === 2);
  expect(recorded).toEqual([]);
});

it('lets a pcProx type nothing once it is taken over, shows its lights, and takes it over again after a plug', async () => {
  const sent: string[] = [];
  const reader = device('pcprox');
  reader.onReport((event) => {
    if (event.event === 'sent') sent.push(event.hex);
  });
  reader.start();
  supervise('pcprox');
  await isReady();
  reader.swipe('6F6C3A', 600);
  await until('the light is green', () => reader.lights.green === 1);
  await until('the light is out again', () => reader.lights.off === 1);
  await reader.unplug();
  const before = reader.wire.counters.bytesIn;
  reader.plug();
  await until(
    'it is taken over and asked for cards',
    () => reader.wire.counters.bytesIn > before + TAKE_OVER_BYTES,
  );
  reader.swipe('644BB6', 600);
  await until('the light is green again', () => reader.lights.green === 2);
  expect(recorded).toEqual(['wiegand26:111-27706', 'wiegand26:100-19382']);
  expect(sent).toEqual([]);
});

it('refuses a keyboard where a pcProx is configured', async () => {
  const reader = device('hid-keyboard');
  reader.start();
  supervise('pcprox');
  await until('it is tried', () => reader.wire.counters.bytesIn > 0);
  reader.swipe(UID);
  await until('the number is typed', () => reader.wire.counters.framesSent > 0);
  expect(recorded).toEqual([]);
  expect(state()).not.toBe('ready');
});
