import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** One request in flight on each of so many keep-alive connections. */
export interface Load {
  port: number;
  connections: number;
  /** Whole requests, head and body. Each is sent once, in this order. */
  requests: readonly Uint8Array[];
}

export interface LoadResult {
  tookMs: number;
  latenciesMs: Float64Array;
  /** How many answers had each status. */
  statuses: Record<number, number>;
  /** Body of the first answer that was not 2xx: says what is wrong with the benchmark. */
  firstRefusal: string | undefined;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** Sends from a thread of its own, with no more work per answer than counting bytes: central is measured, not this. */
export function runLoad(load: Load): Promise<LoadResult> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: load });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

export function httpRequest(
  method: string,
  path: string,
  options: { token?: string; body?: object } = {},
): Uint8Array {
  const body = options.body === undefined ? '' : JSON.stringify(options.body);
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(options.token === undefined ? [] : [`Authorization: Bearer ${options.token}`]),
    ...(options.body === undefined
      ? []
      : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

async function generate({ port, connections, requests }: Load): Promise<LoadResult> {
  const latenciesMs = new Float64Array(requests.length);
  const statuses: Record<number, number> = {};
  let firstRefusal: string | undefined;
  let next = 0;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: Math.min(connections, requests.length) }, async () => {
      const socket = await open(port);
      const answers = new Answers(socket);
      for (let index = next++; index < requests.length; index = next++) {
        const sentMs = performance.now();
        socket.write(requests[index] as Uint8Array);
        const { status, body } = await answers.next();
        latenciesMs[index] = performance.now() - sentMs;
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status >= 300) firstRefusal ??= `${status} ${body}`;
      }
      socket.destroy();
    }),
  );
  return { tookMs: performance.now() - startMs, latenciesMs, statuses, firstRefusal };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Answers with a Content-Length, one after the other, off one connection. */
class Answers {
  #waiting:
    | { resolve(answer: { status: number; body: string }): void; reject(error: Error): void }
    | undefined;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    socket.on('data', (chunk) => {
      this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
      this.#take();
    });
    socket.on('close', () =>
      this.#waiting?.reject(new Error('central closed a connection without an answer')),
    );
  }

  next(): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #take(): void {
    const headEnd = this.#held.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = this.#held.toString('latin1', 0, headEnd);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const end = headEnd + HEAD_END.length + length;
    if (this.#held.length < end) return;
    const status = Number(head.slice(9, 12));
    const body = status < 300 ? '' : this.#held.toString('utf8', headEnd + HEAD_END.length, end);
    this.#held = this.#held.subarray(end);
    this.#waiting?.resolve({ status, body });
  }
}

if (!isMainThread) parentPort?.postMessage(await generate(workerData as Load));
