import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Random } from '@rollcall/firmware-sim/random';
import { DriverBench } from '@rollcall/gateway/drivers/driver.fixture';
import { drivers } from '@rollcall/gateway/drivers/registry';
import { chunksOf, type Vector } from '@rollcall/protocol/vectors';
import { describe, expect, it } from 'vitest';
import { connectionName, connectionsOf, readVectors } from '../conformance/support/vectors.js';

const SEED = 11;
const NOISE_BYTES = 10_000_000;
const CHUNK_BYTES = 4_096;
/** Chunks between two looks at what was kept: timers and promises run, and the bench forgets what it noted. */
const CHUNKS_A_TURN = 16;
const TURN_MS = 40;
/** Until code is compiled and caches are filled. */
const SETTLING_BYTES = 2_000_000;
/** In each half; every second byte kept would be just beyond. */
const GROWTH_BYTES_MAX = 2 * 1024 * 1024;
const EACH_TIMEOUT_MS = 120_000;

const BYTES_PER_MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Half of it any bytes, half what the device really sends, cut and flipped, so that it gets further than the start. */
function noise(random: Random, real: readonly Uint8Array[]): Uint8Array {
  const bytes = random.bytes(CHUNK_BYTES);
  for (let at = 0; at < CHUNK_BYTES / 2; ) {
    const piece = random.pick(real);
    bytes.set(piece.subarray(0, Math.min(piece.length, CHUNK_BYTES - at)), at);
    at += 1 + random.int(0, piece.length);
    bytes[at % CHUNK_BYTES] = random.int(0, 255);
  }
  return bytes;
}

/** Whatever a bench notes for tests would grow by itself. */
function forgetNotes(bench: DriverBench): void {
  for (const noted of Object.values(bench)) if (Array.isArray(noted)) noted.length = 0;
}

/** How a number that has come is read; its bytes come alike. */
const READING_OPTIONS = new Set([
  ...['form', 'order', 'uid_order', 'number', 'card', 'plain', 'user_ids', 'time_zone_line', 'single_report'],
  ...[
    'technologies',
    'key_type',
    'block',
    'file',
    'length',
    'authentication',
    'protection',
    'prefix',
    'suffix',
  ],
]);

/** One connection for each way in which bytes come. */
function waysOf(driverId: string): Vector[] {
  const ways = new Map<string, Vector>();
  for (const connection of connectionsOf(readVectors(driverId))) {
    const options = Object.entries(connection.options ?? {}).filter(([key]) => !READING_OPTIONS.has(key));
    const name = connectionName({ ...connection, options: Object.fromEntries(options) });
    if (!ways.has(name)) ways.set(name, connection);
  }
  return [...ways.values()];
}

describe.each(
  drivers.flatMap((driver) =>
    waysOf(driver.id).map(
      (connection) => [driver.id, connectionName(connection), driver, connection] as const,
    ),
  ),
)('the driver %s with %s, through ten million bytes of noise', (id, name, driver, connection) => {
  it('keeps none of them, and ends without a timer', { timeout: EACH_TIMEOUT_MS }, async () => {
    const random = Random.of(SEED, `${id} ${name}`);
    const alike = readVectors(id).filter((vector) => connectionName(vector) === name);
    const real = alike.flatMap((vector) => chunksOf(vector)).filter(({ length }) => length > 0);
    // The same noise again and again costs nothing to make; where it is cut differs each time.
    const stock = Array.from({ length: 64 }, () => noise(random, real));
    const bench = new DriverBench(driver, connection.options, new Uint8Array(), connection);
    bench.probe();
    /** After settling, in the middle and at the end. */
    const held: number[] = [];
    const looks = [SETTLING_BYTES, (SETTLING_BYTES + NOISE_BYTES) / 2];
    for (let sent = 0, turn = 1; sent < NOISE_BYTES; turn++) {
      const chunk = random.pick(stock).subarray(random.int(0, 64));
      bench.feed(chunk);
      sent += chunk.length;
      if (turn % CHUNKS_A_TURN !== 0) continue;
      await bench.pass(TURN_MS);
      forgetNotes(bench);
      if (sent >= (looks[held.length] ?? Number.POSITIVE_INFINITY)) held.push(heldBytes());
    }
    const [settled = 0, middle = 0, end = 0] = [...held, heldBytes()];
    // What is kept grows all the time; what the process does beside it (compiling, reporting) comes once.
    const growth = Math.min(middle - settled, end - middle);
    expect(growth, `grew by ${(growth / BYTES_PER_MIB).toFixed(1)} MiB twice`).toBeLessThan(GROWTH_BYTES_MAX);
    bench.disconnect();
    await bench.pass(TURN_MS);
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
