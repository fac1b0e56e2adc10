import { RollcallError } from '@rollcall/protocol/errors';
import { type HidNode, listHidNodes } from '../../system/hid-nodes.js';
import type { SystemFiles } from '../../system/system-files.js';
import { formatHidPort } from './hid-port.js';

export interface WantedHid {
  vid: number;
  pid: number;
  serial?: string;
}

export interface WantedUsage {
  usagePage: number;
  usage: number;
}

/**
 * The one interface that is meant. Interfaces of one device count as one: of two keyboards in one reader the first
 * is taken.
 *
 * @throws RollcallError `PORT_ABSENT`, or `DEVICE_AMBIGUOUS` with what to write instead.
 */
export async function findHidNode(
  files: SystemFiles,
  wanted: WantedHid,
  { usagePage, usage }: WantedUsage,
): Promise<HidNode> {
  const port = formatHidPort(wanted);
  const same = (await listHidNodes(files)).filter(
    ({ vid, pid, serial }) =>
      vid === wanted.vid && pid === wanted.pid && (wanted.serial === undefined || serial === wanted.serial),
  );
  const fitting = same.filter(({ usages }) =>
    usages.some((one) => one.page === usagePage && one.usage === usage),
  );
  const [first] = fitting;
  if (first === undefined) throw absent(port, same.length > 0);
  const devices = new Set(fitting.map(({ usbDevice, path }) => usbDevice ?? path));
  if (devices.size > 1) throw ambiguous(port, fitting);
  return first;
}

function absent(port: string, isThereAsAnother: boolean): RollcallError {
  const why = isThereAsAnother
    ? `The device ${port} is there and is not in the mode that this driver reads; switch its mode, or write another driver`
    : `There is no device ${port}; plug it in, or correct "port" in the configuration ("rollcall-gateway discover" lists what is there)`;
  return new RollcallError('PORT_ABSENT', why);
}

function ambiguous(port: string, nodes: readonly HidNode[]): RollcallError {
  const serials = nodes.map(({ serial }) => serial);
  const differ = new Set(serials).size === serials.length && serials.every((serial) => serial !== undefined);
  const remedy = differ
    ? `write one of ${serials.map((serial) => `${port}:${serial}`).join(', ')}`
    : 'they have no serial numbers: write the name of the socket, /dev/rollcall/by-path/… ("ls /dev/rollcall/by-path/"), and leave each reader in its socket';
  return new RollcallError('DEVICE_AMBIGUOUS', `${nodes.length} devices are ${port}; ${remedy}`);
}
