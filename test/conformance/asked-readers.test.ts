import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { createFleet, type Fleet } from '@rollcall/gateway/devices/fleet';
import { findDriver } from '@rollcall/gateway/drivers/registry';
import { silentLog } from '@rollcall/gateway/log';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';

const EPC = 'E20020675516027012707200';

let folder: string;
let device: SimulatedDevice;
let fleet: Fleet;
let cards: (string | undefined)[];
let states: Set<string | undefined>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-asked-'));
  cards = [];
  states = new Set();
});

afterEach(async () => {
  await fleet.stop();
  await device.stop();
  rmSync(folder, { recursive: true, force: true });
});

function connect(id: string, profile: string, options: Record<string, unknown>, held?: Uint8Array): void {
  const linkPath = join(folder, 'reader');
  device = new SimulatedDevice({ id: 'reader', driver: id, profile, linkPath, clock: systemClock });
  device.start();
  if (held !== undefined) device.firmware.receive(held);
  fleet = createFleet({
    devices: [{ id: 'reader', driver: id, port: linkPath, options: findDriver(id)?.options.parse(options) }],
    openTransport: createOpenTransport(systemClock),
    clock: systemClock,
    log: silentLog,
    record: async ({ read }) => {
      cards.push(read.values.full);
      return 'kept';
    },
    onChange: () => states.add(fleet.snapshot()[0]?.state),
  });
  fleet.start();
}

/** Simulated device, real pty, driver, supervisor. */
describe('a reader that is asked, on a pty', () => {
  it.each([
    ['twn4', 'twn4', {}, '66CF4DC2', 'iso14443a:66CF4DC2'],
    ['twn4', 'twn4', {}, '01026F6C3A', 'em4100:01026F6C3A'],
    ['twn4', 'binary', { protocol: 'binary' }, '66CF4DC2', 'iso14443a:66CF4DC2'],
    ['twn4', 'binary-crc', { protocol: 'binary_crc' }, '66CF4DC2', 'iso14443a:66CF4DC2'],
    ['chafon', '18', {}, EPC, `uhf:${EPC}`],
    ['chafon', '288', { family: 'uhfreader288' }, EPC, `uhf:${EPC}`],
    ['chafon', '18-active', { mode: 'listen' }, EPC, `uhf:${EPC}`],
    ['chafon', 'ct', { family: 'ct', baud: 115200 }, EPC, `uhf:${EPC}`],
    ['chafon', 'ct-text', { family: 'ct', baud: 115200, mode: 'listen' }, EPC, `uhf:${EPC}`],
    ['chafon', 'ct-active', { family: 'ct', baud: 115200, mode: 'listen' }, EPC, `uhf:${EPC}`],
  ])('reads a card: %s as %s', async (id, profile, options, uid, expected) => {
    connect(id, profile, options);
    await until('the reader is ready', () => fleet.snapshot()[0]?.state === 'ready');
    device.hold(uid);
    await until('the card is recorded', () => cards.length > 0);
    expect(cards).toEqual([expected]);
    expect(device.refusals).toBe(0);
  });

  it('finds out which form a TWN4 speaks', async () => {
    connect('twn4', 'binary', { protocol: 'auto' });
    await until('the reader is ready', () => fleet.snapshot()[0]?.state === 'ready');
    device.hold('66CF4DC2');
    await until('the card is recorded', () => cards.length > 0);
    expect(cards).toEqual(['iso14443a:66CF4DC2']);
  });

  it.each([
    ['a line', 'twn4', 'ascii', '30 35 30 34'],
    ['a binary command', 'binary', 'binary', '05 00 05'],
    ['a length', 'binary', 'binary', '05'],
    ['a binary command with CRC', 'binary-crc', 'binary_crc', '05 00 05 00 10'],
  ])('is not turned away by a TWN4 that holds half of %s of somebody else', async (_what, profile, protocol, held) => {
    connect('twn4', profile, { protocol }, Buffer.from(held.replaceAll(' ', ''), 'hex'));
    await until('the reader is ready', () => fleet.snapshot()[0]?.state === 'ready');
    expect([...states].filter((state) => state === 'blocked' || state === 'absent')).toEqual([]);
  });

  it('takes no ghost for a tag where nothing but text comes', async () => {
    connect('chafon', 'ct-text', { family: 'ct', baud: 115200, mode: 'listen' });
    await until('the reader is ready', () => fleet.snapshot()[0]?.state === 'ready');
    await inflictFault(device, 'ghost', {});
    await inflictFault(device, 'noise', { bytes: 300 });
    device.hold(EPC);
    await until('the tag is recorded', () => cards.length > 0);
    expect(cards).toEqual([`uhf:${EPC}`]);
  });

  it('shows on a TWN4 that the card is kept', async () => {
    connect('twn4', 'twn4', {});
    await until('the reader is ready', () => fleet.snapshot()[0]?.state === 'ready');
    device.hold('66CF4DC2');
    await until(
      'the light is green and off again',
      () => device.lights.green === 1 && device.lights.off === 1,
    );
    expect(device.beeps).toBe(1);
  });
});
