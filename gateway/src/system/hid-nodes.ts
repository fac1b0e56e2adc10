import { dirname } from 'node:path';
import { type HidUsage, topLevelUsages } from './report-descriptor.js';
import type { SystemFiles } from './system-files.js';

/** One HID interface as the kernel shows it. */
export interface HidNode {
  /** `/dev/hidraw3`, another number after the next plug. */
  path: string;
  vid: number;
  pid: number;
  name: string;
  /** Undefined for the many that have none. */
  serial: string | undefined;
  usages: HidUsage[];
  /** `/dev/input/event5`: where the kernel hands out its keys. */
  inputs: string[];
  /** Folder of the USB device in sysfs, the same for all its interfaces; undefined where it hangs on no USB. */
  usbDevice: string | undefined;
}

const CLASS_FOLDER = '/sys/class/hidraw';
const HID_ID = /^[0-9A-F]{4}:(?<vid>[0-9A-F]{8}):(?<pid>[0-9A-F]{8})$/i;
/** Folders between an interface and its USB device. */
const PARENTS_MAX = 8;

/** Every HID interface that is connected. */
export async function listHidNodes(files: SystemFiles): Promise<HidNode[]> {
  const nodes = await Promise.all((await files.list(CLASS_FOLDER)).map((name) => readNode(files, name)));
  return nodes.filter((node) => node !== undefined);
}

async function readNode(files: SystemFiles, name: string): Promise<HidNode | undefined> {
  const device = await files.realpath(`${CLASS_FOLDER}/${name}/device`);
  if (device === undefined) return undefined;
  const facts = parseUevent((await files.text(`${device}/uevent`)) ?? '');
  const groups = HID_ID.exec(facts.get('HID_ID') ?? '')?.groups;
  if (groups === undefined) return undefined;
  const serial = facts.get('HID_UNIQ') ?? '';
  return {
    path: `/dev/${name}`,
    vid: Number.parseInt(groups['vid'] ?? '', 16),
    pid: Number.parseInt(groups['pid'] ?? '', 16),
    name: facts.get('HID_NAME') ?? '',
    serial: serial === '' ? undefined : serial,
    usages: topLevelUsages((await files.bytes(`${device}/report_descriptor`)) ?? new Uint8Array()),
    inputs: await inputsOf(files, device),
    usbDevice: await usbDeviceAbove(files, device),
  };
}

/** `KEY=value` lines, as the kernel writes them. */
export function parseUevent(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as const];
    }),
  );
}

async function inputsOf(files: SystemFiles, device: string): Promise<string[]> {
  const inputs = (await files.list(`${device}/input`)).filter((name) => /^input\d+$/.test(name));
  const events = await Promise.all(inputs.map((input) => files.list(`${device}/input/${input}`)));
  return events.flat().flatMap((name) => (/^event\d+$/.test(name) ? [`/dev/input/${name}`] : []));
}

/** The nearest folder above that is a whole USB device; undefined where none is. */
export async function usbDeviceAbove(files: SystemFiles, folder: string): Promise<string | undefined> {
  let above = folder;
  for (let step = 0; step < PARENTS_MAX; step++) {
    above = dirname(above);
    if (above === '/' || above === '/sys/devices') return undefined;
    if (await files.exists(`${above}/idVendor`)) return above;
  }
  return undefined;
}
