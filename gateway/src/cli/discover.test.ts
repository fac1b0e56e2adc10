import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { candidatesFor, guess } from '../discovery/candidates.js';
import { listConnected } from '../discovery/connected.js';
import { defineDriver } from '../drivers/driver.js';
import { driver as rdm6300 } from '../drivers/rdm6300.js';
import { FakeSystem, MOUSE, SCANNER } from '../system/fake-system.fixture.js';
import { MemoryPort } from '../transport/memory.fixture.js';
import { discover } from './discover.js';

let system: FakeSystem;
let port: MemoryPort;

beforeEach(() => {
  system = new FakeSystem();
  port = new MemoryPort();
});
afterEach(() => {
  vi.restoreAllMocks();
  system.remove();
});

async function printed(options: { config?: string; probe?: true; json?: true } = {}): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  await discover(
    { config: '/nowhere/gateway.yaml', ...options },
    { files: system.files, openTransport: port.openTransport },
  );
  return text;
}

describe('discovery', () => {
  it('prints the entry to paste where one driver fits better than every other', async () => {
    system.plugHid({ hidraw: 0, vid: '0C27', pid: '3BFA', usb: '1-1', name: 'RFIDeas pcProx', event: 2 });
    system.plugHid({
      hidraw: 1,
      vid: '0C2E',
      pid: '0B01',
      usb: '1-2',
      name: 'Honeywell',
      descriptor: SCANNER,
    });
    system.plugSerial({
      tty: 'ttyACM0',
      vid: '303a',
      pid: '1001',
      usb: '1-4',
      byId: 'usb-Espressif_1234-if00',
    });
    const text = await printed();
    expect(text).toContain(
      '- { id: reader-1, driver: line, port: "/dev/serial/by-id/usb-Espressif_1234-if00" }',
    );
    expect(text).toContain('- { id: reader-2, driver: pcprox, port: "hid:0c27:3bfa" }');
    expect(text).toContain('- { id: reader-3, driver: hid-pos, port: "hid:0c2e:0b01" }');
    expect(text).toContain('/dev/hidraw0  0c27:3bfa  RFIDeas pcProx');
  });

  it('gives a reader that types by its input events, and no ordinary keyboard for one', async () => {
    system.plugHid({ hidraw: 0, vid: 'FFFF', pid: '0035', usb: '1-1', name: 'Sycreader', event: 2 });
    system.link('/dev/input/by-id/usb-Sycreader-event-kbd', '/dev/input/event2');
    system.plugHid({ hidraw: 1, vid: '046D', pid: 'C31C', usb: '1-2', name: 'Logitech', event: 3 });
    system.plugHid({
      hidraw: 2,
      vid: '046D',
      pid: 'C077',
      usb: '1-3',
      name: 'Mouse',
      descriptor: MOUSE,
      event: 4,
    });
    const text = await printed();
    expect(text).toContain('driver: hid-keyboard, port: "/dev/input/by-id/usb-Sycreader-event-kbd" }');
    expect(text).toMatch(/Logitech\n {2}no known reader; if it is one that types, write/);
    expect(text).not.toContain('Mouse');
  });

  it('refuses to choose between equals and says how to find out', async () => {
    system.plugSerial({ tty: 'ttyUSB0', vid: '1a86', pid: '7523', usb: '1-1' });
    const text = await printed();
    expect(text).toMatch(
      /could be chafon or ef01 or .*line or osdp or pn532 or rdm6300 or twn4 or wiegand: "--probe" asks .* find out with "rollcall-gateway monitor --driver …/,
    );
    expect(text).toContain('driver: …, port: "/dev/serial/by-path/platform-usb-1-1" }');
  });

  it('knows a TWN4 by its numbers, and an RS-485 adapter by its name', async () => {
    system.plugSerial({ tty: 'ttyACM0', vid: '09d8', pid: '0420', usb: '1-1', byId: 'usb-Elatec' });
    system.plugSerial({ tty: 'ttyUSB0', vid: '0403', pid: '6001', usb: '1-2', byId: 'usb-FTDI-RS485' });
    system.write('/sys/devices/usb1/1-2/product', 'USB-RS485 Cable\n');
    const text = await printed();
    expect(text).toContain('driver: twn4, port: "/dev/serial/by-id/usb-Elatec" }');
    expect(text).toContain('driver: osdp, port: "/dev/serial/by-id/usb-FTDI-RS485" }');
  });

  it('names the serial number where two are alike', async () => {
    system.plugHid({ hidraw: 0, vid: '0C27', pid: '3BFA', usb: '1-1', serial: 'A1' });
    system.plugHid({ hidraw: 1, vid: '0C27', pid: '3BFA', usb: '1-2', serial: 'A2' });
    const text = await printed();
    expect(text).toContain('port: "hid:0c27:3bfa:A1"');
    expect(text).toContain('port: "hid:0c27:3bfa:A2"');
  });

  it('says what is configured already, opens nothing unasked, and says when nothing is there', async () => {
    expect(await printed()).toMatch(/^Nothing is connected/);
    system.plugSerial({ tty: 'ttyUSB0', vid: '303a', pid: '1001', usb: '1-1', byId: 'usb-x' });
    const config = join(system.root, 'gateway.yaml');
    for (const name of ['password', 'key']) system.write(`/${name}`, 'ab'.repeat(32));
    writeFileSync(
      config,
      JSON.stringify({
        gateway: { id: 'gw' },
        uplink: { mqtt_url: 'mqtt://127.0.0.1', password_file: '/password', central_url: 'http://127.0.0.1' },
        identify: { card_hash_key_file: '/key' },
        devices: [{ id: 'line-r1', driver: 'line', port: '/dev/ttyUSB0' }],
      }),
    );
    expect(await printed({ config, probe: true })).toContain('configured as line-r1');
    expect(port.openings).toEqual([]);
  });

  it('prints JSON for programs', async () => {
    system.plugSerial({ tty: 'ttyUSB0', vid: '1a86', pid: '7523', usb: '1-1', byId: 'usb-1a86' });
    expect(JSON.parse(await printed({ json: true }))).toEqual([
      {
        node: '/dev/ttyUSB0',
        port: '/dev/serial/by-id/usb-1a86',
        name: '',
        usb: '1a86:7523',
        candidates: expect.arrayContaining([
          { driver: 'rdm6300', score: 20, port: '/dev/serial/by-id/usb-1a86' },
        ]),
      },
    ]);
  });
});

