import type { DriverBench } from '@rollcall/gateway/drivers/driver.fixture';
import { parseCanonical } from '@rollcall/protocol/credential';
import { chunksOf, type Vector } from '@rollcall/protocol/vectors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  benchFor,
  cardsOf,
  driversThat,
  outcome,
  play,
  readVectors,
  survivesAnything,
} from './support/vectors.js';

/** Longer than any presentation is held and any unfinished number is kept. */
const QUIET_MS = 5_000;
const FLOOD_REPORTS = 4096;

/**
 * HID devices that only talk. The system hands over whole reports, so that nothing is split; reports can be missing
 * (the kernel drops the oldest), cut off by an unplug, repeated, or of another device altogether.
 */
describe.each(
  driversThat('only report').map((driver) => [driver.id, driver] as const),
)('driver %s', (id, driver) => {
  const vectors = readVectors(id);
  const named = vectors.map((vector) => [vector.name, vector] as const);
  const readable = vectors.filter((vector) => cardsOf(vector).length > 0);
  const [simple] = readable;
  if (simple === undefined) throw new Error(`${id} has no vector with a card`);

  it.each(named)('understands %s', (_name, vector) => {
    const bench = benchFor(driver, vector);
    play(bench, vector);
    expect(outcome(bench.events)).toEqual(vector.expect);
  });

  it('reads the longest and a leading-zero number among its vectors, and refuses something', () => {
    expect(vectors.some(({ name }) => name.startsWith('longest'))).toBe(true);
    expect(vectors.some(({ name }) => name.startsWith('leading zero'))).toBe(true);
    expect(vectors.some((vector) => vector.expect.some(({ type }) => type === 'rejected'))).toBe(true);
  });

  it('emits only canonical forms', () => {
    for (const vector of vectors) for (const card of cardsOf(vector)) parseCanonical(card);
  });

  it('makes up no card when it is unplugged at any report, and reads the next one', () => {
    for (const vector of readable) {
      const reports = chunksOf(vector);
      for (let at = 0; at < reports.length; at++) {
        const bench = benchFor(driver, vector);
        for (const report of reports.slice(0, at)) bench.feed(report);
        bench.disconnect();
        expect(bench.clock.pendingTimers, `${vector.name} cut at ${at}`).toBe(0);
        bench.replug();
        // The rest arrives at once: what the old session had must not complete it, and alone it is no number.
        for (const report of reports.slice(at)) bench.feed(report);
        expect(subsetOf(cardsOf(vector), bench.cards), `${vector.name} cut at ${at}`).toBe(true);
        recovers(bench, vector);
      }
    }
  });

  it('makes up no card when any one report is missing, short, or of another device', () => {
    // Without the zeros in front a shorter number is a number, too, and a vector that starts with a fault is read without it.
    const guarded = readable.filter(
      ({ options, expect: expected }) =>
        options?.['padded'] !== false && expected.every(({ type }) => type === 'card'),
    );
    for (const vector of guarded) {
      const reports = chunksOf(vector);
      for (let at = 0; at < reports.length; at++) {
        const report = reports[at] ?? new Uint8Array();
        for (const instead of [[], [report.subarray(0, report.length - 1)], [Uint8Array.of(7, ...report)]]) {
          const bench = benchFor(driver, vector);
          for (const one of reports.toSpliced(at, 1, ...instead)) {
            bench.feed(one);
            bench.clock.advance(vector.gap_ms ?? 0);
          }
          expect(subsetOf(cardsOf(vector), bench.cards), `${vector.name} without ${at}`).toBe(true);
          recovers(bench, vector);
        }
      }
    }
  });

  it('keeps nothing of a flood, and reads on after it', () => {
    for (const length of [1, 8, 64, 1024]) {
      for (const byte of [0x02, 0x1e, 0xff]) {
        const bench = benchFor(driver, simple);
        const report = new Uint8Array(length).fill(byte);
        for (let sent = 0; sent < FLOOD_REPORTS; sent++) bench.feed(report);
        expect(bench.cards).toEqual([]);
        expect(bench.counts['bytes_discarded'] ?? 0).toBeGreaterThan(0);
        recovers(bench, simple);
      }
    }
  });

  it('never throws and emits only canonical cards, whatever arrives', () => {
    const size = chunksOf(simple)[0]?.length ?? 8;
    const report = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ minLength: size, maxLength: size }),
      fc.constantFrom(...vectors.flatMap((vector) => chunksOf(vector))),
    );
    survivesAnything(driver, report, 60);
  });

  it('tells nobody about a card after it was closed, and holds no timer', () => {
    const bench = benchFor(driver, simple);
    play(bench, simple);
    bench.disconnect();
    expect(bench.clock.pendingTimers).toBe(0);
    const count = bench.events.length;
    bench.clock.advance(QUIET_MS);
    expect(bench.events).toHaveLength(count);
  });

  it('starts anew after a restart of the connection, with the same card', () => {
    const bench = benchFor(driver, simple);
    play(bench, simple);
    bench.reconnect();
    play(bench, simple);
    expect(bench.cards).toEqual([...cardsOf(simple), ...cardsOf(simple)]);
  });

  it('has lights exactly where it says so, and writes nothing unasked', () => {
    const bench = benchFor(driver, simple);
    play(bench, simple);
    expect(bench.written).toEqual([]);
    expect(bench.session.feedback !== undefined).toBe(driver.hasLights);
  });

  it('never puts a number that was read into what it says about refused reports', () => {
    for (const vector of vectors) {
      const bench = benchFor(driver, vector);
      play(bench, vector);
      const texts = bench.events.flatMap((event) => (event.type === 'rejected' ? [event.message] : []));
      for (const text of texts) expect(text).not.toMatch(/\d{5}|[0-9A-F]{6}/i);
    }
  });

  /** One more card is read after whatever happened before. */
  function recovers(bench: DriverBench, vector: Vector): void {
    bench.clock.advance(QUIET_MS);
    const { length: before } = bench.cards;
    play(bench, vector);
    expect(bench.cards.slice(before), vector.name).toEqual(cardsOf(vector));
  }
});

function subsetOf(allowed: readonly string[], found: readonly string[]): boolean {
  return found.every((card) => allowed.includes(card));
}
