import type { ClockState } from './punch.js';

/**
 * Where a punch's effective time comes from; part of every derivation. `clock_offset`: the gateway's clock
 * believed itself right and was not; central corrected it by what it had measured (domain case 87). `said`: no clock
 * knows it, and a person placed the whole boot in time (case 88).
 */
export type TimeSource = 'gateway_clock' | 'clock_offset' | 'clock_anchor' | 'said' | 'unknown';

/** A clock that says an earlier time than this is not set, whatever it says about itself (domain case 88). */
export const CLOCK_FLOOR_MS = Date.UTC(2020, 0, 1);

export interface TimedRow {
  bootId: string;
  monoMs: number;
  /** The gateway's own estimate, milliseconds since 1970 UTC. */
  occurredAtMs: number;
  clockState: ClockState;
}

export interface Anchor {
  bootId: string;
  monoMs: number;
  wallMs: number;
  seq: number;
}

export interface EffectiveTime {
  /** Undefined when no trusted reading of the row's boot is known yet. */
  effectiveAtMs: number | undefined;
  source: TimeSource;
}

/**
 * Effective time of a row (edge §4.2, domain case 88): a synced clock is believed, except in a year before any of this; otherwise the row is
 * placed by the nearest trusted anchor of the same boot, the earlier one on a tie. A pure function of the row
 * and the set of anchors, so any order of arrival gives the same time.
 *
 * @param anchors trusted anchors only (`clock_state` = `synced`, not before the floor); other boots are ignored.
 */
export function effectiveTime(row: TimedRow, anchors: Iterable<Anchor>): EffectiveTime {
  const isBelieved = row.clockState === 'synced' && row.occurredAtMs >= CLOCK_FLOOR_MS;
  if (isBelieved) return { effectiveAtMs: row.occurredAtMs, source: 'gateway_clock' };
  let best: Anchor | undefined;
  for (const anchor of anchors) {
    if (anchor.bootId !== row.bootId) continue;
    if (best === undefined || isNearer(anchor, best, row.monoMs)) best = anchor;
  }
  if (best === undefined) return { effectiveAtMs: undefined, source: 'unknown' };
  return { effectiveAtMs: best.wallMs + (row.monoMs - best.monoMs), source: 'clock_anchor' };
}

/** A total order, so that the order of arrival decides nothing: a replaced store counts `seq` from 1 again. */
function isNearer(candidate: Anchor, best: Anchor, monoMs: number): boolean {
  const differences = [
    Math.abs(candidate.monoMs - monoMs) - Math.abs(best.monoMs - monoMs),
    candidate.seq - best.seq,
    candidate.monoMs - best.monoMs,
    candidate.wallMs - best.wallMs,
  ];
  return (differences.find((difference) => difference !== 0) ?? 0) < 0;
}
