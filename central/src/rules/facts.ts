import { PUNCH_KINDS } from '@rollcall/protocol/punch';
import type { TimeSource } from '@rollcall/protocol/retime';
import type { Policy } from './policy.js';

/** The four stored marks of the seed, and the two that mean "nothing is decided" and "nothing is asked". */
export const MARKS = ['present', 'absent', 'late', 'excused', 'pending', 'not_required'] as const;
export type Mark = (typeof MARKS)[number];

export const SOURCES = ['manual', 'qr', 'biometric', 'rfid', 'offline', 'import', 'system'] as const;
export type Source = (typeof SOURCES)[number];

/** What stands in for the finger of a student without usable ones: a card with its PIN, or the word of the faculty member. */
export const FINGER_ALTERNATIVES = ['card_pin', 'faculty'] as const;
export type FingerAlternative = (typeof FINGER_ALTERNATIVES)[number];

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

/** Outcomes of resolving whose credential it was that carry a student; `unverified` is a scan without a place. */
export type CaptureOutcome = 'recognized' | 'blocked' | 'unverified';

/** `qr`: a scan of the code of a class. `online`: coming to or leaving its meeting. */
export const CAPTURE_KINDS = [...PUNCH_KINDS, 'qr', 'online'] as const;
export type CaptureKind = (typeof CAPTURE_KINDS)[number];

/** Of the class session itself, wherever its rooms are. */
export const isOfClass = (kind: CaptureKind): boolean => kind === 'qr' || kind === 'online';

/** One punch or scan of the student around the class session, as stored, in any room. */
export interface Capture {
  /** Of the punch, or of the scan. */
  punchId: string;
  /** Effective time, milliseconds since 1970 UTC; null when no trusted clock could place the punch. */
  atMs: number | null;
  timeSource: TimeSource;
  kind: CaptureKind;
  /** How the device made sure, in its own word; null where it says nothing. */
  verifyMethod?: string | null;
  gatewayId: string;
  deviceId: string;
  roomId: string | null;
  /** `out` for a tap at an exit; null where nobody can tell. */
  direction: 'in' | 'out' | null;
  outcome: CaptureOutcome;
}

export const DECISION_KINDS = ['explicit', 'bulk', 'offline', 'import', 'correction', 'confirm'] as const;
export type DecisionKind = (typeof DECISION_KINDS)[number];

/** A human's word on one mark (domain D0, precedence 2, 3 and 6). */
export interface HumanDecision {
  id: string;
  /**
   * `correction`: an approved request. `explicit`: about this student, with a reason. `confirm`: completes what
   * evidence leaves open. `bulk`, `offline`, `import`: roll-calls, which evidence outranks.
   */
  kind: DecisionKind;
  mark: 'present' | 'absent' | 'late' | 'excused';
  atMs: number;
  /** Grows with every decision: of two that bear the same millisecond, the later one. */
  ordinal: number;
  source?: Source;
}

/** A room of the class, for as long as it was one (domain case 57); both ends may be infinite. */
export interface ClassRoom {
  roomId: string;
  fromMs: number;
  untilMs: number;
}

/** `gate`: enough for half a day, never a class mark. `presence`: a library or a hostel, for neither (domain cases 55, 56). */
export const ROOM_PURPOSES = ['class', 'gate', 'presence'] as const;

/** What is known of a room where something was captured. */
export interface Place {
  buildingId: string;
  purpose: (typeof ROOM_PURPOSES)[number];
}

export interface SessionFacts {
  id: string;
  startMs: number;
  endMs: number;
  /** When somebody closed the class before its planned end; null otherwise. */
  closedEarlyMs: number | null;
  rooms: readonly ClassRoom[];
  /** Evidence from here to there is told in the derivation; what is outside only carries over. */
  reachFromMs: number;
  reachUntilMs: number;
  /** From the first to the last class of the block of contiguous classes that this one is in (domain case 47). */
  blockFromMs: number;
  blockEndMs: number;
  /** Campus-local midnight before the start: parity of taps never crosses it (domain case 45). */
  midnightMs: number;
  periodCount: number;
  /** Exits are captured in its rooms, so that staying can be measured. */
  tracksExits: boolean;
  /** Rooms where every second tap is the way out (domain case 43). */
  alternatingRooms: readonly string[];
  /** A finger could have been captured. */
  hasFingerReader: boolean;
  /**
   * `finalized` says that the watermark passed the end of the class: every device that could have seen the
   * student has reported. The status and not the watermark itself is asked, so that a device added to the
   * room afterwards takes no absence back.
   */
  status: SessionStatus;
  policy: Policy;
}

/** A class of another group that the student was let into; it counts for the one that is judged (case 60). */
export interface GuestVisit {
  session: SessionFacts;
  captures: readonly Capture[];
}

/** Everything a mark depends on. No clock and no database: the same facts give the same mark for ever. */
export interface Facts {
  session: SessionFacts;
  /** On the roster of one of its groups on the date of the class session. */
  isOnRoster: boolean;
  captures: readonly Capture[];
  decisions: readonly HumanDecision[];
  /** Approved leave that covers the class. */
  leaveId?: string | null;
  status?: 'suspended_disciplinary' | 'withdrawn_medical' | null;
  /** Of a student who is exempt from fingers on the date of the class (domain case 118). */
  fingerAlternative?: FingerAlternative | null;
  /** A holiday of the student's own year, department or section, while others have class (domain case 8). */
  isOnHoliday?: boolean;
  /** Other classes of the student at the same time (domain case 53). */
  clashes?: readonly SessionFacts[];
  /** Scans and meetings of those classes, by class session: they say nothing about any other. */
  clashScans?: ReadonlyMap<string, readonly Capture[]>;
  visits?: readonly GuestVisit[];
  /** The student came here as a guest, and the class that this counted for is locked with it (cases 18, 60). */
  isCountedElsewhere?: boolean;
  /** By room id; a room that is not here is taken for a class room of no known building. */
  places?: ReadonlyMap<string, Place>;
  /** Minutes between two buildings that have a time of their own, by `walkKey`. */
  walks?: ReadonlyMap<string, number>;
}

export const walkKey = (a: string, b: string): string => (a < b ? `${a}|${b}` : `${b}|${a}`);
