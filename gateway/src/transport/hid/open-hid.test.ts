import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeSystem, MOUSE, SCANNER } from '../../system/fake-system.fixture.js';
import type { Transport } from '../transport.js';
import { openEventNode } from './event-node.js';
import { EVENT_BYTES } from './event-reports.js';
import type { HidEvents } from './hid-device.js';
import { loadNodeHid } from './node-hid.js';
import { createOpenHid } from './open-hid.js';

const KEYS = { kind: 'hid', usagePage: 1, usage: 6, exclusive: true } as const;
const CODES = { kind: 'hid', usagePage: 0x8c, usage: 2, exclusive: false } as const;

let system: FakeSystem;
let clock: ManualClock;
/** What was opened, grabbed and closed, in order. */
let steps: string[];
let waiting: Uint8Array[];
let grabFailure: RollcallError | undefined;
let readFailure: Error | undefined;
let rawEvents: HidEvents | undefined;
let received: string[];
let ended: string[];

beforeEach(() => {
  system = new FakeSystem();
  clock = new ManualClock();
  steps = [];
  waiting = [];
  received = [];
  ended = [];
  grabFailure = undefined;
  readFailure = undefined;
});
afterEach(() => system.remove());

function transport(port: string, link: typeof KEYS | typeof CODES = KEYS): Transport {
  return createOpenHid({
    clock,
    files: system.files,
    openNode: async (path) => {
      if (grabFailure !== undefined) throw grabFailure;
      steps.push(`grab ${path}`);
      return {
        read: () => {
          if (readFailure !== undefined) throw readFailure;
          return waiting.shift();
        },
        close: () => steps.push(`release ${path}`),
      };
    },
    openRaw: async (path, events) => {
      steps.push(`open ${path}`);
      rawEvents = events;
      return {
        features: { set: async () => undefined, get: async () => new Uint8Array(9) },
        write: async () => undefined,
        close: async () => {
          steps.push(`close ${path}`);
        },
      };
    },
  })(port, link);
}

async function open(port: string, link: typeof KEYS | typeof CODES = KEYS): Promise<Transport> {
  const opened = transport(port, link);
  await opened.open({
    onBytes: (report) => received.push(Buffer.from(report).toString('hex')),
    onClose: ({ code }) => ended.push(code),
  });
  return opened;
}

function press(code: number): Uint8Array {
  const bytes = Buffer.alloc(2 * EVENT_BYTES);
  bytes.writeUInt16LE(1, 16);
  bytes.writeUInt16LE(code, 18);
  bytes.writeInt32LE(1, 20);
  return bytes;
}

