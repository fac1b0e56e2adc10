import { readFileSync } from 'node:fs';
import { get as getHttp, type IncomingHttpHeaders } from 'node:http';
import { get as getHttps } from 'node:https';
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
      const { status, headers } = await ask(url, uplink.caFile);
      const answer =
        status === 200
          ? ok(`central answers at ${url.origin}`)
          : fail(`central answers ${status} at ${url}`, 'look at the log of central');
      return [answer, ...skew(headers.date)];
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return [
        fail(
          `central does not answer at ${url.origin} (${code ?? message})`,
          'check uplink.central_url, uplink.ca_file, the network and the firewall',
        ),
      ];
    }
  },
};

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
}

/** Asks as the gateway itself does: with the certificate of a private authority where one is configured. */
function ask(url: URL, caFile: string | undefined): Promise<Answer> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  return new Promise((resolve, reject) => {
    const request = get(url, { signal: AbortSignal.timeout(TIMEOUT_MS), ...ca }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    request.on('error', reject);
  });
}

function skew(dateHeader: string | undefined): Finding[] {
  const theirMs = dateHeader === undefined ? Number.NaN : Date.parse(dateHeader);
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
