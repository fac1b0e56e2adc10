import { writeAudit } from '../audit/write-audit.js';
import { settingsOfClasses } from '../calendar/class-scope.js';
import type { Knex } from '../db/database.js';
import { readMark, type Vocabulary, type WrittenMark } from '../rules/vocabulary.js';
import { type HeldSession, IN_LOCK_ORDER } from '../sessions/session-row.js';
import { type DecidedMark, type DecisionRow, decideMarks, decideMarksOfClasses } from './decide-marks.js';
import { rosterOf } from './roster-of.js';
import { vocabularyOf } from './written-mark.js';

const MINUTE_MS = 60_000;
/** A phone's clock may be a little ahead; more is another time than it says. */
const FUTURE_MAX_MS = 2 * MINUTE_MS;

export interface OfflineRow {
  clientUuid: string;
  sessionId: string;
  /** Roll number or id. */
  student: string;
  /** A word, or a letter of the register: its class says what it means (domain case 42). */
  written: string;
  capturedAtMs: number;
}

export type OfflineOutcome = 'applied' | 'duplicate' | 'review' | 'refused';

export interface OfflineResult {
  clientUuid: string;
  outcome: OfflineOutcome;
  code: string;
}

export interface SyncRequest {
  rows: readonly OfflineRow[];
  /** Class sessions that this person may mark. */
  allowedSessions: ReadonlySet<string>;
  accountId: string | null;
  nowMs: number;
}

interface StoredRow {
  client_uuid: string;
  session_id: string;
  student_id: string;
  mark: DecidedMark;
  letter: string | null;
  captured_at: Date;
}

interface Judged extends WrittenMark {
  row: OfflineRow;
  studentId: string;
  outcome: 'applied' | 'review' | 'refused';
  code: string;
}

/**
 * Takes the marks of a phone that was offline. Every row gets an answer of its own; the same row again is the
 * same decision; what is too old waits for a person, and what comes after the lock changes nothing but is told
 * (domain cases 82, 83).
 */
export async function syncOffline(trx: Knex, request: SyncRequest): Promise<OfflineResult[]> {
  const { rows, allowedSessions, nowMs } = request;
  const known = await loadKnown(trx, rows);
  const sessions = await holdSessions(trx, [...allowedSessions], nowMs);
  const results = new Map<string, OfflineResult>();
  const fresh: Judged[] = [];
  for (const row of rows) {
    const answer = (outcome: OfflineOutcome, code = ''): void => {
      results.set(row.clientUuid, { clientUuid: row.clientUuid, outcome, code });
    };
    const session = sessions.get(row.sessionId);
    const studentId = session?.students.get(row.student.toLowerCase());
    const mark = session === undefined ? undefined : readMark(session.vocabulary, row.written);
    const stored = known.get(row.clientUuid);
    if (stored !== undefined) {
      const isSame =
        stored.session_id === row.sessionId &&
        stored.student_id === studentId &&
        stored.mark === mark?.mark &&
        stored.captured_at.getTime() === row.capturedAtMs;
      answer(isSame ? 'duplicate' : 'refused', isSame ? '' : 'CLIENT_UUID_CONFLICT');
      continue;
    }
    if (results.has(row.clientUuid)) {
      answer('refused', 'CLIENT_UUID_CONFLICT');
      continue;
    }
    if (session === undefined) answer('refused', 'NOT_FOUND');
    else if (studentId === undefined) answer('refused', 'NOT_ON_ROSTER');
    else if (mark === undefined) answer('refused', 'MARK_INVALID');
    else if (row.capturedAtMs - nowMs > FUTURE_MAX_MS) answer('refused', 'TIME_IN_FUTURE');
    else {
      const [outcome, code] = fateOf(session.status, nowMs - row.capturedAtMs <= session.ageMaxMs);
      answer(outcome, code);
      fresh.push({ ...mark, row, studentId, outcome, code });
    }
  }
  await storeRows(trx, fresh, request);
  await applyRows(trx, fresh, request);
  await tellLocked(trx, fresh, nowMs);
  return rows.map(({ clientUuid }) => results.get(clientUuid) as OfflineResult);
}

function fateOf(status: string, isYoung: boolean): ['applied' | 'review' | 'refused', string] {
  if (status === 'locked') return ['refused', 'SESSION_LOCKED'];
  if (status === 'scheduled') return ['refused', 'SESSION_NOT_OPEN'];
  if (status === 'cancelled' || status === 'not_held') return ['refused', 'SESSION_CANCELLED'];
  return isYoung ? ['applied', ''] : ['review', 'TOO_OLD'];
}

async function loadKnown(trx: Knex, rows: readonly OfflineRow[]): Promise<Map<string, StoredRow>> {
  const stored = await trx('offline_row')
    .whereIn(
      'client_uuid',
      rows.map(({ clientUuid }) => clientUuid),
    )
    .select<StoredRow[]>('client_uuid', 'session_id', 'student_id', 'mark', 'letter', 'captured_at');
  return new Map(stored.map((row) => [row.client_uuid, row]));
}

interface HeldForSync {
  status: string;
  /** Older marks wait for a person. */
  ageMaxMs: number;
  vocabulary: Vocabulary;
  /** Roll numbers and ids in lower case → student id. */
  students: Map<string, string>;
}

