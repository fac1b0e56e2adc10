import { connect } from 'node:net';
import { type Check, type Finding, fail, ok, warn } from './check.js';

const TIMEOUT_MS = 5_000;
const SKEW_WARN_MS = 5_000;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

/** Something listens where the broker should be; the login is tried by `run`. */
export const broker: Check = {
  id: 'broker',
  async run({ uplink }) {
    const { hostname, port, protocol } = new URL(uplink.mqttUrl);
    const number = port === '' ? (DEFAULT_PORTS[protocol] ?? 1883) : Number(port);
    const host = hostname.replace(/^\[|\]$/g, '');
    const problem = await tryConnect(host, number);
    if (problem === undefined) return [ok(`the broker answers at ${host}:${number}`)];
    return [
      fail(
        `no broker answers at ${host}:${number} (${problem})`,
        'check uplink.mqtt_url, the network and the firewall',
      ),
    ];
  },
};

/** Central answers, and its clock agrees with ours. */
export const central: Check = {
  id: 'central',
  async run({ uplink }): Promise<Finding[]> {
    const url = new URL('/healthz', uplink.centralUrl);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      await response.body?.cancel();
      const answer = response.ok
        ? ok(`central answers at ${url.origin}`)
        : fail(`central answers ${response.status} at ${url}`, 'look at the log of central');
      return [answer, ...skew(response.headers.get('date'))];
    } catch {
      // Refused, unresolved and late all mean the same to the person who reads this.
      return [
        fail(
          `central does not answer at ${url.origin}`,
          'check uplink.central_url, the network and the firewall',
        ),
      ];
    }
  },
};

function skew(dateHeader: string | null): Finding[] {
  const theirMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (Number.isNaN(theirMs)) return [];
  const byMs = Date.now() - theirMs;
  if (Math.abs(byMs) <= SKEW_WARN_MS) return [ok('the clocks of gateway and central agree')];
  return [
    warn(
      `this clock differs from central's by ${Math.round(byMs / 1000)} s`,
      'synchronize both clocks (NTP)',
    ),
  ];
}

function tryConnect(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const finish = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => finish(undefined));
    socket.once('timeout', () => finish('no answer'));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
  });
}
