import { CLOCK_FLOOR_MS } from '@rollcall/protocol/retime';
import type { TerminalClock } from '../drivers/terminal-log.js';
import type { RowStamp } from '../store/outbox-row.js';

/** A terminal's clock is read in whole seconds, over a network: this much ahead of now is not the future. */
const FUTURE_TOLERANCE_MS = 120_000;

/**
 * Where an entry of a terminal's log is placed in time.
 *
 * - `row`: both clocks of the gateway, as for a tap.
 * - `waiting`: on the terminal's own timeline; how that lies in time is said later, by an anchor.
 * - `lost`: nothing will ever say so, since the terminal's clock was set in between: a person places it (domain
 *   case 88).
 */
export type Placement = { at: 'row'; stamp: RowStamp } | { at: 'waiting' | 'lost'; reason: string };

export interface PlaceOptions {
  /** Undefined while nothing is known of the terminal's clock. */
  clock: TerminalClock | undefined;
  /** Both clocks of the gateway now. */
  now: RowStamp;
}

/**
 * The terminal's clock is only ever compared with ours, never believed: an entry is as old as that clock says the
 * time between then and now is (edge §4.2).
 */
export function placeLog(deviceTimeMs: number, { clock, now }: PlaceOptions): Placement {
  if (clock === undefined) return { at: 'waiting', reason: 'nothing is known of its clock yet' };
  const nowMs = Date.parse(now.occurred_at);
  const isSynced = now.clock_state === 'synced';
  if (!('monoMs' in clock) && !isSynced) {
    return { at: 'waiting', reason: 'neither clock can be believed yet' };
  }
  const terminalNowMs =
    'monoMs' in clock ? clock.terminalMs + (now.mono_ms - clock.monoMs) : nowMs + clock.offsetMs;
  const ageMs = terminalNowMs - deviceTimeMs;
  if (ageMs < -FUTURE_TOLERANCE_MS) return { at: 'lost', reason: 'its clock was set back since' };
  const back = Math.max(0, Math.round(ageMs));
  const monoMs = now.mono_ms - back;
  const wallMs = nowMs - back;
  if (isSynced ? wallMs < CLOCK_FLOOR_MS : monoMs < 0) {
    return isSynced
      ? { at: 'lost', reason: 'its clock was set since' }
      : { at: 'waiting', reason: 'it is older than this start of the gateway' };
  }
  return {
    at: 'row',
    stamp: {
      ...now,
      // Older than this boot, which a believed wall time does not mind.
      mono_ms: Math.max(0, monoMs),
      occurred_at: new Date(wallMs).toISOString(),
    },
  };
}