async function holdSessions(
  trx: Knex,
  ids: readonly string[],
  nowMs: number,
): Promise<Map<string, HeldForSync>> {
  const held = await trx('attendance_session')
    .whereIn('id', [...ids])
    .orderBy(IN_LOCK_ORDER)
    .forNoKeyUpdate()
    .select<Pick<HeldSession, 'id' | 'status' | 'policy'>[]>('id', 'status', 'policy');
  const settings = await settingsOfClasses(trx, ids, nowMs);
  const sessions = new Map<string, HeldForSync>();
  for (const { id, status, policy } of held) {
    const students = new Map<string, string>();
    for (const { studentId, rollNumber } of await rosterOf(trx, id)) {
      students.set(studentId, studentId);
      students.set(rollNumber.toLowerCase(), studentId);
    }
    const ageMaxMinutes = settings.get(id)?.OFFLINE_SYNC_MAX_DELTA_MINUTES ?? 0;
    const vocabulary = vocabularyOf({ policy });
    sessions.set(id, { status, ageMaxMs: ageMaxMinutes * MINUTE_MS, vocabulary, students });
  }
  return sessions;
}

async function storeRows(
  trx: Knex,
  fresh: readonly Judged[],
  { accountId, nowMs }: SyncRequest,
): Promise<void> {
  if (fresh.length === 0) return;
  await trx.batchInsert(
    'offline_row',
    fresh.map(({ row, studentId, mark, letter, outcome, code }) => ({
      client_uuid: row.clientUuid,
      session_id: row.sessionId,
      student_id: studentId,
      mark,
      letter,
      captured_at: new Date(row.capturedAtMs),
      received_at: new Date(nowMs),
      submitted_by: accountId,
      outcome,
      code,
    })),
  );
}

async function applyRows(
  trx: Knex,
  fresh: readonly Judged[],
  { accountId, nowMs }: SyncRequest,
): Promise<void> {
  const rows = new Map<string, DecisionRow[]>();
  for (const { row, studentId, mark, letter, outcome } of fresh) {
    if (outcome !== 'applied') continue;
    const some = rows.get(row.sessionId) ?? [];
    rows.set(row.sessionId, some);
    some.push({
      studentId,
      mark,
      letter,
      reason: '',
      kind: 'offline',
      decidedAtMs: row.capturedAtMs,
      clientUuid: row.clientUuid,
    });
  }
  await decideMarksOfClasses(trx, { rows, source: 'offline', accountId, nowMs });
}

/** One click away from a correction: the item holds what it would be (case 83). */
async function tellLocked(trx: Knex, fresh: readonly Judged[], nowMs: number): Promise<void> {
  const locked = fresh.filter(({ code }) => code === 'SESSION_LOCKED');
  if (locked.length === 0) return;
  await trx.raw(
    `INSERT INTO exception_item (at, code, message, session_id, student_id, detail)
     SELECT ?::timestamptz, 'LATE_AFTER_LOCK',
       'A mark from a phone arrived after the class session was locked; propose a correction if it should change',
       session_id, student_id, jsonb_build_object('would_be', mark, 'client_uuid', client_uuid)
     FROM jsonb_to_recordset(?::jsonb) AS i (session_id uuid, student_id uuid, mark text, client_uuid uuid)
     ON CONFLICT DO NOTHING`,
    [
      new Date(nowMs),
      JSON.stringify(
        locked.map(({ row, studentId, mark }) => ({
          session_id: row.sessionId,
          student_id: studentId,
          mark,
          client_uuid: row.clientUuid,
        })),
      ),
    ],
  );
}

export interface ReviewRequest {
  sessionId: string;
  accept: boolean;
  /** Why it is believed, or is not. */
  reason: string;
  accountId: string | null;
  nowMs: number;
}

/** A person decides about everything of one class session that waits: all of it in one action, with a row of the audit for each. */
export async function reviewOffline(trx: Knex, request: ReviewRequest): Promise<number> {
  const { sessionId, accept, reason, accountId, nowMs } = request;
  const now = new Date(nowMs);
  const outcome = accept ? 'accepted' : 'rejected';
  const rows = (await trx('offline_row')
    .where({ session_id: sessionId, outcome: 'review' })
    .update({ outcome, decided_by: accountId, decided_at: now })
    .returning(['client_uuid', 'student_id', 'mark', 'letter', 'captured_at'])) as StoredRow[];
  await writeAudit(
    trx,
    rows.map((row) => ({
      at: now,
      entityType: 'offline_row',
      entityId: row.client_uuid,
      action: `offline_${outcome}`,
      performedBy: accountId,
      reason,
      before: { outcome: 'review', mark: row.mark, captured_at: row.captured_at },
      after: { outcome },
      sessionId,
      studentId: row.student_id,
    })),
  );
  if (!accept || rows.length === 0) return rows.length;
  await decideMarks(trx, {
    sessionId,
    rows: rows.map((row) => ({
      studentId: row.student_id,
      mark: row.mark,
      letter: row.letter,
      reason,
      kind: 'offline',
      decidedAtMs: row.captured_at.getTime(),
      clientUuid: row.client_uuid,
    })),
    source: 'offline',
    accountId,
    nowMs,
  });
  return rows.length;
}
