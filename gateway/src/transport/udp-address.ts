import { parseTcpAddress, type TcpAddress } from './tcp-address.js';

/** `udp://host:port` taken apart; undefined for everything else. */
export function parseUdpAddress(address: string): TcpAddress | undefined {
  return address.startsWith('udp://') ? parseTcpAddress(`tcp${address.slice(3)}`) : undefined;
}
