import { readFileSync } from 'node:fs';
import type { DriverDefinition, DriverEvent } from '@rollcall/gateway/drivers/driver';
import { DriverBench } from '@rollcall/gateway/drivers/driver.fixture';
import {
  chunksOf,
  collapseRejections,
  parseVectorFile,
  type Vector,
  type VectorExpectation,
} from '@rollcall/protocol/vectors';

/** The ground truth of one driver. */
export function readVectors(driverId: string): readonly Vector[] {
  const file = new URL(`../../../protocol/vectors/${driverId}.json`, import.meta.url);
  return parseVectorFile(JSON.parse(readFileSync(file, 'utf8'))).vectors;
}

/** A session that is past its start-up, on which a vector can be played. */
export function benchFor(driver: DriverDefinition<unknown>, vector: Pick<Vector, 'options'>): DriverBench {
  return new DriverBench(driver, vector.options ?? {}).settle();
}

/** Plays a vector's reads with its pauses; `cut` splits each read further. */
export function play(
  bench: DriverBench,
  vector: Vector,
  cut: (chunk: Uint8Array) => readonly Uint8Array[] = (chunk) => [chunk],
): void {
  for (const [index, chunk] of chunksOf(vector).entries()) {
    if (index > 0) bench.clock.advance(vector.gap_ms ?? 0);
    for (const piece of cut(chunk)) bench.feed(piece);
  }
}

/** What a driver said, in the terms of a vector. */
export function outcome(events: readonly DriverEvent[]): VectorExpectation[] {
  const said = events.flatMap((event): VectorExpectation[] => {
    if (event.type === 'rejected') return [{ type: 'rejected', reason: event.reason }];
    if (event.type !== 'card') return [];
    const { full, u32, w26 } = event.read.values;
    const canonical = full ?? u32 ?? w26 ?? '';
    return [{ type: 'card', canonical, ...(event.unverified === undefined ? {} : { unverified: true }) }];
  });
  return collapseRejections(said);
}

/** The cards that the vector's bytes really show. */
export function cardsOf(vector: Vector): string[] {
  return vector.expect.flatMap((expected) => (expected.type === 'card' ? [expected.canonical] : []));
}
