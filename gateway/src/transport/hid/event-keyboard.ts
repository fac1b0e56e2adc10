import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { EventNode, OpenEventNode } from './event-node.js';
import { EventReports } from './event-reports.js';
import type { HidDevice, HidEvents } from './hid-device.js';

/**
 * How often a keyboard is asked for its events. Node can wait for sockets and terminals only; a read that waits would
 * hold one of its four threads for each reader. Keys follow each other every 2 to 20 ms, and the kernel keeps
 * the ones that wait.
 */
const POLL_MS = 8;
/** Reads in one turn: more events than a card has, and no flood can hold the gateway. */
const READS_MAX = 16;

export interface EventKeyboardOptions {
  path: string;
  clock: Clock;
  openNode: OpenEventNode;
}

/** A keyboard read through its input events, grabbed from the first moment on. */
export async function openEventKeyboard(
  { path, clock, openNode }: EventKeyboardOptions,
  { onReport, onLost }: HidEvents,
): Promise<HidDevice> {
  const node = await openNode(path);
  const reports = new EventReports(onReport);
  let cancel: (() => void) | undefined;
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    cancel?.();
    node.close();
  };
  const poll = (): void => {
    try {
      readAll(node, reports);
    } catch (cause) {
      close();
      onLost(new RollcallError('PORT_LOST', `${path} went away; check the plug of the reader`, { cause }));
      return;
    }
    if (isOpen) cancel = clock.after(POLL_MS, poll);
  };
  // What was typed before belongs to nobody, as with every port.
  for (let turn = 0; turn < READS_MAX && node.read() !== undefined; turn++);
  cancel = clock.after(POLL_MS, poll);
  return {
    write: () =>
      Promise.reject(
        new RollcallError('DEVICE_REFUSED', `${path} takes no reports; write the port as hid:VID:PID`),
      ),
    close: async () => close(),
  };
}

function readAll(node: EventNode, reports: EventReports): void {
  for (let turn = 0; turn < READS_MAX; turn++) {
    const bytes = node.read();
    if (bytes === undefined) return;
    reports.push(bytes);
  }
}
