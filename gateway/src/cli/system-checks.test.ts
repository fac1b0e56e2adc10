import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { RollcallError } from '@rollcall/protocol/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceConfig, GatewayConfig } from '../config/schema.js';
import { deviceStatus } from '../features/device-reports.js';
import { deviceSnapshot } from '../features/device-snapshot.fixture.js';
import { FakeSystem } from '../system/fake-system.fixture.js';
import { MemoryPort } from '../transport/memory.fixture.js';
import type { Check, Finding } from './checks/check.js';
import { deviceHealth } from './checks/devices.js';
import { groups } from './checks/groups.js';
import { hidLibrary } from './checks/hid-library.js';
import { hidPorts } from './checks/ports.js';
import { power } from './checks/power.js';
import { udevRules } from './checks/udev-rules.js';

const RULES = new URL('../../packaging/99-rollcall.rules', import.meta.url);
const DATA_DIR = '/var/lib/rollcall-gateway';

let system: FakeSystem;
beforeEach(() => {
  system = new FakeSystem();
});
afterEach(() => system.remove());

function run(check: Check, ...devices: { driver: string; port: string }[]): Promise<Finding[]> {
  const config: Pick<GatewayConfig, 'gateway' | 'devices'> = {
    gateway: { id: 'gw', dataDir: DATA_DIR },
    devices: devices.map((device, index): DeviceConfig => ({ id: `d${index}`, options: {}, ...device })),
  };
  return check.run(config as GatewayConfig);
}

const verdicts = (findings: readonly Finding[]): string[] => findings.map(({ verdict }) => verdict);

describe('the groups of this user', () => {
  const check = (userId: number, ...groupIds: number[]): Check =>
    groups({ files: system.files, userId, groupIds });
  beforeEach(() =>
    system.write('/etc/group', 'root:x:0:\ndialout:x:20:rollcall\nplugdev:x:46:\ninput:x:104:\n'),
  );

  it('are those that the configured readers need, and no others', async () => {
    const serial = { driver: 'rdm6300', port: '/dev/serial/by-id/a' };
    const pcprox = { driver: 'pcprox', port: 'hid:0c27:3bfa' };
    expect(await run(check(1000, 20), serial)).toEqual([
      { verdict: 'ok', text: 'this user is in the group dialout' },
    ]);
    expect(await run(check(1000, 46), serial, pcprox)).toEqual([
      expect.objectContaining({ verdict: 'fail', remedy: expect.stringContaining('usermod -aG dialout') }),
      expect.objectContaining({ verdict: 'ok' }),
      expect.objectContaining({ verdict: 'fail', remedy: expect.stringContaining('usermod -aG input') }),
    ]);
    expect(await run(check(1000), { driver: 'line', port: 'tcp://10.0.0.7:4001' })).toEqual([]);
    expect(await run(check(1000), { driver: 'hid-pos', port: 'hid+unix:/run/x' })).toEqual([]);
  });

  it('cannot be judged as root, and may not exist', async () => {
    expect(verdicts(await run(check(0), { driver: 'pcprox', port: 'hid:0c27:3bfa' }))).toEqual(['warn']);
    system.write('/etc/group', 'root:x:0:\n');
    expect(await run(check(1000), { driver: 'hid-pos', port: 'hid:0c2e:0b01' })).toEqual([
      expect.objectContaining({ verdict: 'fail', text: 'there is no group plugdev' }),
    ]);
  });
});

describe('the udev rules', () => {
  const reader = { driver: 'rdm6300', port: '/dev/serial/by-id/a' };
  it('are there, of another version, or missing', async () => {
    const check = udevRules(system.files, RULES);
    expect(verdicts(await run(check, reader))).toEqual(['warn']);
    system.write('/etc/udev/rules.d/99-rollcall.rules', '# of last year\n');
    expect(await run(check, reader)).toEqual([
      expect.objectContaining({ text: expect.stringContaining('another version') }),
    ]);
    system.write('/etc/udev/rules.d/99-rollcall.rules', readFileSync(RULES));
    expect(verdicts(await run(check, reader))).toEqual(['ok']);
    expect(await run(check, { driver: 'line', port: 'tcp://10.0.0.7:4001' })).toEqual([]);
  });
});

