import type { Clock } from '@rollcall/protocol/clock';
import { type Permission, reachesOf } from '../auth/permissions.js';
import type { Principal } from '../auth/principal.js';
import { visibleSessions } from '../auth/scope.js';
import type { Knex } from '../db/database.js';
import type { LiveEvent } from './live-feed.js';

/** Which classes somebody may see changes with substitutions and rosters, not from second to second. */
const REFRESH_MS = 60_000;
/** Classes that change now lie around now; older ones are read anew when somebody looks at them. */
const WINDOW_SQL =
  "s.start_at BETWEEN ?::timestamptz - interval '2 days' AND ?::timestamptz + interval '2 days'";

/** What one person sees of everything that happens. */
export interface Audience {
  sees(event: LiveEvent): boolean;
  /** Reads again which classes are theirs, if that is due. */
  refresh(): Promise<void>;
}

export interface AudienceOptions {
  knex: Knex;
  clock: Pick<Clock, 'wallMs' | 'monoMs'>;
  principal: Principal;
}

const PERSONAL_REACHES = ['self', 'child'] as const;

type Seen = 'all' | ReadonlySet<string>;

export async function createAudience({ knex, clock, principal }: AudienceOptions): Promise<Audience> {
  const seesGateways = reachesOf(principal, 'devices.read').length > 0;
  // Whoever takes fingers; a student sees the own enrollment where it happens.
  const seesEnrollments = reachesOf(principal, 'enrollment.operate').some(({ reach }) => reach === 'all');
  const own = await ownRollNumbers(knex, principal);
  // A guardian sees the marks of a child, and not when and where it tapped, also where it studies here itself.
  const [ownRecords, ownPunches] = [ofReach('records.read'), ofReach('evidence.read')];
  let sessions: Seen = new Set();
  let records: Seen = new Set();
  let punches: Seen = new Set();
  let readMonoMs = Number.NEGATIVE_INFINITY;

  function ofReach(permission: Permission): ReadonlySet<string> {
    const reaches = reachesOf(principal, permission).map(({ reach }) => reach);
    return new Set(PERSONAL_REACHES.flatMap((reach) => (reaches.includes(reach) ? own[reach] : [])));
  }

  async function read(permission: Permission): Promise<Seen> {
    const reaches = reachesOf(principal, permission);
    if (reaches.some(({ reach }) => reach === 'all')) return 'all';
    // A student sees the own part of a class, whoever else is in it.
    const wide = reaches.filter(({ reach }) => reach !== 'self' && reach !== 'child');
    if (permission !== 'sessions.read' && wide.length === 0) return new Set();
    const scope = visibleSessions(
      permission === 'sessions.read' ? principal : { ...principal, studentId: null, guardianId: null },
      permission,
    );
    const now = new Date(clock.wallMs());
    const { rows } = await knex.raw<{ rows: { id: string }[] }>(
      `SELECT s.id FROM attendance_session s WHERE ${WINDOW_SQL} AND (${scope.sql})`,
      [now, now, ...scope.bindings],
    );
    return new Set(rows.map(({ id }) => id));
  }

  async function refresh(): Promise<void> {
    if (clock.monoMs() - readMonoMs < REFRESH_MS) return;
    readMonoMs = clock.monoMs();
    [sessions, records, punches] = await Promise.all([
      read('sessions.read'),
      read('records.read'),
      read('evidence.read'),
    ]);
  }

  const has = (seen: Seen, id: string | null | undefined): boolean =>
    seen === 'all' || (id != null && seen.has(id));
  const isOf = (seen: ReadonlySet<string>, student: { roll_number: string } | null | undefined): boolean =>
    student != null && seen.has(student.roll_number);

  await refresh();
  return {
    refresh,
    sees({ name, data }) {
      switch (name) {
        case 'resync':
          return true;
        case 'gateway':
          return seesGateways;
        case 'enrollment':
          return seesEnrollments;
        case 'session':
          return has(sessions, (data as { id: string }).id);
        case 'record': {
          const record = data as { session_id: string; student: { roll_number: string } };
          return has(records, record.session_id) || isOf(ownRecords, record.student);
        }
        case 'punch': {
          const punch = data as {
            class_session_id?: string | null;
            student?: { roll_number: string } | null;
          };
          return has(punches, punch.class_session_id) || isOf(ownPunches, punch.student);
        }
      }
    },
  };
}

/** Roll numbers by what somebody is to them: the student itself, or a guardian of it. */
async function ownRollNumbers(
  knex: Knex,
  { studentId, guardianId }: Principal,
): Promise<Readonly<Record<(typeof PERSONAL_REACHES)[number], readonly string[]>>> {
  if (studentId === null && guardianId === null) return { self: [], child: [] };
  const { rows } = await knex.raw<{ rows: { roll_number: string; is_child: boolean }[] }>(
    `SELECT roll_number, false AS is_child FROM student WHERE id = ?::uuid
     UNION ALL SELECT st.roll_number, true FROM guardianship w JOIN student st ON st.id = w.student_id
       WHERE w.guardian_id = ?::uuid`,
    [studentId, guardianId],
  );
  const whose = (isChild: boolean): string[] =>
    rows.filter(({ is_child }) => is_child === isChild).map(({ roll_number }) => roll_number);
  return { self: whose(false), child: whose(true) };
}
