/**
 * What central's HTTP read side and its stream send, by hand: the page must not carry zod to the browser.
 * Instants are ISO 8601 in UTC.
 */
export const MARKS = ['present', 'late', 'pending', 'absent', 'excused', 'not_required'] as const;
export type Mark = (typeof MARKS)[number];

export type Outcome = 'recognized' | 'unknown' | 'ambiguous' | 'blocked' | 'time_unknown';

export type SessionStatus =
  | 'scheduled'
  | 'open'
  | 'closed'
  | 'finalized'
  | 'locked'
  | 'cancelled'
  | 'not_held';

export interface Page<T> {
  results: T[];
  next: string | null;
}

export interface Named {
  id: string;
  name: string;
}

export interface Campus extends Named {
  zone: string;
}

export interface StudentRef {
  roll_number: string;
  name: string;
}

export interface Punch {
  id: string;
  punch_id: string;
  occurred_at: string;
  effective_at: string | null;
  gateway_id: string;
  device_id: string;
  device_name: string;
  room_id: string | null;
  room_name: string | null;
  building_name: string | null;
  kind: string;
  outcome: Outcome;
  student?: StudentRef | null | undefined;
  class_session_id?: string | null | undefined;
  mark?: Mark | null | undefined;
}

export interface Counts {
  present: number;
  late: number;
  absent: number;
  excused: number;
  pending: number;
}

export interface ClassSession {
  id: string;
  course: { code: string; title: string };
  section: Named;
  faculty: { code: string; name: string };
  room: Named;
  building: Named;
  scheduled_date: string;
  start_at: string;
  end_at: string;
  status: SessionStatus;
  counts: Counts;
  /** Gateways that have not yet reported past the end; until they do, nobody is absent. */
  waiting_for: string[];
  version: number;
}

export interface RecordItem {
  id: string;
  session_id: string;
  student: StudentRef;
  mark: Mark;
  marked_at: string | null;
  source: string;
  reason: string;
}

export interface MarkLimits {
  accepted_from: string;
  present_until: string;
  late_until: string;
  closes_at: string;
}

export interface EvidenceItem {
  punch_id: string;
  kind: string;
  device_name: string;
  room_name: string | null;
  effective_at: string | null;
  used: boolean;
  /** Why it did not count, as a code and in English. */
  why: string | null;
  why_text: string | null;
  /** Where the class was, if the capture did not count because of the room. */
  class_rooms: string[];
}

export interface Explanation {
  id: string;
  mark: Mark;
  reason: string;
  policy_version: string;
  limits: MarkLimits;
  evidence: EvidenceItem[];
  /** Captures that did not count and are not listed. */
  evidence_more: number;
  waiting_for: string[];
  text: string;
  /** Further reasons that would have been enough. */
  also: { reason: string; text: string }[];
  /** What is to be known about the evidence, beside what decided. */
  flags: { flag: string; text: string }[];
}

export type DeviceState = 'absent' | 'opening' | 'probing' | 'ready' | 'degraded' | 'closing' | 'blocked';

export interface GatewayDevice extends Named {
  room_id: string | null;
  /** Null until the gateway has said something about it. */
  state: DeviceState | null;
  last_frame_at: string | null;
}

export interface Gateway extends Named {
  building: Named;
  state: 'online' | 'offline' | 'never';
  revoked_at: string | null;
  suspended_at: string | null;
  last_seen_at: string | null;
  health_at: string | null;
  level: 'ok' | 'degraded' | 'critical' | null;
  /** Codes, worst first. */
  problems: string[];
  queue_depth: number | null;
  head_seq: number | null;
  acked_seq: number | null;
  clock_state: 'synced' | 'unsynced' | 'stepped' | null;
  hours_left: number | null;
  software: string | null;
  roster_version: number;
  newest_roster_version: number;
  templates_to_remove: number;
  devices: GatewayDevice[];
}

export interface RecordEvent {
  session_id: string;
  student: StudentRef;
  mark: Mark;
  previous_mark: Mark | null;
  marked_at: string | null;
  reason: string;
}

export type LiveEvent =
  | { type: 'punch'; data: Punch }
  | { type: 'record'; data: RecordEvent }
  | { type: 'session'; data: ClassSession }
  | { type: 'gateway'; data: Gateway };

/** RFC 9457. */
export interface Problem {
  title?: string;
  detail?: string;
  status?: number;
  code?: string;
}
