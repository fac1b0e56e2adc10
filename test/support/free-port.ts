import { once } from 'node:events';
import { createServer } from 'node:net';

/** Linux hands out ports from 32768 on by itself, and those up to here are nobody's. */
const FIRST = 20_000;
const PORTS_PER_WORKER = 1_000;
const WORKERS_MAX = 12;
const ATTEMPTS_MAX = 100;

/** Of this worker; handed out once, so that two reservations of one file never are the same. */
const given = new Set<number>();

/**
 * A port that nobody listens on and nobody else is told, for a program that listens there later, or again. It is
 * none of those that the kernel gives to connections and to servers that ask for any, since tests that run at the
 * same time open many of them, and each worker of a run has ports of its own.
 */
export async function freePort(): Promise<number> {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS_MAX;
  const first = FIRST + worker * PORTS_PER_WORKER;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = first + Math.floor(Math.random() * PORTS_PER_WORKER);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`${ATTEMPTS_MAX} ports from ${first} on were tried, and none is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
