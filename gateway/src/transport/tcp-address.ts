const TCP_PATTERN = /^tcp:\/\/(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(?<port>\d{1,5})$/;
const TCP_PORT_MAX = 65_535;

export interface TcpAddress {
  host: string;
  port: number;
}

/** `tcp://host:port` taken apart; undefined for everything else. */
export function parseTcpAddress(address: string): TcpAddress | undefined {
  const groups = TCP_PATTERN.exec(address)?.groups;
  if (groups === undefined) return undefined;
  const port = Number(groups['port']);
  if (port < 1 || port > TCP_PORT_MAX) return undefined;
  return { host: (groups['host'] ?? '').replace(/^\[|\]$/g, ''), port };
}
