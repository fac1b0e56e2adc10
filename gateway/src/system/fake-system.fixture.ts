import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type SystemFiles, systemFiles } from './system-files.js';

/** Report descriptors in small: the top-level collection is what counts. */
export const KEYBOARD = Uint8Array.of(0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0xc0);
export const MOUSE = Uint8Array.of(0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, 0xc0, 0xc0);
export const SCANNER = Uint8Array.of(0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0xc0);

export interface FakeHid {
  hidraw: number;
  vid: string;
  pid: string;
  /** Place of the USB device, such as `1-1.4`. */
  usb: string;
  interface?: number;
  name?: string;
  serial?: string;
  descriptor?: Uint8Array;
  /** Number of its input event device. */
  event?: number;
}

/** A `/sys`, `/dev` and `/proc` of real files and links in a temporary folder. */
export class FakeSystem {
  readonly root = mkdtempSync(join(tmpdir(), 'rollcall-system-'));
  readonly files: SystemFiles = systemFiles(this.root);

  write(path: string, content: string | Uint8Array = ''): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  link(path: string, target: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    symlinkSync(relative(dirname(file), join(this.root, target)), file);
  }

  plugHid({
    hidraw,
    vid,
    pid,
    usb,
    name = '',
    serial = '',
    descriptor = KEYBOARD,
    event,
    ...rest
  }: FakeHid): void {
    const device = `/sys/devices/usb1/${usb}/${usb}:1.${rest.interface ?? 0}/0003:${vid}:${pid}.000${hidraw}`;
    this.write(`/sys/devices/usb1/${usb}/idVendor`, `${vid.toLowerCase()}\n`);
    this.write(`/sys/devices/usb1/${usb}/idProduct`, `${pid.toLowerCase()}\n`);
    this.write(
      `${device}/uevent`,
      `DRIVER=hid-generic\nHID_ID=0003:0000${vid}:0000${pid}\nHID_NAME=${name}\nHID_UNIQ=${serial}\n`,
    );
    this.write(`${device}/report_descriptor`, descriptor);
    this.link(`/sys/class/hidraw/hidraw${hidraw}/device`, device);
    this.write(`/dev/hidraw${hidraw}`);
    if (event === undefined) return;
    this.write(`${device}/input/input${event + 10}/event${event}/dev`, '13:70\n');
    this.link(`/sys/class/input/event${event}`, `${device}/input/input${event + 10}/event${event}`);
    this.write(`/dev/input/event${event}`);
  }

  plugSerial({
    tty,
    vid,
    pid,
    usb,
    byId,
  }: {
    tty: string;
    vid: string;
    pid: string;
    usb: string;
    byId?: string;
  }): void {
    const port = `/sys/devices/usb1/${usb}/${usb}:1.0/${tty}`;
    this.write(`/sys/devices/usb1/${usb}/idVendor`, `${vid}\n`);
    this.write(`/sys/devices/usb1/${usb}/idProduct`, `${pid}\n`);
    this.write(`${port}/uevent`);
    this.link(`/sys/class/tty/${tty}/device`, port);
    this.write(`/dev/${tty}`);
    this.link(`/dev/serial/by-path/platform-usb-${usb}`, `/dev/${tty}`);
    if (byId !== undefined) this.link(`/dev/serial/by-id/${byId}`, `/dev/${tty}`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
