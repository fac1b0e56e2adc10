import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { Pty } from '@rollcall/firmware-sim/wire/pty';
import { createFleet, type Fleet } from '@rollcall/gateway/devices/fleet';
import type { Presentation } from '@rollcall/gateway/devices/presentation';
import { findDriver } from '@rollcall/gateway/drivers/registry';
import { silentLog } from '@rollcall/gateway/log';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import type { Transport } from '@rollcall/gateway/transport/transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';

const LINK = { baud: 9600, dtr: false, rts: false };
const openTransport = createOpenTransport(systemClock);

let folder: string;
let cleanups: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-pty-'));
  mkdirSync(join(folder, 'dev'));
  cleanups = [];
});

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  transport: Transport;
  received: Buffer[];
  codes: string[];
}

async function open(path: string): Promise<Opened> {
  const transport = openTransport(path, LINK);
  const opened: Opened = { transport, received: [], codes: [] };
  cleanups.push(() => transport.close());
  await transport.open({
    onBytes: (chunk) => opened.received.push(Buffer.from(chunk)),
    onClose: ({ code }) => opened.codes.push(code),
  });
  return opened;
}

function pty(): { pty: Pty; heard: Buffer[] } {
  const heard: Buffer[] = [];
  const made = Pty.open(9600, {
    onBytes: (bytes) => heard.push(Buffer.from(bytes)),
    onHost: () => undefined,
  });
  cleanups.push(() => made.close());
  return { pty: made, heard };
}

describe('a serial port', () => {
  it('carries every byte value both ways', async () => {
    const device = pty();
    const host = await open(device.pty.path);
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    device.pty.write(all);
    await until('the host has the bytes', () => Buffer.concat(host.received).length === 256);
    expect([...Buffer.concat(host.received)]).toEqual([...all]);
    await host.transport.write(all);
    await until('the device has the bytes', () => Buffer.concat(device.heard).length === 256);
    expect([...Buffer.concat(device.heard)]).toEqual([...all]);
  });

  it('sets the speed, also later', async () => {
    const device = pty();
    const host = await open(device.pty.path);
    expect(device.pty.hostBaud).toBe(9600);
    await host.transport.setBaud(115_200);
    expect(device.pty.hostBaud).toBe(115_200);
  });

  it('is lost when the device is unplugged; a write then fails at once and never reaches the next device', async () => {
    const device = pty();
    const link = join(folder, 'dev', 'reader');
    symlinkSync(device.pty.path, link);
    const host = await open(link);
    await device.pty.close();
    await until('the loss is noticed', () => host.codes.length > 0);
    expect(host.codes).toEqual(['PORT_LOST']);
    await expect(host.transport.write(Buffer.from('LED'))).rejects.toMatchObject({ code: 'PORT_CLOSED' });
    const next = pty();
    rmSync(link);
    symlinkSync(next.pty.path, link);
    const again = await open(link);
    await again.transport.write(Buffer.from('HB'));
    await until('the next device hears something', () => next.heard.length > 0);
    expect(Buffer.concat(next.heard).toString()).toBe('HB');
  });

  it('is busy for a second opener, with what to do', async () => {
    const device = pty();
    await open(device.pty.path);
    await expect(open(device.pty.path)).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringContaining('fuser'),
    });
  });

  it('can be opened again at once after it was closed', async () => {
    const device = pty();
    for (let turn = 0; turn < 5; turn++) {
      const host = await open(device.pty.path);
      await host.transport.close();
      expect(host.codes).toEqual(['PORT_CLOSED']);
    }
  });

  it('is absent where nothing is, where a link leads nowhere, and where a plain file is', async () => {
    await expect(open(join(folder, 'none'))).rejects.toMatchObject({ code: 'PORT_ABSENT' });
    symlinkSync('/dev/pts/999999', join(folder, 'dangling'));
    await expect(open(join(folder, 'dangling'))).rejects.toMatchObject({ code: 'PORT_ABSENT' });
    writeFileSync(join(folder, 'file'), '');
    await expect(open(join(folder, 'file'))).rejects.toMatchObject({ code: 'PORT_ABSENT' });
  });
});

describe('a reader under supervision', () => {
  let fleet: Fleet;
  let recorded: Presentation[];

  function device(driver: string, link: string): SimulatedDevice {
    const made = new SimulatedDevice({
      id: 'reader',
      driver,
      linkPath: join(folder, 'dev', link),
      clock: systemClock,
    });
    cleanups.push(() => made.stop());
    return made;
  }

  function supervise(driver: string, link: string): void {
    recorded = [];
    fleet = createFleet({
      devices: [
        {
          id: 'reader',
          driver,
          port: join(folder, 'dev', link),
          options: findDriver(driver)?.options.parse({}),
        },
      ],
      openTransport,
      clock: systemClock,
      log: silentLog,
      record: async (presentation) => {
        recorded.push(presentation);
        return 'kept';
      },
      onChange: () => undefined,
    });
    cleanups.push(() => fleet.stop());
    fleet.start();
  }

  const state = (): string | undefined => fleet.snapshot()[0]?.state;

  it('is read, lights up, survives unplugging and is read again', async () => {
    const reader = device('line', 'reader');
    reader.start();
    supervise('line', 'reader');
    await until('the host opens the port', () => reader.wire.isHostOpen);
    await until('the reader is ready', () => state() === 'ready');
    reader.swipe('4A8D694F');
    await until('it is green and beeps', () => reader.lights.green === 1 && reader.beeps === 1);
    await reader.unplug();
    reader.plug();
    await until('the host opens the port again', () => reader.wire.isHostOpen);
    reader.swipe('0A05FF01');
    await until('the light is green again', () => reader.lights.green === 2);
    expect(recorded.map(({ read }) => read.values.full)).toEqual([
      'iso14443a:4A8D694F',
      'iso14443a:0A05FF01',
    ]);
    expect(reader.refusals).toBe(0);
  });

  it('may be absent at the start and appear later', async () => {
    const reader = device('rdm6300', 'late');
    supervise('rdm6300', 'late');
    await until('it is said to be absent', () => state() === 'absent');
    reader.start();
    await until('the reader is ready', () => state() === 'ready');
    reader.hold('0C000621A5');
    await until('the card is recorded', () => recorded.length === 1);
    reader.field.remove();
  });

  it('is followed when its link is pointed at another device', async () => {
    const first = pty();
    const second = pty();
    const link = join(folder, 'dev', 'moved');
    symlinkSync(first.pty.path, link);
    supervise('rdm6300', 'moved');
    await until('the first device is open', () => first.pty.isHostOpen);
    rmSync(link);
    symlinkSync(second.pty.path, link);
    await until('the second device is open', () => second.pty.isHostOpen);
    await until('the first device is let go', () => !first.pty.isHostOpen);
  });
});