it('tries a device only when asked to, one driver after the other', async () => {
  system.plugSerial({ tty: 'ttyUSB0', vid: '0403', pid: '6001', usb: '1-1', byId: 'usb-FTDI' });
  port.failure = new RollcallError('DEVICE_TIMEOUT', 'no answer');
  const text = await printed({ probe: true });
  expect(port.openings.length).toBeGreaterThanOrEqual(8);
  expect(text).toMatch(/asked as chafon, ef01, gt521f, .*osdp, pn532, .*: no answer/);
  expect(text).toContain('no driver knows it by its numbers');
});

it('scores by vendor, product and name, and keeps serial and HID apart', async () => {
  system.plugSerial({ tty: 'ttyUSB0', vid: '10c4', pid: 'ea60', usb: '1-1', byId: 'usb-Silicon' });
  system.write('/sys/devices/usb1/1-1/product', 'ACME Finger\n');
  const [device] = await listConnected(system.files);
  if (device === undefined) throw new Error('nothing was found');
  const named = defineDriver({ ...rdm6300, id: 'named', usb: [{ vid: 0x10c4, name: 'finger', score: 70 }] });
  const other = defineDriver({ ...rdm6300, id: 'other', usb: [{ vid: 0x10c4, pid: 0x1234, score: 90 }] });
  const found = candidatesFor(device, [rdm6300, named, other] as never);
  expect(found.map(({ driver, score }) => [driver.id, score])).toEqual([
    ['named', 70],
    ['rdm6300', 20],
  ]);
  expect(guess(found)).toMatchObject({ type: 'one', candidate: { score: 70 } });
  expect(guess([])).toEqual({ type: 'none' });
});
