import type { Clock } from '@rollcall/protocol/clock';
import { type SystemFiles, systemFiles } from '../system/system-files.js';
import { createOpenHid } from './hid/open-hid.js';
import { SerialPortTransport } from './serial-port.js';
import { sharePorts } from './shared-port.js';
import { TcpTransport } from './tcp.js';
import { parseTcpAddress } from './tcp-address.js';
import type { OpenTransport } from './transport.js';

/** Chooses the kind of connection by the kind of link, and then by the form of `port`. */
export function createOpenTransport(clock: Clock, files: SystemFiles = systemFiles()): OpenTransport {
  const openHid = createOpenHid({ clock, files });
  return sharePorts((port, link) => {
    if (link.kind === 'hid') return openHid(port, link);
    const address = parseTcpAddress(port);
    return address === undefined
      ? new SerialPortTransport({ path: port, link, clock })
      : new TcpTransport({ address, clock });
  });
}
