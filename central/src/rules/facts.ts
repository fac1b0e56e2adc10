import type { PunchKind } from '@rollcall/protocol/punch';
import type { TimeSource } from '@rollcall/protocol/retime';
import type { Policy } from './policy.js';

/** The four stored marks of the seed, and the two that mean "nothing is decided" and "nothing is asked". */
export const MARKS = ['present', 'absent', 'late', 'excused', 'pending', 'not_required'] as const;
export type Mark = (typeof MARKS)[number];

export const SOURCES = ['manual', 'qr', 'biometric', 'rfid', 'offline', 'import', 'system'] as const;
export type Source = (typeof SOURCES)[number];

export const SESSION_STATUSES = [
  'scheduled',
  'open',
  'closed',
  'finalized',
  'locked',
  'cancelled',
  'not_held',
] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** Outcomes of resolving whose credential it was that carry a student. */
export type CaptureOutcome = 'recognized' | 'blocked';

/** One punch of the student within the reach of the class session, as stored, in any room. */
export interface Capture {
  punchId: string;
  /** Effective time, milliseconds since 1970 UTC; null when no trusted clock could place the punch. */
  atMs: number | null;
  timeSource: TimeSource;
  kind: PunchKind;
  gatewayId: string;
  deviceId: string;
  roomId: string | null;
  /** `out` for a tap at an exit; null where nobody can tell. */
  direction: 'in' | 'out' | null;
  outcome: CaptureOutcome;
}

/** A human's word on one mark (domain D0, precedence 3 and 6). */
export interface HumanDecision {
  id: string;
  /** `explicit`: about this student, with a reason. `bulk`: "mark the rest", which evidence outranks. */
  kind: 'explicit' | 'bulk';
  mark: 'present' | 'absent' | 'late' | 'excused';
  atMs: number;
}

export interface SessionFacts {
  startMs: number;
  endMs: number;
  /** When somebody closed the class before its planned end; null otherwise. */
  closedEarlyMs: number | null;
  roomId: string;
  /**
   * `finalized` says that the watermark passed the end of the class: every device that could have seen the
   * student has reported. The status and not the watermark itself is asked, so that a device added to the
   * room afterwards takes no absence back.
   */
  status: SessionStatus;
  policy: Policy;
}

/** Everything a mark depends on. No clock and no database: the same facts give the same mark for ever. */
export interface Facts {
  session: SessionFacts;
  /** On the roster of the section on the date of the class session. */
  isOnRoster: boolean;
  captures: readonly Capture[];
  decisions: readonly HumanDecision[];
}
