import { existsSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatedDevice } from '../devices/simulated-device.js';
import { inflictFault } from '../faults/registry.js';

const UID = '01026F6C3A';

let folder: string;
let clock: ManualClock;
let device: SimulatedDevice;
const hosts: Host[] = [];

/** The host's end of the socket, without any knowledge of reports. */
class Host {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  heard = Buffer.alloc(0);
  #waiters: (() => void)[] = [];

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.on('data', (chunk) => {
      this.heard = Buffer.concat([this.heard, chunk]);
      for (const waiter of this.#waiters.splice(0)) waiter();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  async read(bytes: number): Promise<string> {
    while (this.heard.length < bytes) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    const taken = this.heard.subarray(0, bytes);
    this.heard = this.heard.subarray(bytes);
    return taken.toString('hex');
  }
}

function make(driver: string, profile?: string): SimulatedDevice {
  device = new SimulatedDevice({
    id: 'bench',
    driver,
    linkPath: join(folder, 'reader'),
    clock,
    ...(profile === undefined ? {} : { profile }),
  });
  return device;
}

async function host(): Promise<Host> {
  const opened = new Promise<void>((resolve) =>
    device.onReport((event) => {
      if (event.event === 'host' && event.open) resolve();
    }),
  );
  const one = new Host(join(folder, 'reader'));
  hosts.push(one);
  await opened;
  return one;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-wire-'));
  clock = new ManualClock();
});
afterEach(async () => {
  await device.stop();
  for (const one of hosts.splice(0)) one.socket.destroy();
  rmSync(folder, { recursive: true, force: true });
});

describe('a simulated HID device', () => {
  it('sends whole reports, each as one message, and loses what nobody reads', async () => {
    make('hid-pos').start();
    device.swipe(UID, 10);
    expect(device.wire.counters.bytesLost).toBe(64);
    clock.advance(1_000);
    const one = await host();
    device.swipe(UID, 10);
    expect(await one.read(2 + 1 + 64)).toMatch(/^004101020a5d4330/);
  });

  it('types a number key by key', async () => {
    make('hid-keyboard').start();
    const one = await host();
    device.swipe(UID, 1_000);
    clock.advance(200);
    const typed = await one.read(22 * 11);
    expect(typed.slice(0, 6)).toBe('000901');
    expect(typed.endsWith('0000000000000000')).toBe(true);
    expect(device.wire.counters.framesSent).toBe(22);
  });

  it('answers feature reports, and stalls on those that it does not have', async () => {
    make('pcprox').start();
    const one = await host();
    one.socket.write(Buffer.from('000a03008a00000000000000', 'hex'));
    expect(await one.read(4)).toBe('00020500');
    one.socket.write(Buffer.from('00020400', 'hex'));
    expect(await one.read(13)).toBe('000b0500000000300700816000');
    one.socket.write(Buffer.from('000303fe01', 'hex'));
    expect(await one.read(4)).toBe('00020501');
  });

  it('has one host at a time, and hangs up on one that talks nonsense', async () => {
    make('hid-pos').start();
    const one = await host();
    const second = new Host(join(folder, 'reader'));
    hosts.push(second);
    await second.closed;
    one.socket.write(Buffer.from('ffff', 'hex'));
    await one.closed;
  });

  it('comes back under another name after a plug, and leaves nothing behind', async () => {
    make('hid-pos').start();
    const before = readlinkSync(join(folder, 'reader'));
    const one = await host();
    await device.unplug();
    await one.closed;
    expect(existsSync(before)).toBe(false);
    device.plug();
    expect(readlinkSync(join(folder, 'reader'))).not.toBe(before);
    await device.stop();
    expect(existsSync(join(folder, 'reader'))).toBe(false);
  });

  it('can be cut in the middle of a report, delayed, and frozen', async () => {
    make('hid-pos').start();
    const one = await host();
    await inflictFault(device, 'delay', { ms: 50 });
    device.swipe(UID, 10);
    expect(device.wire.counters.bytesOut).toBe(0);
    clock.advance(50);
    expect(await one.read(67)).toMatch(/^0041/);
    device.wire.freeze();
    clock.advance(1_000);
    device.swipe(UID, 10);
    device.wire.thaw();
    clock.advance(1_000);
    expect(device.wire.counters.framesSent).toBe(1);
    await inflictFault(device, 'cut', { at_byte: 5 });
    device.swipe(UID, 10);
    expect(await one.read(8)).toBe('000601020a5d4330');
    clock.advance(1_000);
    await one.closed;
    expect(device.wire.isPlugged).toBe(false);
  });

  it('refuses a path that is too long for a socket', () => {
    device = new SimulatedDevice({
      id: 'bench',
      driver: 'hid-pos',
      linkPath: join(folder, 'x'.repeat(120)),
      clock,
    });
    expect(() => device.start()).toThrow(/DEVICE_LINK_REFUSED/);
  });
});
