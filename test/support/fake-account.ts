import { PERMISSIONS } from '@rollcall/central/auth/permissions';
import type { RoleId } from '@rollcall/central/auth/roles';
import { FAKE_NOW } from './fake-central-data.js';

export interface FakeAccount {
  id: string;
  login: string;
  display_name: string;
  student: { id: string; roll_number: string } | null;
  faculty_code: string | null;
  roles: { role: RoleId; department_id: null; section_id: null }[];
  permissions: string[];
  must_change_password: boolean;
}

const NAMES: Partial<Record<RoleId, string>> = {
  admin: 'Sunitha Devi',
  faculty: 'Dr Ramesh Rao',
  student: 'Lakshmi Prasanna',
  lab_technician: 'Kiran Kumar',
};

/** With exactly the permissions that central's own table gives the role. */
export function fakeAccount(role: RoleId): FakeAccount {
  const permissions = Object.entries(PERMISSIONS)
    .filter(([, row]) => Object.hasOwn(row, role))
    .map(([permission]) => permission);
  return {
    id: '00000000-0000-4000-8000-0000000000aa',
    login: role,
    display_name: NAMES[role] ?? role,
    student:
      role === 'student' ? { id: '00000000-0000-4000-8000-0000000000bb', roll_number: '24B81A0501' } : null,
    faculty_code: role === 'faculty' ? 'F001' : null,
    roles: [{ role, department_id: null, section_id: null }],
    permissions,
    must_change_password: false,
  };
}

const STEP_MS = 8_000;

export function fakeCode(sessionId: string): object {
  const nowMs = Date.parse(FAKE_NOW);
  return {
    session_id: sessionId,
    qr_token: 'k3v9-176385-Zm9vYmFyYmF6cXV4MDEyMw',
    fallback_code: 'H7KQ2M',
    server_time: new Date(nowMs).toISOString(),
    step_ends_at: new Date(nowMs + STEP_MS).toISOString(),
    expires_at: new Date(nowMs + 3_600_000).toISOString(),
    present_count: 41,
    unverified_count: 2,
  };
}

export const FAKE_SCAN = {
  session: {
    id: '00000000-0000-4000-8000-000000000000',
    course: { code: 'CS301', title: 'Database Systems' },
    room: { id: 'r101', name: 'R101' },
  },
  mark: 'present',
  marked_at: new Date(Date.parse(FAKE_NOW)).toISOString(),
  already_recorded: false,
  recorded_at: new Date(Date.parse(FAKE_NOW)).toISOString(),
  is_verified: true,
};

/** The answer while many scan at once. */
export const FAKE_PENDING_SCAN = { ...FAKE_SCAN, mark: 'pending', marked_at: null };

/** What the stream and a read of the own record say once the scan is judged. */
export const FAKE_SCAN_RECORD = {
  id: 'record-0',
  session_id: FAKE_SCAN.session.id,
  student: { roll_number: '24B81A0501', name: 'Lakshmi Prasanna' },
  mark: FAKE_SCAN.mark,
  previous_mark: 'pending',
  marked_at: FAKE_SCAN.marked_at,
  reason: 'ON_TIME',
};