describe('a keyboard-emulating reader', () => {
  it('is grabbed, with every input of its USB device, before its reports are opened', async () => {
    system.plugHid({ hidraw: 0, vid: '413D', pid: '2107', usb: '1-2', interface: 0, event: 4 });
    system.plugHid({
      hidraw: 1,
      vid: '413D',
      pid: '2107',
      usb: '1-2',
      interface: 1,
      descriptor: MOUSE,
      event: 5,
    });
    system.plugHid({ hidraw: 2, vid: '046D', pid: 'C31C', usb: '1-3', event: 6 });
    const opened = await open('hid:413d:2107');
    expect(steps).toEqual(['grab /dev/input/event4', 'grab /dev/input/event5', 'open /dev/hidraw0']);
    rawEvents?.onReport(Uint8Array.of(0, 0, 0x27, 0, 0, 0, 0, 0));
    expect(received).toEqual(['0000270000000000']);
    await opened.close();
    expect(steps.slice(3)).toEqual([
      'close /dev/hidraw0',
      'release /dev/input/event4',
      'release /dev/input/event5',
    ]);
  });

  it('is not opened at all when its keys cannot be taken away', async () => {
    system.plugHid({ hidraw: 0, vid: 'FFFF', pid: '0035', usb: '1-2', event: 4 });
    grabFailure = new RollcallError('PORT_BUSY', 'grabbed');
    await expect(open('hid:ffff:0035')).rejects.toMatchObject({ code: 'PORT_BUSY' });
    expect(steps).toEqual([]);
  });

  it('is read through its input events by a path, and drops what was typed before', async () => {
    system.write('/dev/input/event3');
    system.link('/dev/input/by-id/usb-Sycreader-event-kbd', '/dev/input/event3');
    waiting = [press(2)];
    const opened = await open('/dev/input/by-id/usb-Sycreader-event-kbd');
    clock.advance(100);
    expect(received).toEqual([]);
    waiting = [press(3)];
    clock.advance(100);
    expect(received).toEqual(['00001f0000000000']);
    await expect(opened.write(Uint8Array.of(0, 1))).rejects.toMatchObject({ code: 'PORT_LOST' });
    await opened.close();
    expect(steps).toEqual(['grab /dev/input/event3', 'release /dev/input/event3']);
    expect(clock.pendingTimers).toBe(0);
    expect(ended).toEqual(['PORT_CLOSED']);
  });

  it('is lost when reading fails, and gives its keys back', async () => {
    system.write('/dev/input/event3');
    await open('/dev/input/event3');
    readFailure = new Error('ENODEV');
    clock.advance(100);
    expect(ended).toEqual(['PORT_LOST']);
    expect(steps).toEqual(['grab /dev/input/event3', 'release /dev/input/event3']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a HID device by its numbers', () => {
  it('is refused when two are alike, with what to write', async () => {
    system.plugHid({ hidraw: 0, vid: 'FFFF', pid: '0035', usb: '1-2', serial: 'A1' });
    system.plugHid({ hidraw: 1, vid: 'FFFF', pid: '0035', usb: '1-3', serial: 'A2' });
    await expect(open('hid:ffff:0035')).rejects.toMatchObject({
      code: 'DEVICE_AMBIGUOUS',
      message: expect.stringContaining('write one of hid:ffff:0035:A1, hid:ffff:0035:A2'),
    });
    await open('hid:ffff:0035:A2');
    expect(steps).toEqual(['open /dev/hidraw1']);
  });

  it('is refused when two are alike without serial numbers, with the name of the socket', async () => {
    system.plugHid({ hidraw: 0, vid: 'FFFF', pid: '0035', usb: '1-2' });
    system.plugHid({ hidraw: 1, vid: 'FFFF', pid: '0035', usb: '1-3' });
    await expect(open('hid:ffff:0035')).rejects.toMatchObject({
      code: 'DEVICE_AMBIGUOUS',
      message: expect.stringContaining('/dev/rollcall/by-path/'),
    });
  });

  it('is absent when it is not there, and in another mode when it is', async () => {
    await expect(open('hid:0c2e:0b01', CODES)).rejects.toMatchObject({ code: 'PORT_ABSENT' });
    system.plugHid({ hidraw: 0, vid: '0C2E', pid: '0B01', usb: '1-2' });
    await expect(open('hid:0c2e:0b01', CODES)).rejects.toMatchObject({
      code: 'PORT_ABSENT',
      message: expect.stringContaining('not in the mode'),
    });
    system.plugHid({ hidraw: 1, vid: '0C2E', pid: '0B01', usb: '1-2', interface: 1, descriptor: SCANNER });
    const opened = await open('hid:0c2e:0b01', CODES);
    expect(steps).toEqual(['open /dev/hidraw1']);
    expect(opened.features).toBeDefined();
  });

  it('is not taken for one where a path leads to something else', async () => {
    system.write('/dev/ttyUSB0');
    await expect(open('/dev/ttyUSB0')).rejects.toMatchObject({ code: 'PORT_ABSENT' });
    await expect(open('/dev/none')).rejects.toMatchObject({ code: 'PORT_ABSENT' });
  });
});

describe('the real edges', () => {
  it('leave a file alone that cannot be grabbed', async () => {
    await expect(openEventNode('/dev/null')).rejects.toMatchObject({
      code: 'PORT_ABSENT',
      message: expect.stringContaining('no keyboard that can be grabbed'),
    });
    await expect(openEventNode('/dev/input/none')).rejects.toMatchObject({ code: 'PORT_ABSENT' });
  });

  it('load the HID library, or say which package is missing', async () => {
    const outcome = await loadNodeHid().then(
      () => 'loaded',
      (error: unknown) => error,
    );
    if (outcome === 'loaded') return;
    expect(outcome).toMatchObject({ code: 'HID_UNAVAILABLE' });
    expect(String(outcome)).toMatch(/apt-get install lib|npm ci/);
  });
});
