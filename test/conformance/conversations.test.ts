import type { DriverBench } from '@rollcall/gateway/drivers/driver.fixture';
import { driverIds } from '@rollcall/gateway/drivers/registry';
import { parseCanonical } from '@rollcall/protocol/credential';
import { chunksOf, type Vector } from '@rollcall/protocol/vectors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  benchFor,
  cardsOf,
  connectionName,
  connectionsOf,
  converse,
  driversThat,
  outcome,
  playDialog,
  readVectors,
  runsEach,
} from './support/vectors.js';

/** Longer than any question waits and any presentation is held. */
const QUIET_MS = 10_000;
/** For all connections of a driver together. */
const FUZZ_RUNS = 60;
const FLOOD_BYTES = 64 * 1024;
/** Cuts of one vector that are tried; a long dialog is cut at so many places, evenly spread. */
const CUTS_MAX = 60;

it('plays every driver, as one that only listens, to bytes or to reports, or as one that asks', () => {
  const played = (['only talk', 'only report', 'converse'] as const).flatMap(driversThat);
  expect(played.map(({ id }) => id).sort()).toEqual([...driverIds].sort());
});

/** Devices that are asked. What a driver asks is part of its vectors: each question has to match byte by byte. */
describe.each(
  driversThat('converse').map((driver) => [driver.id, driver] as const),
)('driver %s', (id, driver) => {
  const vectors = readVectors(id);
  const named = vectors.map((vector) => [vector.name, vector] as const);

  describe('holds its conversations', () => {
    it.each(named)('%s', async (_name, vector) => {
      const bench = benchFor(driver, vector);
      await playDialog(bench, vector);
      expect(outcome(bench.events)).toEqual(vector.expect);
      bench.disconnect();
    });

    it.each(named)('%s, byte by byte', async (_name, vector) => {
      const bench = benchFor(driver, vector);
      await playDialog(bench, vector, (chunk) => [...chunk].map((byte) => Uint8Array.of(byte)));
      expect(outcome(bench.events)).toEqual(vector.expect);
      bench.disconnect();
    });

    it.each(named)('%s, each answer split at every byte', async (_name, vector) => {
      const longest = Math.max(...chunksOf(vector).map(({ length }) => length));
      for (const at of spread(longest)) {
        const bench = benchFor(driver, vector);
        await playDialog(bench, vector, (chunk) => [chunk.subarray(0, at), chunk.subarray(at)]);
        expect(outcome(bench.events), `split at ${at}`).toEqual(vector.expect);
        bench.disconnect();
      }
    });

    it.each(
      named,
    )('%s, unplugged at any byte: nothing is made up, and it starts anew', async (_name, vector) => {
      const bytes = Buffer.concat(chunksOf(vector));
      for (const at of spread(bytes.length)) {
        const bench = benchFor(driver, vector);
        bench.probe();
        await converse(bench, vector.dialog ?? [], (chunk) => [chunk], at);
        bench.disconnect();
        expect(bench.clock.pendingTimers, `cut at ${at}`).toBe(0);
        expect(startsWith(vector.expect, outcome(bench.events)), `cut at ${at}`).toBe(true);
        await recovers(bench, vector);
      }
    });
  });

  it('reads the longest and a leading-zero number among its vectors, and refuses something', () => {
    if (driver.kind === 'card') {
      expect(vectors.some((vector) => vector.name.startsWith('longest'))).toBe(true);
      expect(vectors.some((vector) => vector.name.startsWith('leading zero'))).toBe(true);
    }
    expect(vectors.some((vector) => vector.expect.some((one) => one.type === 'rejected'))).toBe(true);
    expect(vectors.some((vector) => vector.expect.some((one) => one.type !== 'rejected'))).toBe(true);
  });

  it('emits only canonical forms', () => {
    for (const vector of vectors) for (const card of cardsOf(vector)) parseCanonical(card);
  });

  it.each(
    connectionsOf(vectors).map((connection) => [connectionName(connection), connection] as const),
  )('never throws, whatever arrives and whenever, and ends without a timer: %s', async (_name, connection) => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom(...chunksOf(connection)),
      fc.constantFrom(...vectors.flatMap((vector) => chunksOf(vector))),
    );
    const steps = fc.array(fc.tuple(chunk, fc.nat({ max: 700 })), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const bench = benchFor(driver, connection);
        bench.probe();
        for (const [bytes, waitMs] of taken) {
          bench.feed(bytes);
          await bench.pass(waitMs);
        }
        for (const card of bench.cards) parseCanonical(card);
        bench.disconnect();
        await bench.pass(QUIET_MS);
        expect(bench.clock.pendingTimers).toBe(0);
      }),
      { numRuns: runsEach(vectors, FUZZ_RUNS) },
    );
  });

  it('drops a flood without an end, and reads on after it', async () => {
    const [simple] = vectors.filter((vector) => vector.expect.some((one) => one.type !== 'rejected'));
    if (simple === undefined) throw new Error(`${id} has no vector in which something is read`);
    for (const byte of [0x00, 0x55, 0xef, 0xff]) {
      const bench = benchFor(driver, simple);
      bench.probe();
      for (let sent = 0; sent < FLOOD_BYTES; sent += 1024) bench.feed(new Uint8Array(1024).fill(byte));
      await bench.pass(0);
      expect(bench.cards).toEqual([]);
      expect(bench.counts['bytes_discarded'] ?? 0).toBeGreaterThan(FLOOD_BYTES / 2);
      bench.disconnect();
      await recovers(bench, simple);
    }
  });

  it('says nothing more after it was closed, and shows nothing', async () => {
    for (const vector of vectors) {
      const bench = benchFor(driver, vector);
      await playDialog(bench, vector);
      bench.disconnect();
      const { length: events } = bench.events;
      const { length: written } = bench.written;
      await bench.pass(QUIET_MS);
      expect(bench.clock.pendingTimers).toBe(0);
      expect(bench.events).toHaveLength(events);
      if (bench.session.feedback !== undefined) {
        await expect(bench.session.feedback('kept')).rejects.toThrow();
      }
      expect(bench.written).toHaveLength(written);
    }
  });

  it('has lights exactly where it says so', () => {
    const bench = benchFor(driver, { dialog: [] });
    expect(bench.session.feedback !== undefined).toBe(driver.hasLights);
    bench.disconnect();
  });
});

/** A new connection after whatever happened before plays the whole dialog. */
async function recovers(bench: DriverBench, vector: Vector): Promise<void> {
  // A dialog is that of a terminal that was never drained.
  bench.forget();
  bench.replug();
  const { length: before } = bench.events;
  await playDialog(bench, vector);
  expect(outcome(bench.events.slice(before)), vector.name).toEqual(vector.expect);
  bench.disconnect();
}

function startsWith<T>(whole: readonly T[], part: readonly T[]): boolean {
  return JSON.stringify(whole.slice(0, part.length)) === JSON.stringify(part);
}

/** 1 to `count` - 1, or so many of them as are allowed. */
function spread(count: number): number[] {
  const step = Math.max(1, (count - 1) / CUTS_MAX);
  return Array.from({ length: Math.min(CUTS_MAX, Math.max(0, count - 1)) }, (_, index) =>
    Math.floor(1 + index * step),
  );
}
