import type { RowStamp } from '../store/outbox-row.js';

/** Central takes ten years of one boot; a timeline begins a little before its first entry. */
const SPAN_MS = 9 * 366 * 86_400_000;
const LEAD_MS = 366 * 86_400_000;

/**
 * A terminal's own time, written as central knows unplaced time: a boot id of its own, and the terminal's clock as
 * monotonic time. What is placed on it keeps its distances, and one anchor, or one answer of a person, places all of
 * it.
 */
export interface TerminalTimeline {
  id: string;
  /** Terminal time at which its monotonic time is 0. */
  baseMs: number;
}

export function parseTimeline(text: string | undefined): TerminalTimeline | undefined {
  const [id = '', base = ''] = (text ?? '').split(' ');
  return id === '' ? undefined : { id, baseMs: Number(base) };
}

export const formatTimeline = ({ id, baseMs }: TerminalTimeline): string => `${id} ${baseMs}`;

/** The timeline if this time fits on it, otherwise a new one. */
export function timelineFor(
  deviceTimeMs: number,
  present: TerminalTimeline | undefined,
  newId: () => string,
): TerminalTimeline {
  const at = deviceTimeMs - (present?.baseMs ?? Number.POSITIVE_INFINITY);
  if (present !== undefined && at >= 0 && at <= SPAN_MS) return present;
  return { id: newId(), baseMs: deviceTimeMs - LEAD_MS };
}

/** An entry on the timeline, at the time that the terminal says. */
export function stampOn({ id, baseMs }: TerminalTimeline, deviceTimeMs: number): RowStamp {
  return {
    boot_id: id,
    mono_ms: Math.max(0, Math.round(deviceTimeMs - baseMs)),
    occurred_at: new Date(Math.max(0, deviceTimeMs)).toISOString(),
    clock_state: 'unsynced',
  };
}
