import type { Clock } from '@rollcall/protocol/clock';
import { SerialPortTransport } from './serial-port.js';
import { TcpTransport } from './tcp.js';
import { parseTcpAddress } from './tcp-address.js';
import type { OpenTransport } from './transport.js';

/** Chooses the kind of connection by the form of `port`. */
export function createOpenTransport(clock: Clock): OpenTransport {
  return (port, link) => {
    const address = parseTcpAddress(port);
    return address === undefined
      ? new SerialPortTransport({ path: port, link, clock })
      : new TcpTransport({ address, clock });
  };
}
