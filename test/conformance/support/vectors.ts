import { readFileSync } from 'node:fs';
import type { DriverDefinition } from '@rollcall/gateway/drivers/driver';
import { type BenchEvent, DriverBench } from '@rollcall/gateway/drivers/driver.fixture';
import { drivers } from '@rollcall/gateway/drivers/registry';
import { parseCanonical } from '@rollcall/protocol/credential';
import {
  bytesOf,
  chunksOf,
  collapseRejections,
  type DialogStep,
  parseVectorFile,
  type Vector,
  type VectorExpectation,
} from '@rollcall/protocol/vectors';
import fc from 'fast-check';

/** The ground truth of one driver. */
export function readVectors(driverId: string): readonly Vector[] {
  const file = new URL(`../../../protocol/vectors/${driverId}.json`, import.meta.url);
  return parseVectorFile(JSON.parse(readFileSync(file, 'utf8'))).vectors;
}

/** One vector for each way in which a driver is connected among its vectors: other options or datagrams can be another wire. */
export function connectionsOf(vectors: readonly Vector[]): Vector[] {
  const byName = new Map<string, Vector>();
  for (const vector of vectors) {
    const name = connectionName(vector);
    if (!byName.has(name)) byName.set(name, vector);
  }
  return [...byName.values()];
}

/** How a connection is told from the others of its driver, in the title of a test. */
export function connectionName({ options = {}, datagrams }: Vector): string {
  return `${JSON.stringify(options)}${datagrams === true ? ' by datagrams' : ''}`;
}

/** Runs of a property for each of a driver's connections: together about as many as there would be for one, and never a handful. */
export function runsEach(vectors: readonly Vector[], runs: number): number {
  return Math.max(RUNS_MIN, Math.ceil(runs / connectionsOf(vectors).length));
}

/** Clock time that a driver may take until it asks the next question of a dialog. */
const DIALOG_PATIENCE_MS = 10_000;
const DIALOG_STEP_MS = 5;
const RUNS_MIN = 20;
/** As many as the checker makes unless told otherwise. */
const RUNS = 100;

type Cut = (chunk: Uint8Array) => readonly Uint8Array[];
const whole: Cut = (chunk) => [chunk];

/** The drivers of devices that only talk, in bytes or in reports, or of those that are asked: their vectors say which. */
export function driversThat(which: 'only talk' | 'only report' | 'converse'): DriverDefinition<unknown>[] {
  return drivers.filter(({ id, link }) => {
    const converses = readVectors(id).some(({ dialog }) => dialog !== undefined);
    if (converses) return which === 'converse';
    return which === (link.kind === 'hid' ? 'only report' : 'only talk');
  });
}

/**
 * A session on which a vector can be played: past its start-up, or at the very beginning where the vector is a
 * dialog, which has the questions of the start in it.
 */
export function benchFor(
  driver: DriverDefinition<unknown>,
  vector: Pick<Vector, 'options' | 'dialog' | 'random_hex' | 'secret' | 'datagrams'>,
): DriverBench {
  const bench = new DriverBench(driver, vector.options ?? {}, bytesOf(vector.random_hex ?? ''), vector);
  return vector.dialog === undefined ? bench.settle() : bench;
}

/** Plays a vector's reads with its pauses; `cut` splits each read further. */
export function play(bench: DriverBench, vector: Vector, cut: Cut = whole): void {
  for (const [index, chunk] of chunksOf(vector).entries()) {
    if (index > 0) bench.clock.advance(vector.gap_ms ?? 0);
    for (const piece of cut(chunk)) bench.feed(piece);
  }
}

/** Plays a vector that is a dialog, from the question whether the device is there. */
export async function playDialog(bench: DriverBench, vector: Vector, cut: Cut = whole): Promise<void> {
  bench.probe();
  await converse(bench, vector.dialog ?? [], cut);
}