describe('the power supply', () => {
  it.each([
    ['throttled=0x0', 'ok'],
    ['throttled=0x50005', 'fail'],
    ['throttled=0x50000', 'warn'],
    ['throttled=0x4', 'warn'],
  ])('%s is %s', async (text, verdict) => {
    expect(verdicts(await run(power(system.files, async () => `${text}\n`)))).toEqual([verdict]);
  });

  it('is read from the kernel without vcgencmd, and not spoken of on other machines', async () => {
    const check = power(system.files, async () => undefined);
    expect(await run(check)).toEqual([]);
    system.write('/sys/class/hwmon/hwmon1/name', 'rpi_volt\n');
    system.write('/sys/class/hwmon/hwmon1/in0_lcrit_alarm', '1\n');
    expect(verdicts(await run(check))).toEqual(['fail']);
    system.write('/sys/class/hwmon/hwmon1/in0_lcrit_alarm', '0\n');
    expect(verdicts(await run(check))).toEqual(['ok']);
  });
});

describe('the HID library', () => {
  const missing = hidLibrary(async () => {
    throw new RollcallError(
      'HID_UNAVAILABLE',
      'USB-HID readers cannot be used: the system lacks libusb-1.0.so.0: sudo apt-get install libusb-1.0-0',
    );
  });

  it('is looked at only where a reader needs it, and its absence comes with the command', async () => {
    expect(await run(missing, { driver: 'hid-keyboard', port: '/dev/input/by-id/x-event-kbd' })).toEqual([]);
    expect(await run(missing, { driver: 'rdm6300', port: '/dev/serial/by-id/x' })).toEqual([]);
    expect(await run(missing, { driver: 'hid-pos', port: 'hid:0c2e:0b01' })).toEqual([
      expect.objectContaining({
        verdict: 'fail',
        remedy: expect.stringContaining('apt-get install libusb-1.0-0'),
      }),
    ]);
    const there = hidLibrary(async () => undefined);
    expect(verdicts(await run(there, { driver: 'hid-pos', port: 'hid:0c2e:0b01' }))).toEqual(['ok']);
  });
});

describe('HID ports', () => {
  it('are there once, in the right mode', async () => {
    const check = hidPorts(system.files);
    const keyboard = { driver: 'hid-keyboard', port: 'hid:ffff:0035' };
    expect(await run(check, keyboard)).toEqual([
      expect.objectContaining({ verdict: 'fail', remedy: expect.stringContaining('discover') }),
    ]);
    system.plugHid({ hidraw: 0, vid: 'FFFF', pid: '0035', usb: '1-2', serial: 'A', event: 3 });
    expect(verdicts(await run(check, keyboard))).toEqual(['ok']);
    system.plugHid({ hidraw: 1, vid: 'FFFF', pid: '0035', usb: '1-3', serial: 'B', event: 4 });
    expect(await run(check, keyboard)).toEqual([
      expect.objectContaining({ verdict: 'fail', remedy: expect.stringContaining('hid:ffff:0035:A') }),
    ]);
  });
});

const silent = async (): Promise<undefined> => undefined;

