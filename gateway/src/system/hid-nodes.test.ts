import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeSystem, KEYBOARD, MOUSE, SCANNER } from './fake-system.fixture.js';
import { listHidNodes } from './hid-nodes.js';
import { topLevelUsages } from './report-descriptor.js';

let system: FakeSystem;
beforeEach(() => {
  system = new FakeSystem();
});
afterEach(() => system.remove());

describe('the HID devices of the system', () => {
  it('are listed with numbers, name, serial, purpose, keys and the USB device they belong to', async () => {
    system.plugHid({
      hidraw: 0,
      vid: 'FFFF',
      pid: '0035',
      usb: '1-1.4',
      name: 'Sycreader',
      serial: '08FF2015',
      event: 3,
    });
    system.plugHid({ hidraw: 1, vid: '0C2E', pid: '0B01', usb: '1-1.2', descriptor: SCANNER });
    expect(await listHidNodes(system.files)).toEqual([
      {
        path: '/dev/hidraw0',
        vid: 0xffff,
        pid: 0x0035,
        name: 'Sycreader',
        serial: '08FF2015',
        usages: [{ page: 1, usage: 6 }],
        inputs: ['/dev/input/event3'],
        usbDevice: '/sys/devices/usb1/1-1.4',
      },
      expect.objectContaining({
        path: '/dev/hidraw1',
        serial: undefined,
        usages: [{ page: 0x8c, usage: 2 }],
        inputs: [],
      }),
    ]);
  });

  it('are none where the kernel has none, and leave out what cannot be understood', async () => {
    expect(await listHidNodes(system.files)).toEqual([]);
    system.link('/sys/class/hidraw/hidraw7/device', '/sys/devices/gone');
    system.write('/sys/devices/odd/uevent', 'HID_ID=nonsense\n');
    system.link('/sys/class/hidraw/hidraw8/device', '/sys/devices/odd');
    expect(await listHidNodes(system.files)).toEqual([]);
  });
});

describe('a report descriptor', () => {
  it.each([
    ['a keyboard', KEYBOARD, [{ page: 1, usage: 6 }]],
    ['a mouse, whose inner collections do not count', MOUSE, [{ page: 1, usage: 2 }]],
    [
      'two collections',
      Uint8Array.of(...KEYBOARD, ...SCANNER),
      [
        { page: 1, usage: 6 },
        { page: 0x8c, usage: 2 },
      ],
    ],
    [
      'a usage of four bytes',
      Uint8Array.of(0x0b, 0x02, 0x00, 0x8c, 0x00, 0xa1, 0x01),
      [{ page: 0x8c, usage: 2 }],
    ],
    ['a long item before it', Uint8Array.of(0xfe, 2, 0x10, 1, 2, ...KEYBOARD), [{ page: 1, usage: 6 }]],
    ['half an item at the end', Uint8Array.of(...KEYBOARD, 0x06, 0x8c), [{ page: 1, usage: 6 }]],
    ['nothing', new Uint8Array(), []],
  ])('of %s says what it is for', (_what, descriptor, usages) => {
    expect(topLevelUsages(descriptor)).toEqual(usages);
  });
});
