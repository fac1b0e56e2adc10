import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { cannotListen } from './cannot-listen.js';
import type { HttpAddress } from './http-address.js';
import { TokenBucket } from './token-bucket.js';

/** Bytes of one upload; photos are the largest. A terminal sends its log in far smaller ones. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;
/** Connections of all terminals of one address together. */
const CONNECTIONS_MAX = 512;
const HEAD_BYTES_MAX = 8 * 1024;
/** A terminal on a bad link may take this long for one request. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Requests of one terminal: it polls every few seconds, and sends a backlog one upload after the other. */
const RATE = { perSecond: 50, burst: 200 };
const HOUR_MS = 3_600_000;
/** Strangers that are told of one by one in an hour; each is a row on the disk and an alarm. The others are counted. */
export const STRANGERS_TOLD_MAX = 20;
/** The same stranger is told of once in this time. */
const STRANGER_TOLD_EVERY_MS = HOUR_MS;
/** Strangers remembered; beyond, the oldest is told of again. */
const STRANGERS_MAX = 256;
const SERIAL = /^[A-Za-z0-9_-]{1,32}$/;

/** A caller that is not in the configuration, or calls from another address than that says. */
export interface Stranger {
  serial: string;
  address: string;
}

export type StrangerNews =
  | Stranger
  /** Calls of others within the last hour, of which nothing else is told. */
  | { moreCalls: number };

/** One request as it came. The answer has to come exactly once. */
export interface HttpCall {
  /** `POST /iclock/cdata?SN=… HTTP/1.1`, its length, and the body: what a driver reads. */
  bytes: Uint8Array;
  /** @param message a whole HTTP response, as a driver writes it. */
  answer(message: Uint8Array): void;
}

export interface Terminal {
  onCall(call: HttpCall): void;
}

interface Registration {
  from: string | undefined;
  bucket: TokenBucket;
  /** Undefined while the device is between two connections. */
  terminal: Terminal | undefined;
}

/** One address of this machine on which terminals call; the serial number tells them apart. */
export class HttpListener {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #address: HttpAddress;
  readonly #onStranger: (news: StrangerNews) => void;
  readonly #registrations = new Map<string, Registration>();
  readonly #toldMs = new Map<string, number>();
  readonly #strangerBucket: TokenBucket;
  #untoldCalls = 0;
  /** When they are told of; undefined while there are none. */
  #untoldDueMs: number | undefined;
  #cancelUntold: (() => void) | undefined;
  #server: Server | undefined;
  #opening: Promise<void> | undefined;

  constructor(address: HttpAddress, clock: Clock, onStranger: (news: StrangerNews) => void) {
    this.#address = address;
    this.#name = `http://${address.host}:${address.port}`;
    this.#clock = clock;
    this.#onStranger = onStranger;
    const perSecond = (STRANGERS_TOLD_MAX * 1_000) / HOUR_MS;
    this.#strangerBucket = new TokenBucket({ perSecond, burst: STRANGERS_TOLD_MAX }, clock.monoMs());
  }

