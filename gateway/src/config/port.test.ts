import { describe, expect, it } from 'vitest';
import { driver as keyboard } from '../drivers/hid-keyboard.js';
import { driver as rdm6300 } from '../drivers/rdm6300.js';
import { findDriver } from '../drivers/registry.js';
import { formatHidPort, parseHidAddress } from '../transport/hid/hid-port.js';
import { isUnstablePort, misfit, portSchema } from './port.js';

describe('a port', () => {
  it.each([
    ['hid:0c27:3bfa', { type: 'usb', vid: 0x0c27, pid: 0x3bfa }],
    ['hid:FFFF:0035:08FF20150112', { type: 'usb', vid: 0xffff, pid: 0x35, serial: '08FF20150112' }],
    ['hid+unix:/run/reader', { type: 'socket', path: '/run/reader' }],
    ['hid:0c27', undefined],
    ['hid:0c27:3bfa:', undefined],
    ['hid:0c27:3bfa:a b', undefined],
    ['hid:1:2', undefined],
    ['hid+unix:relative', undefined],
    ['/dev/hidraw0', undefined],
  ])('%s of a HID device is taken apart', (port, address) => {
    expect(parseHidAddress(port)).toEqual(address);
    if (address?.type === 'usb') expect(parseHidAddress(formatHidPort(address as never))).toEqual(address);
    expect(portSchema.safeParse(port).success).toBe(address !== undefined || port.startsWith('/'));
  });

  it('has to be of the kind that its driver reads', () => {
    const pcprox = findDriver('pcprox');
    if (pcprox === undefined) throw new Error('there is no pcprox');
    for (const port of ['hid:ffff:0035', '/dev/hidraw3', '/dev/input/by-id/x-event-kbd', 'hid+unix:/run/x']) {
      expect(misfit(keyboard as never, port)).toBeUndefined();
      expect(misfit(rdm6300 as never, port)).toMatch(
        /is a HID device, and driver rdm6300 reads a stream of bytes/,
      );
    }
    for (const port of ['/dev/ttyUSB0', '/dev/serial/by-id/x', 'tcp://10.0.0.7:4001']) {
      expect(misfit(rdm6300 as never, port)).toBeUndefined();
      expect(misfit(pcprox, port)).toMatch(/is a stream of bytes, and driver pcprox reads a USB-HID device/);
    }
    // A name of one's own may lead anywhere.
    expect(misfit(keyboard as never, '/dev/rollcall/by-path/x')).toBeUndefined();
  });

  it('is unstable when the kernel numbers it', () => {
    expect(['/dev/hidraw0', '/dev/input/event12', '/dev/ttyACM1'].every(isUnstablePort)).toBe(true);
    expect(['/dev/input/by-id/x', 'hid:0c27:3bfa', '/dev/ttyAMA0'].some(isUnstablePort)).toBe(false);
  });
});
