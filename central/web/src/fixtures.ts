import type { ClassSession, Counts, Gateway, Punch } from './api/types.js';

/** Sunday 22 November 2026 in campus time (+05:30); `time` is HH:MM:SS on that day. */
export function instant(time: string): string {
  return new Date(`2026-11-22T${time}+05:30`).toISOString();
}

export function punch(id: string, time: string, patch: Partial<Punch> = {}): Punch {
  return {
    id,
    punch_id: `punch-${id}`,
    occurred_at: instant(time),
    effective_at: instant(time),
    gateway_id: 'gw-block-a',
    device_id: 'rdm-r101',
    device_name: 'R101 card reader',
    room_id: 'r101',
    room_name: 'R101',
    building_name: 'Block A',
    kind: 'card',
    outcome: 'recognized',
    student: { roll_number: '24B81A0501', name: 'Lakshmi Prasanna' },
    ...patch,
  };
}

export function counts(patch: Partial<Counts> = {}): Counts {
  return { present: 0, late: 0, absent: 0, excused: 0, pending: 0, ...patch };
}

export function classSession(id: string, patch: Partial<ClassSession> = {}): ClassSession {
  return {
    id,
    course: { code: 'CS301', title: 'Database Systems' },
    section: { id: 'cse-a', name: 'CSE-A' },
    faculty: { code: 'F001', name: 'Dr Ravi Teja' },
    room: { id: 'r101', name: 'R101' },
    building: { id: 'block-a', name: 'Block A' },
    scheduled_date: '2026-11-22',
    start_at: instant('10:00:00'),
    end_at: instant('10:50:00'),
    status: 'open',
    counts: counts({ pending: 60 }),
    waiting_for: [],
    version: 1,
    ...patch,
  };
}

export function gateway(id: string, patch: Partial<Gateway> = {}): Gateway {
  return {
    id,
    name: 'Block A',
    building: { id: 'block-a', name: 'Block A' },
    state: 'online',
    revoked_at: null,
    suspended_at: null,
    last_seen_at: instant('10:00:00'),
    health_at: instant('10:00:00'),
    level: 'ok',
    problems: [],
    queue_depth: 0,
    head_seq: 10,
    acked_seq: 10,
    clock_state: 'synced',
    hours_left: null,
    software: '0.1.0',
    roster_version: 3,
    newest_roster_version: 3,
    templates_to_remove: 0,
    devices: [],
    ...patch,
  };
}