  /** Allows a terminal, before anything listens: what is not allowed is a stranger. */
  allow({ serial, from }: HttpAddress): void {
    if (this.#registrations.has(serial)) return;
    const bucket = new TokenBucket(RATE, this.#clock.monoMs());
    this.#registrations.set(serial, { from, bucket, terminal: undefined });
  }

  /** @throws RollcallError `PORT_BUSY`, `PORT_DENIED` or `PORT_ABSENT`. */
  async attach(serial: string, terminal: Terminal): Promise<void> {
    const registration = this.#registrations.get(serial);
    if (registration === undefined) throw new RollcallError('INTERNAL', 'attached before it was allowed');
    this.#opening ??= this.#listen();
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    registration.terminal = terminal;
  }

  /** The address is given back when nobody uses it any more. */
  async detach(serial: string, terminal: Terminal): Promise<void> {
    const registration = this.#registrations.get(serial);
    if (registration?.terminal !== terminal) return;
    registration.terminal = undefined;
    if ([...this.#registrations.values()].some((other) => other.terminal !== undefined)) return;
    const server = this.#server;
    this.#server = undefined;
    this.#opening = undefined;
    this.#cancelUntold?.();
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  #listen(): Promise<void> {
    const server = createServer({ maxHeaderSize: HEAD_BYTES_MAX, requestTimeout: REQUEST_TIMEOUT_MS });
    server.maxConnections = CONNECTIONS_MAX;
    server.on('request', (request, response) => void this.#onRequest(request, response));
    server.on('clientError', (_error, socket) => socket.destroy());
    this.#server = server;
    const { host, port } = this.#address;
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => reject(cannotListen(this.#name, cause)));
      server.listen(port, host, () => {
        server.removeAllListeners('error');
        // A failing accept (no descriptors left) ends one connection, not the listener.
        server.on('error', () => undefined);
        this.#scheduleUntold();
        resolve();
      });
    });
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.sendDate = false;
    const address = plainAddress(request.socket.remoteAddress);
    const serial = serialOf(request.url);
    const registration = serial === undefined ? undefined : this.#registrations.get(serial);
    if (registration === undefined || (registration.from !== undefined && registration.from !== address)) {
      this.#refuse(serial ?? 'none', address);
      end(request, response, 401);
      return;
    }
    if (!registration.bucket.take(this.#clock.monoMs())) {
      end(request, response, 503);
      return;
    }
    const body = await readBody(request);
    if (body === undefined || registration.terminal === undefined) {
      end(request, response, body === undefined ? 413 : 503);
      return;
    }
    const { method = 'GET', url = '/' } = request;
    const head = Buffer.from(`${method} ${url} HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n`, 'latin1');
    registration.terminal.onCall({
      bytes: Buffer.concat([head, body]),
      answer: (message) => send(response, message),
    });
  }

  #refuse(serial: string, address: string): void {
    const nowMs = this.#clock.monoMs();
    const key = `${serial} ${address}`;
    const told = this.#toldMs.get(key);
    if (told !== undefined && nowMs - told < STRANGER_TOLD_EVERY_MS) return;
    if (!this.#strangerBucket.take(nowMs)) {
      this.#countUntold(nowMs);
      return;
    }
    this.#toldMs.delete(key);
    this.#toldMs.set(key, nowMs);
    const [oldest] = this.#toldMs.keys();
    if (this.#toldMs.size > STRANGERS_MAX && oldest !== undefined) this.#toldMs.delete(oldest);
    this.#onStranger({ serial, address });
  }

  #countUntold(nowMs: number): void {
    this.#untoldCalls += 1;
    if (this.#untoldDueMs !== undefined) return;
    this.#untoldDueMs = nowMs + HOUR_MS;
    this.#scheduleUntold();
  }

  /**
   * The count outlives the listening: a device that connects anew does not make more of them. Its timer does not, so
   * there is one at most, however often the address cannot be had.
   */
  #scheduleUntold(): void {
    if (this.#untoldDueMs === undefined) return;
    const waitMs = Math.max(0, this.#untoldDueMs - this.#clock.monoMs());
    this.#cancelUntold = this.#clock.after(waitMs, () => {
      const moreCalls = this.#untoldCalls;
      this.#untoldCalls = 0;
      this.#untoldDueMs = undefined;
      this.#onStranger({ moreCalls });
    });
  }
}

/** What terminals write is in the query; some write it in lower case. */
function serialOf(url: string | undefined): string | undefined {
  const query = (url ?? '').split('?', 2)[1] ?? '';
  for (const [name, value] of new URLSearchParams(query)) {
    // The first one only, as the driver reads it.
    if (name.toUpperCase() === 'SN') return SERIAL.test(value) ? value : undefined;
  }
  return undefined;
}

/** IPv4 as people write it, also where it came over an IPv6 socket. */
function plainAddress(address: string | undefined): string {
  return (address ?? 'unknown').replace(/^::ffff:/, '').slice(0, 64);
}

/** Undefined where it is too large, or where the connection was cut before its end. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) return undefined;
      chunks.push(chunk);
    }
  } catch {
    // Cut in the middle: the terminal sends it again, and half of it must not be taken for all.
    return undefined;
  }
  return request.complete ? Buffer.concat(chunks) : undefined;
}

function end(request: IncomingMessage, response: ServerResponse, status: number): void {
  // What was not read would otherwise be taken for the next request.
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': 0 });
  response.end();
}

function send(response: ServerResponse, message: Uint8Array): void {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const split = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.subarray(0, split).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
  response.writeHead(Number(statusLine.split(' ')[1]), headers);
  response.end(bytes.subarray(split + 4));
}
