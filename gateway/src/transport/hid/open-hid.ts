import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { listHidNodes } from '../../system/hid-nodes.js';
import type { SystemFiles } from '../../system/system-files.js';
import type { HidLinkSettings, Transport } from '../transport.js';
import { openEventKeyboard } from './event-keyboard.js';
import { type EventNode, type OpenEventNode, openEventNode } from './event-node.js';
import { findHidNode } from './find-hid-node.js';
import type { HidDevice, HidEvents, OpenHidDevice } from './hid-device.js';
import { parseHidAddress } from './hid-port.js';
import { HidTransport } from './hid-transport.js';
import { openHidraw } from './node-hid.js';
import { openReportSocket } from './report-socket.js';

const HIDRAW_PATH = /^\/dev\/hidraw\d+$/;
const EVENT_PATH = /^\/dev\/input\/event\d+$/;

/** The edges of the operating system, replaced in tests. */
export interface HidEdges {
  files: SystemFiles;
  openNode: OpenEventNode;
  openRaw: (path: string, events: HidEvents) => Promise<HidDevice>;
}

export interface OpenHidOptions extends Partial<Omit<HidEdges, 'files'>> {
  clock: Clock;
  files: SystemFiles;
}

/** Chooses how a HID device is read by the form of `port`. */
export function createOpenHid({ clock, files, openNode, openRaw }: OpenHidOptions) {
  const edges: HidEdges = { files, openNode: openNode ?? openEventNode, openRaw: openRaw ?? openHidraw };
  return (port: string, link: HidLinkSettings): Transport =>
    new HidTransport({ name: port, clock, openDevice: opener(port, link, { clock, edges }) });
}

function opener(
  port: string,
  link: HidLinkSettings,
  { clock, edges }: { clock: Clock; edges: HidEdges },
): OpenHidDevice {
  const address = parseHidAddress(port);
  if (address?.type === 'socket') return (events) => openReportSocket(address.path, clock, events);
  return async (events) => {
    const path =
      address === undefined
        ? await edges.files.realpath(port)
        : (await findHidNode(edges.files, address, link)).path;
    if (path !== undefined && HIDRAW_PATH.test(path)) return openRawKeys(path, link, { edges, events });
    if (path !== undefined && EVENT_PATH.test(path)) {
      return openEventKeyboard({ path, clock, openNode: edges.openNode }, events);
    }
    throw new RollcallError(
      'PORT_ABSENT',
      path === undefined
        ? `There is no reader at ${port}; plug it in, or correct "port" in the configuration ("rollcall-gateway discover" lists what is there)`
        : `${port} is no HID device; write hid:VID:PID, or a path under /dev/input/by-id/`,
    );
  };
}

/**
 * hidraw alone shows the reports and lets the kernel type them all the same (hidapi-rs#91): the keyboards behind it are
 * grabbed first, and if that fails nothing is opened.
 */
async function openRawKeys(
  path: string,
  { exclusive }: HidLinkSettings,
  { edges, events }: { edges: HidEdges; events: HidEvents },
): Promise<HidDevice> {
  const grabbed = exclusive ? await grabAll(path, edges) : [];
  const release = (): void => {
    for (const node of grabbed.splice(0)) node.close();
  };
  try {
    const device = await edges.openRaw(path, {
      ...events,
      onLost: (reason) => {
        release();
        events.onLost(reason);
      },
    });
    return {
      ...(device.features === undefined ? {} : { features: device.features }),
      write: (report) => device.write(report),
      close: async () => {
        await device.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Every input device of the whole USB device: some readers type through another interface than they are read by. */
async function grabAll(path: string, { files, openNode }: HidEdges): Promise<EventNode[]> {
  const nodes = await listHidNodes(files);
  const self = nodes.find((node) => node.path === path);
  const inputs = nodes
    .filter((node) => node === self || (self?.usbDevice !== undefined && node.usbDevice === self.usbDevice))
    .flatMap((node) => node.inputs);
  const grabbed: EventNode[] = [];
  try {
    for (const input of inputs) grabbed.push(await openNode(input));
    return grabbed;
  } catch (error) {
    for (const node of grabbed) node.close();
    throw error;
  }
}
