import { settingsOfClasses } from '../calendar/class-scope.js';
import type { Knex } from '../db/database.js';
import { readMark, type Vocabulary, type WrittenMark } from '../rules/vocabulary.js';
import { type HeldSession, IN_LOCK_ORDER } from '../sessions/session-row.js';
import { type DecidedMark, type DecisionRow, decideMarksOfClasses } from './decide-marks.js';
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
  // Classes first: rows that came at the same time are known once theirs are let go.
  const sessions = await holdSessions(trx, [...allowedSessions], nowMs);
  const known = await loadKnown(trx, rows);
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
      answer(...fateBeside(stored, { row, studentId, mark: mark?.mark }));
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
  const stored = await storeRows(trx, fresh, request);
  const isStored = ({ row }: Judged): boolean => stored.has(row.clientUuid);
  const late = fresh.filter((one) => !isStored(one));
  const meanwhile = await loadKnown(
    trx,
    late.map(({ row }) => row),
  );
  for (const one of late) {
    const { clientUuid } = one.row;
    const [outcome, code] = fateBeside(meanwhile.get(clientUuid), one);
    results.set(clientUuid, { clientUuid, outcome, code });
  }
  const applied = fresh.filter(isStored);
  await applyRows(trx, applied, request);
  await tellLocked(trx, applied, nowMs);
  return rows.map(({ clientUuid }) => results.get(clientUuid) as OfflineResult);
}

function fateOf(status: string, isYoung: boolean): ['applied' | 'review' | 'refused', string] {
  if (status === 'locked') return ['refused', 'SESSION_LOCKED'];
  if (status === 'scheduled') return ['refused', 'SESSION_NOT_OPEN'];
  if (status === 'cancelled' || status === 'not_held') return ['refused', 'SESSION_CANCELLED'];
  return isYoung ? ['applied', ''] : ['review', 'TOO_OLD'];
}

/** What becomes of a row whose id is stored already. */
function fateBeside(
  stored: StoredRow | undefined,
  { row, studentId, mark }: { row: OfflineRow; studentId: string | undefined; mark: string | undefined },
): ['duplicate' | 'refused', string] {
  const isSame =
    stored?.session_id === row.sessionId &&
    stored.student_id === studentId &&
    stored.mark === mark &&
    stored.captured_at.getTime() === row.capturedAtMs;
  return isSame ? ['duplicate', ''] : ['refused', 'CLIENT_UUID_CONFLICT'];
}

async function loadKnown(trx: Knex, rows: readonly OfflineRow[]): Promise<Map<string, StoredRow>> {
  if (rows.length === 0) return new Map();
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

/**
 * Those of other classes are not held: an id that somebody else stores for one of them at this moment is waited for. In the
 * order of their ids, so that nobody waits in a circle.
 *
 * @returns the ids that were stored, of all that were not there already
 */
async function storeRows(
  trx: Knex,
  fresh: readonly Judged[],
  { accountId, nowMs }: SyncRequest,
): Promise<Set<string>> {
  if (fresh.length === 0) return new Set();
  const rows = fresh.map(({ row, studentId, mark, letter, outcome, code }) => ({
    client_uuid: row.clientUuid,
    session_id: row.sessionId,
    student_id: studentId,
    mark,
    letter,
    captured_at: new Date(row.capturedAtMs),
    outcome,
    code,
  }));
  const stored = await trx.raw<{ rows: { client_uuid: string }[] }>(
    `INSERT INTO offline_row (client_uuid, session_id, student_id, mark, letter, captured_at, outcome, code, received_at, submitted_by)
     SELECT i.*, ?::timestamptz, ?::uuid
     FROM jsonb_to_recordset(?::jsonb) AS i (client_uuid uuid, session_id uuid, student_id uuid, mark text, letter text,
       captured_at timestamptz, outcome text, code text)
     ORDER BY i.client_uuid
     ON CONFLICT DO NOTHING RETURNING client_uuid`,
    [new Date(nowMs), accountId, JSON.stringify(rows)],
  );
  return new Set(stored.rows.map((row) => row.client_uuid));
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
       i.session_id, i.student_id, jsonb_build_object('mark', r.mark, 'would_be', i.mark, 'client_uuid', i.client_uuid)
     FROM jsonb_to_recordset(?::jsonb) AS i (session_id uuid, student_id uuid, mark text, client_uuid uuid)
       LEFT JOIN attendance_record r ON r.session_id = i.session_id AND r.student_id = i.student_id
     WHERE r.mark IS DISTINCT FROM i.mark
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
