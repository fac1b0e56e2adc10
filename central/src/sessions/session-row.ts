import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { SessionStatus } from '../rules/facts.js';

/** What changes of a class session look at before they are made. */
export interface HeldSession {
  id: string;
  status: SessionStatus;
  version: number;
  faculty_code: string;
  substitute_code: string | null;
  room_id: string;
  section_id: string;
  course_code: string;
  academic_period_id: string;
  scheduled_date: string;
  start_at: Date;
  end_at: Date;
  reach_from: Date;
  reach_until: Date;
  period_count: number;
  session_type: string;
  policy: { early_open_minutes: number; mark_vocabulary?: string };
  notes: string;
  /** Heads that were counted. */
  headcount: number | null;
  /** Of a class that two people have unlocked; null elsewhere. */
  auto_lock_at: Date | null;
}

const COLUMNS: readonly (keyof HeldSession)[] = [
  'id',
  'status',
  'version',
  'faculty_code',
  'substitute_code',
  'room_id',
  'section_id',
  'course_code',
  'academic_period_id',
  'scheduled_date',
  'start_at',
  'end_at',
  'reach_from',
  'reach_until',
  'period_count',
  'session_type',
  'policy',
  'notes',
  'headcount',
  'auto_lock_at',
];

/** For who holds several: everybody holds those that start earlier first, so that none waits for another in a circle (ADR 71). */
export const IN_LOCK_ORDER: { column: string }[] = [{ column: 'start_at' }, { column: 'id' }];

/**
 * Reads one class session and keeps it from changing until the transaction ends. Its key never changes, so that whoever
 * only refers to it (a mark that is judged, a scan) waits for nobody here, and nobody for them.
 *
 * @throws RollcallError `NOT_FOUND`, or `STALE` where the caller saw another version
 */
export async function holdSession(trx: Knex, id: string, expectedVersion?: number): Promise<HeldSession> {
  const { rows } = await prepared<{ rows: HeldSession[] }>(
    trx,
    `SELECT ${COLUMNS.join(', ')} FROM attendance_session WHERE id = ?::uuid FOR NO KEY UPDATE`,
    [id],
  );
  const [session] = rows;
  if (session === undefined) {
    throw new RollcallError('NOT_FOUND', `There is no class session ${id}; it may have been replaced`);
  }
  if (expectedVersion !== undefined && expectedVersion !== session.version) {
    throw new RollcallError(
      'STALE',
      `The class session has changed since you read it (version ${session.version}, not ${expectedVersion}); read it again and repeat`,
      { context: { version: session.version } },
    );
  }
  return session;
}

/** @throws RollcallError `SESSION_LOCKED` (domain case 18) */
export function refuseLocked({ id, status }: Pick<HeldSession, 'id' | 'status'>): void {
  if (status !== 'locked') return;
  throw new RollcallError(
    'SESSION_LOCKED',
    'This class session is locked: nothing about it changes any more. Two people with the right to do so can unlock it for a day',
    { context: { sessionId: id } },
  );
}
