import { type HidNode, listHidNodes, usbDeviceAbove } from '../system/hid-nodes.js';
import type { HidUsage } from '../system/report-descriptor.js';
import type { SystemFiles } from '../system/system-files.js';
import { formatHidPort } from '../transport/hid/hid-port.js';

/** Something that is plugged in and could be a reader. */
export interface ConnectedDevice {
  kind: 'serial' | 'hid';
  /** What the kernel calls it today, `/dev/ttyUSB0`. */
  node: string;
  /** What to write in the configuration: a name that stays. */
  port: string;
  /** The same keyboard by its input events. */
  eventPort?: string;
  /** Absent for a port on the board. */
  usb?: { vid: number; pid: number };
  name: string;
  usages: readonly HidUsage[];
}

const SERIAL_NODE = /^tty(?:USB|ACM|AMA)\d+$/;
const SERIAL_LINKS = ['/dev/serial/by-id', '/dev/serial/by-path'] as const;
const EVENT_LINKS = ['/dev/input/by-id', '/dev/input/by-path'] as const;
/** Keyboards and bar code scanners; mice and the rest are no readers. */
const READER_USAGES: readonly HidUsage[] = [
  { page: 0x01, usage: 0x06 },
  { page: 0x8c, usage: 0x02 },
];

/** Serial ports and HID devices that are connected now, each with the name to write. */
export async function listConnected(files: SystemFiles): Promise<ConnectedDevice[]> {
  return [...(await listSerial(files)), ...(await listHid(files))];
}

async function listSerial(files: SystemFiles): Promise<ConnectedDevice[]> {
  const names = (await files.list('/sys/class/tty')).filter((name) => SERIAL_NODE.test(name));
  const links = await linksTo(files, SERIAL_LINKS);
  return Promise.all(
    names.map(async (name): Promise<ConnectedDevice> => {
      const node = `/dev/${name}`;
      const device = await files.realpath(`/sys/class/tty/${name}/device`);
      const usbDevice = device === undefined ? undefined : await usbDeviceAbove(files, device);
      return {
        kind: 'serial',
        node,
        port: links.get(node) ?? node,
        ...(usbDevice === undefined ? {} : { usb: await usbNumbers(files, usbDevice) }),
        name: usbDevice === undefined ? 'serial port of the board' : await usbName(files, usbDevice),
        usages: [],
      };
    }),
  );
}

async function listHid(files: SystemFiles): Promise<ConnectedDevice[]> {
  const nodes = (await listHidNodes(files)).filter(({ usages }) =>
    usages.some(({ page, usage }) => READER_USAGES.some((one) => one.page === page && one.usage === usage)),
  );
  const links = await linksTo(files, EVENT_LINKS);
  return nodes.map((node): ConnectedDevice => {
    const eventPort = node.inputs.map((input) => links.get(input)).find((link) => link !== undefined);
    const isAlone = nodes.every((other) => other === node || !isSameModel(node, other));
    return {
      kind: 'hid',
      node: node.path,
      port: formatHidPort({
        vid: node.vid,
        pid: node.pid,
        ...(isAlone || node.serial === undefined ? {} : { serial: node.serial }),
      }),
      ...(eventPort === undefined ? {} : { eventPort }),
      usb: { vid: node.vid, pid: node.pid },
      name: node.name,
      usages: node.usages,
    };
  });
}

function isSameModel(one: HidNode, other: HidNode): boolean {
  return one.vid === other.vid && one.pid === other.pid && one.usbDevice !== other.usbDevice;
}

/** The lasting name of each node; a name by serial number wins over one by socket. */
async function linksTo(files: SystemFiles, folders: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of folders) {
    for (const name of await files.list(folder)) {
      const node = await files.realpath(`${folder}/${name}`);
      if (node !== undefined && !found.has(node)) found.set(node, `${folder}/${name}`);
    }
  }
  return found;
}

async function usbNumbers(files: SystemFiles, folder: string): Promise<{ vid: number; pid: number }> {
  const number = async (name: string): Promise<number> =>
    Number.parseInt((await files.text(`${folder}/${name}`)) ?? '0', 16);
  return { vid: await number('idVendor'), pid: await number('idProduct') };
}

async function usbName(files: SystemFiles, folder: string): Promise<string> {
  const parts = await Promise.all(['manufacturer', 'product'].map((name) => files.text(`${folder}/${name}`)));
  return parts.flatMap((part) => (part === undefined || part.trim() === '' ? [] : [part.trim()])).join(' ');
}
