import type { Health } from '@rollcall/protocol/health';
import type { Knex } from '../db/database.js';

/** Heartbeats that have to agree before a clock is said to be wrong. */
const BEATS = 3;
/** Health also comes on change; nearer ones count as one, so that three of them take two minutes. */
const BEAT_APART_MS = 30_000;
/** Below this it is the way of the message, not the clock (domain case 87: +1.2 s is nothing). */
export const OFFSET_MIN_MS = 5_000;
/** How far agreeing beats may lie apart: the network delays one more than the other. */
const SPREAD_MAX_MS = 2_000;

/** How far ahead of central's clock a gateway was when it said so; newest first in `gateway.clock_readings`. */
export interface ClockReading {
  boot_id: string;
  as_of: string;
  ahead_ms: number;
}

/**
 * Adds the reading of one heartbeat. Its way takes time, so a clock is at least as far ahead as it seems: of beats
 * that count as one the greatest is nearest to the truth.
 */
export function addReading(
  known: readonly ClockReading[],
  health: Pick<Health, 'as_of' | 'boot_id'>,
  nowMs: number,
): ClockReading[] {
  const reading: ClockReading = {
    boot_id: health.boot_id,
    as_of: health.as_of,
    ahead_ms: Date.parse(health.as_of) - nowMs,
  };
  const sameBoot = known.filter(({ boot_id: bootId }) => bootId === health.boot_id);
  const [last, ...earlier] = sameBoot;
  if (last === undefined || centralMs(reading) - centralMs(last) >= BEAT_APART_MS) {
    return [reading, ...sameBoot].slice(0, BEATS);
  }
  const isSameClock = Math.abs(reading.ahead_ms - last.ahead_ms) <= SPREAD_MAX_MS;
  if (!isSameClock) return [reading];
  return [{ ...last, ahead_ms: Math.max(last.ahead_ms, reading.ahead_ms) }, ...earlier];
}

/** When central heard it. */
const centralMs = ({ as_of: asOf, ahead_ms: aheadMs }: ClockReading): number => Date.parse(asOf) - aheadMs;

/** Undefined while the readings are too few or do not agree; 0 for a clock that is right. */
export function stableOffset(readings: readonly ClockReading[]): number | undefined {
  if (readings.length < BEATS) return undefined;
  const values = readings.map(({ ahead_ms: aheadMs }) => aheadMs);
  const greatest = Math.max(...values);
  if (greatest - Math.min(...values) > SPREAD_MAX_MS) return undefined;
  return Math.abs(greatest) < OFFSET_MIN_MS ? 0 : greatest;
}

/**
 * Since when the clock of this boot has run as it runs now, by the monotonic counter: the first of its anchors
 * from which wall and monotonic time have kept their distance until the last one. Undefined without any.
 */
export async function runningSince(
  trx: Knex,
  { gatewayId, bootId }: { gatewayId: string; bootId: string },
): Promise<number | undefined> {
  const { rows } = await trx.raw<{ rows: { mono_ms: number; line_ms: number }[] }>(
    `SELECT mono_ms, floor(extract(epoch FROM wall_at) * 1000)::float8 - mono_ms AS line_ms
     FROM clock_anchor WHERE gateway_id = ? AND boot_id = ?::uuid ORDER BY mono_ms DESC, seq DESC LIMIT ${ANCHORS_MAX}`,
    [gatewayId, bootId],
  );
  const [last] = rows;
  if (last === undefined) return undefined;
  const changed = rows.findIndex(({ line_ms: lineMs }) => Math.abs(lineMs - last.line_ms) > SPREAD_MAX_MS);
  return (changed === -1 ? rows.at(-1) : rows[changed - 1])?.mono_ms;
}

/** Hourly ones of a boot that lasts for months. */
const ANCHORS_MAX = 5_000;
