import type { Clock } from '@rollcall/protocol/clock';
import { type SystemFiles, systemFiles } from '../system/system-files.js';
import { createOpenHid } from './hid/open-hid.js';
import { parseHttpAddress } from './http-address.js';
import { HttpListener, type StrangerNews } from './http-listener.js';
import { HttpTransport } from './http-transport.js';
import { SerialPortTransport } from './serial-port.js';
import { sharePorts } from './shared-port.js';
import { TcpTransport } from './tcp.js';
import { parseTcpAddress } from './tcp-address.js';
import type { OpenTransport } from './transport.js';
import { UdpTransport } from './udp.js';
import { parseUdpAddress } from './udp-address.js';

/**
 * Chooses the kind of connection by the kind of link, and then by the form of `port`. Terminals that call the same
 * address share one listener.
 */
export function createOpenTransport(
  clock: Clock,
  files: SystemFiles = systemFiles(),
  onStranger: (news: StrangerNews) => void = () => undefined,
): OpenTransport {
  const openHid = createOpenHid({ clock, files });
  const listeners = new Map<string, HttpListener>();
  return sharePorts((port, link) => {
    if (link.kind === 'hid') return openHid(port, link);
    const http = parseHttpAddress(port);
    if (http !== undefined) {
      const key = `${http.host} ${http.port}`;
      const listener = listeners.get(key) ?? new HttpListener(http, clock, onStranger);
      listeners.set(key, listener);
      return new HttpTransport(http, listener);
    }
    const datagrams = parseUdpAddress(port);
    if (datagrams !== undefined) return new UdpTransport({ address: datagrams, clock });
    const address = parseTcpAddress(port);
    return address === undefined
      ? new SerialPortTransport({ path: port, link, clock })
      : new TcpTransport({ address, clock });
  });
}