/**
 * Both sides of a dialog, until its end or until the device has sent `throughBytes` bytes.
 *
 * @throws when the driver writes anything else, or nothing, where the dialog has a question.
 */
export async function converse(
  bench: DriverBench,
  steps: readonly DialogStep[],
  cut: Cut = whole,
  throughBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  let heard = bench.written.length;
  let left = throughBytes;
  for (const step of steps) {
    if ('wait_ms' in step) {
      await bench.pass(step.wait_ms);
    } else if ('host' in step) {
      for (let waitedMs = 0; bench.written.length <= heard; waitedMs += DIALOG_STEP_MS) {
        if (waitedMs > DIALOG_PATIENCE_MS) throw new Error(`the driver never wrote ${step.host}`);
        await bench.pass(waitedMs === 0 ? 0 : DIALOG_STEP_MS);
      }
      const written = hexOf(bench.written[heard] ?? '');
      if (written !== step.host) throw new Error(`the driver wrote ${written}, not ${step.host}`);
      heard += 1;
    } else {
      const whole = bytesOf(step.device);
      const bytes = whole.subarray(0, left);
      left -= bytes.length;
      // A report or a datagram comes whole or not at all.
      if (bench.takesWhole && bytes.length < whole.length) return;
      for (const piece of bench.takesWhole ? [bytes] : cut(bytes)) {
        bench.feed(piece);
        await bench.pass(0);
      }
      if (left <= 0) return;
    }
  }
}

function hexOf(written: string): string {
  return [...Buffer.from(written, 'latin1')]
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join(' ');
}

/** What a driver said, in the terms of a vector. */
export function outcome(events: readonly BenchEvent[]): VectorExpectation[] {
  const said = events.flatMap((event): VectorExpectation[] => {
    if (event.type === 'rejected') return [{ type: 'rejected', reason: event.reason }];
    if (event.type === 'terminal_finger') {
      const { user, fingerPosition: finger_position, format, record } = event.finger;
      // One whose template is not taken: the reason is said beside it.
      if (record === undefined || format === undefined) return [];
      return [{ type: 'terminal_finger', user, finger_position, format, bytes: record.length }];
    }
    if (event.type === 'log') {
      const { user, deviceTimeMs, kind } = event.log;
      return [{ type: 'log', user, device_time: new Date(deviceTimeMs).toISOString(), kind }];
    }
    if (event.type === 'finger') {
      const { slot, score } = event;
      return [{ type: 'finger', slot, ...(score === undefined ? {} : { score }) }];
    }
    if (event.type === 'finger_image') {
      const { width, height } = event.image;
      return [{ type: 'finger_image', width, height }];
    }
    if (event.type === 'finger_template') {
      return [{ type: 'finger_template', bytes: event.template.length }];
    }
    if (event.type === 'finger_unknown') return [{ type: 'finger_unknown' }];
    if (event.type === 'finger_refused') return [{ type: 'finger_refused', reason: event.reason }];
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

/**
 * Whatever arrives, whenever, and however the driver is connected: nothing is thrown, only canonical cards are emitted, and no
 * timer is left.
 */
export function survivesAnything(
  driver: DriverDefinition<unknown>,
  input: fc.Arbitrary<Uint8Array>,
  inputsMax: number,
): void {
  const vectors = readVectors(driver.id);
  const steps = fc.array(fc.tuple(input, fc.nat({ max: 700 })), { maxLength: inputsMax });
  for (const connection of connectionsOf(vectors)) {
    fc.assert(
      fc.property(steps, (taken) => {
        const bench = benchFor(driver, connection);
        for (const [bytes, waitMs] of taken) {
          bench.feed(bytes);
          bench.clock.advance(waitMs);
        }
        for (const card of bench.cards) parseCanonical(card);
        bench.disconnect();
        return bench.clock.pendingTimers === 0;
      }),
      { numRuns: runsEach(vectors, RUNS) },
    );
  }
}
