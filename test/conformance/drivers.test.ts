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

/** Longer than any presentation is held and any half frame is kept. */
const QUIET_MS = 5_000;
const NOISE_SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
const FLOOD_BYTES = 64 * 1024;
/** What frames and lines are made of: streams of these come close to real ones. */
const FRAME_CHARACTERS = [...'\x02\x03\r\n0123456789ABCDEF:,*{}" '];

describe.each(
  driversThat('only talk').map((driver) => [driver.id, driver] as const),
)('driver %s', (id, driver) => {
  const vectors = readVectors(id);
  // What digits mean can depend on what came before them: such a vector says nothing about its pieces.
  const readable = vectors.filter(
    (vector) => cardsOf(vector).length > 0 && !vector.name.includes('ambiguous'),
  );
  const [simple] = readable;
  if (simple === undefined) throw new Error(`${id} has no vector with a card`);

  describe('understands its vectors', () => {
    it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
      const bench = benchFor(driver, vector);
      play(bench, vector);
      expect(outcome(bench.events)).toEqual(vector.expect);
    });

    it.each(
      vectors.map((vector) => [vector.name, vector] as const),
    )('%s, split at every byte', (_name, vector) => {
      const longest = Math.max(...chunksOf(vector).map(({ length }) => length));
      for (let at = 1; at < longest; at++) {
        const bench = benchFor(driver, vector);
        play(bench, vector, (chunk) => [chunk.subarray(0, at), chunk.subarray(at)]);
        expect(outcome(bench.events), `split at ${at}`).toEqual(vector.expect);
      }
    });

    it.each(vectors.map((vector) => [vector.name, vector] as const))('%s, byte by byte', (_name, vector) => {
      const bench = benchFor(driver, vector);
      play(bench, vector, (chunk) => [...chunk].map((byte) => Uint8Array.of(byte)));
      expect(outcome(bench.events)).toEqual(vector.expect);
    });
  });

  it('reads the longest and a leading-zero number among its vectors', () => {
    expect(vectors.some(({ name }) => name.startsWith('longest'))).toBe(true);
    expect(vectors.some(({ name }) => name.startsWith('leading zero'))).toBe(true);
    expect(vectors.some(({ expect: expected }) => expected.some((one) => one.type === 'rejected'))).toBe(
      true,
    );
  });

  it('emits only canonical forms', () => {
    for (const vector of vectors) {
      const bench = benchFor(driver, vector);
      play(bench, vector);
      for (const card of bench.cards) expect(parseCanonical(card).technology).toBe(card.split(':')[0]);
    }
  });

  it('makes up no card when it is unplugged at any byte, and reads the next one', () => {
    for (const vector of readable) {
      const bytes = Buffer.concat(chunksOf(vector));
      for (let at = 0; at < bytes.length; at++) {
        const bench = benchFor(driver, vector);
        bench.feed(bytes.subarray(0, at));
        const before = bench.cards;
        bench.reconnect();
        // The other half arrives first: what the old session had must not complete it.
        bench.feed(bytes.subarray(at));
        expect(subsetOf(cardsOf(vector), bench.cards), `${vector.name} cut at ${at}`).toBe(true);
        recovers(bench, vector, simple);
        expect(before.every((card) => cardsOf(vector).includes(card))).toBe(true);
      }
    }
  });

  it.each(NOISE_SEEDS)('makes up no card from noise around, between and inside frames (seed %i)', (seed) => {
    const random = randomFrom(seed);
    for (const vector of readable) {
      const bench = benchFor(driver, vector);
      for (const chunk of chunksOf(vector)) {
        bench.feed(noise(random));
        const at = Math.floor(random() * chunk.length);
        bench.feed(chunk.subarray(0, at));
        bench.feed(noise(random));
        bench.feed(chunk.subarray(at));
        bench.feed(noise(random));
      }
      expect(subsetOf(cardsOf(vector), bench.cards), vector.name).toBe(true);
      recovers(bench, vector, simple);
    }
  });

  it('recovers from a flood without an end, keeping no more than its cap', () => {
    for (const byte of [0x00, 0x02, 0x41, 0xff]) {
      const bench = benchFor(driver, simple);
      for (let sent = 0; sent < FLOOD_BYTES; sent += 1024) bench.feed(new Uint8Array(1024).fill(byte));
      expect(bench.cards).toEqual([]);
      expect(bench.counts['bytes_discarded'] ?? 0).toBeGreaterThan(FLOOD_BYTES - 1024);
      recovers(bench, simple, simple);
    }
  });

  it('never throws and emits only canonical cards, whatever arrives', () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom(...vectors.flatMap((vector) => chunksOf(vector))),
      fc
        .string({ unit: fc.constantFrom(...FRAME_CHARACTERS), maxLength: 40 })
        .map((text) => Buffer.from(text, 'latin1')),
    );
    survivesAnything(driver, chunk, 30);
  });

  it('says the same about any byte stream however it is split', () => {
    const streams = fc.array(fc.constantFrom(...readable.filter(({ options }) => options === undefined)), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(streams, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (chosen, sizes) => {
        const bytes = Buffer.concat(chosen.flatMap((vector) => chunksOf(vector)));
        const whole = benchFor(driver, {});
        whole.feed(bytes);
        const split = benchFor(driver, {});
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          split.feed(bytes.subarray(at, at + size));
          at += size;
        }
        expect(outcome(split.events)).toEqual(outcome(whole.events));
      }),
    );
  });

  it('tells nobody about a card after it was closed, and holds no timer', () => {
    const bench = benchFor(driver, simple);
    play(bench, simple);
    const { session } = bench;
    session.close();
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

  it('shows feedback only when asked, as bytes at once, and never after the connection ended', async () => {
    const bench = benchFor(driver, simple);
    play(bench, simple);
    expect(bench.written).toEqual([]);
    expect(bench.session.feedback !== undefined).toBe(driver.hasLights);
    if (bench.session.feedback === undefined) return;
    for (const signal of ['kept', 'kept_unknown', 'refused'] as const) await bench.session.feedback(signal);
    expect(new Set(bench.written).size).toBe(3);
    bench.disconnect();
    await expect(bench.session.feedback('kept')).rejects.toThrow();
    expect(bench.written).toHaveLength(3);
  });

  it('never puts a number that was read into what it says about rejected bytes', () => {
    for (const vector of vectors) {
      const bench = benchFor(driver, vector);
      play(bench, vector);
      const messages = bench.events.flatMap((event) => (event.type === 'rejected' ? [event.message] : []));
      const text = Buffer.concat(chunksOf(vector)).toString('latin1').toUpperCase();
      for (const number of text.match(/[0-9A-F]{6,}/g) ?? []) {
        for (const message of messages) expect(message.toUpperCase()).not.toContain(number);
      }
    }
  });
});

/** One more card is read after whatever happened before; a broken frame may cost the first of a pair. */
function recovers(bench: DriverBench, vector: Vector, simple: Vector): void {
  const next = vector.options === undefined ? simple : vector;
  bench.feed('\r\n');
  bench.clock.advance(QUIET_MS);
  const count = bench.cards.length;
  play(bench, next);
  expect(bench.cards.slice(count), vector.name).toEqual(cardsOf(next));
}

function subsetOf(allowed: readonly string[], found: readonly string[]): boolean {
  return found.every((card) => allowed.includes(card));
}

/**
 * Up to 40 bytes of anything but text, line ends included: against noise that looks like digits, a line without
 * a check value has no defense, and docs/readers/line.md says so.
 */
function noise(random: () => number): Uint8Array {
  const bytes = Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
  return Uint8Array.from(bytes.filter((byte) => byte < 0x20 || byte > 0x7e));
}

/** A linear congruential generator: the same bytes in every run. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