describe('each device', () => {
  it('is opened and let go, and its failure comes with what to do', async () => {
    const port = new MemoryPort();
    const check = deviceHealth({ files: system.files, openTransport: port.openTransport, ask: silent });
    expect(await run(check, { driver: 'rdm6300', port: '/dev/serial/by-id/x' })).toEqual([
      expect.objectContaining({ verdict: 'ok', text: expect.stringContaining('show it a card') }),
    ]);
    expect(port.last.isOpen).toBe(false);
    port.failure = new RollcallError('PORT_BUSY', 'in use; find it with fuser');
    expect(await run(check, { driver: 'rdm6300', port: '/dev/serial/by-id/x' })).toEqual([
      { verdict: 'fail', text: 'd0: PORT_BUSY', remedy: 'in use; find it with fuser' },
    ]);
  });

  it('that calls is not asked: what its menu needs is said, or why nobody can call', async () => {
    const port = new MemoryPort();
    const check = deviceHealth({ files: system.files, openTransport: port.openTransport, ask: silent });
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const terminal = { driver: 'zk-push', port: `http://${address}/CKJM1?from=10.20.0.31` };
    expect(await run(check, terminal)).toEqual([
      expect.objectContaining({ verdict: 'fail', text: 'd0: PORT_BUSY' }),
    ]);
    await new Promise((resolve) => taken.close(resolve));
    const [finding, ...others] = await run(check, terminal);
    expect([finding?.verdict, others, port.openings]).toEqual(['ok', [], []]);
    const number = address.split(':')[1];
    for (const part of [`http://${address}`, 'CKJM1', 'ADMS', `port ${number}`, '10.20.0.31']) {
      expect(finding?.text).toContain(part);
    }
    // It is let go again, and two terminals that call it are not in each other's way.
    const second = { ...terminal, port: `http://${address}/CKJM2` };
    expect(verdicts(await run(check, terminal, second))).toEqual(['ok', 'ok']);
  });

  it('is said to be held by the running gateway, or not to be, and in neither case opened', async () => {
    const port = new MemoryPort();
    const check = deviceHealth({ files: system.files, openTransport: port.openTransport, ask: silent });
    system.write(`${DATA_DIR}/gateway.pid`, '4711\n');
    system.write('/proc/4711/cmdline', 'node\0/opt/rollcall/gateway/dist/cli/main.js\0run\0');
    system.plugSerial({ tty: 'ttyUSB0', vid: '1a86', pid: '7523', usb: '1-1', byId: 'usb-held' });
    system.plugSerial({ tty: 'ttyUSB1', vid: '1a86', pid: '7523', usb: '1-2', byId: 'usb-other' });
    system.link('/proc/4711/fd/17', '/dev/ttyUSB0');
    const readers = ['held', 'other', 'nowhere'].map((name) => `/dev/serial/by-id/usb-${name}`);
    const findings = await run(
      check,
      ...readers.map((reader) => ({ driver: 'rdm6300', port: reader })),
      { driver: 'line', port: 'tcp://10.0.0.7:4001' },
      { driver: 'zk-push', port: 'http://10.20.0.2:8081/CKJM1' },
    );
    expect(verdicts(findings)).toEqual(['ok', 'warn', 'warn', 'ok', 'ok']);
    expect(findings[0]?.text).toContain('is held by the running gateway (process 4711)');
    expect(findings[1]?.text).toContain('does not have /dev/serial/by-id/usb-other open');
    expect(findings[4]?.text).toContain('port 8081');
    expect(port.openings).toEqual([]);
  });

  it('is described by the running gateway itself, where it can be asked', async () => {
    const port = new MemoryPort();
    const devices = [
      deviceSnapshot({ deviceId: 'd0' }),
      deviceSnapshot({
        deviceId: 'd1',
        state: 'blocked',
        problem: { code: 'DEVICE_REFUSED', message: 'put the key of its menu into comm_key_file' },
      }),
      deviceSnapshot({
        deviceId: 'd2',
        state: 'ready',
        problem: { code: 'DEVICE_TAMPERED', message: 'look at it' },
      }),
      deviceSnapshot({ deviceId: 'd3', state: 'opening' }),
    ].map(deviceStatus);
    const asked: string[] = [];
    const check = deviceHealth({
      files: system.files,
      openTransport: port.openTransport,
      ask: async (dataDir) => {
        asked.push(dataDir);
        return { v: 1, as_of: '2026-07-07T00:00:00.000Z', devices };
      },
    });
    system.write(`${DATA_DIR}/gateway.pid`, '4711\n');
    system.write('/proc/4711/cmdline', 'node\0/opt/rollcall/gateway/dist/cli/main.js\0run\0');
    const reader = { driver: 'rdm6300', port: '/dev/serial/by-id/x' };
    const terminal = { driver: 'zk-push', port: 'http://10.20.0.2:8081/CKJM1' };
    const findings = await run(check, terminal, reader, reader, reader, reader);
    // The last one is in the configuration by now, and unknown to a gateway that was not started again.
    expect(verdicts(findings)).toEqual(['ok', 'fail', 'warn', 'warn', 'warn']);
    expect(findings[0]?.text).toMatch(/^d0: ready since 2026-07-07T00:00:00.000Z, says the .* port 8081$/);
    expect(findings[1]).toMatchObject({
      text: expect.stringContaining('blocked'),
      remedy: expect.stringContaining('comm_key_file'),
    });
    expect([asked, port.openings]).toEqual([[DATA_DIR], []]);
  });

  it('is left alone while the gateway runs', async () => {
    const port = new MemoryPort();
    const check = deviceHealth({ files: system.files, openTransport: port.openTransport, ask: silent });
    system.write(`${DATA_DIR}/gateway.pid`, '4711\n');
    system.write('/proc/4711/cmdline', 'node\0/opt/rollcall/gateway/dist/cli/main.js\0run\0');
    expect(await run(check, { driver: 'rdm6300', port: '/dev/serial/by-id/x' })).toEqual([
      expect.objectContaining({ verdict: 'ok', text: expect.stringContaining('process 4711') }),
    ]);
    expect(port.openings).toEqual([]);
    // A number that somebody else has by now says nothing.
    system.write('/proc/4711/cmdline', 'bash\0');
    await run(check, { driver: 'rdm6300', port: '/dev/serial/by-id/x' });
    expect(port.openings).toHaveLength(1);
  });
});
