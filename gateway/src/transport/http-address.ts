const HTTP_PATTERN =
  /^http:\/\/(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(?<port>\d{1,5})\/(?<serial>[A-Za-z0-9_-]{1,32})(?:\?from=(?<from>[0-9a-fA-F:.]{2,45}))?$/;
const PORT_MAX = 65_535;

/** Where the gateway listens for a terminal that calls, and which terminal that is. */
export interface HttpAddress {
  /** Address of this machine; `0.0.0.0` are all of them. */
  host: string;
  port: number;
  serial: string;
  /** The only address that the terminal may call from. */
  from: string | undefined;
}

/** `http://host:port/SERIAL?from=address` taken apart; undefined for everything else. */
export function parseHttpAddress(address: string): HttpAddress | undefined {
  const groups = HTTP_PATTERN.exec(address)?.groups;
  if (groups === undefined) return undefined;
  const port = Number(groups['port']);
  if (port < 1 || port > PORT_MAX) return undefined;
  return {
    host: (groups['host'] ?? '').replace(/^\[|\]$/g, ''),
    port,
    serial: groups['serial'] ?? '',
    from: groups['from'],
  };
}
