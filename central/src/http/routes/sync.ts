import type { Principal } from '../../auth/principal.js';
import { requireSession, visibleSessions } from '../../auth/scope.js';
import { type DecisionRow, decideMarksOfClasses } from '../../capture/decide-marks.js';
import { type ImportProblem, type ImportRow, readImport } from '../../capture/import-file.js';
import { syncOffline } from '../../capture/offline-sync.js';
import { reviewOffline } from '../../capture/review-offline.js';
import { rosterOf } from '../../capture/roster-of.js';
import { vocabularyOf } from '../../capture/written-mark.js';
import type { Knex } from '../../db/database.js';
import { lettersToWrite, readMark, type WrittenMark } from '../../rules/vocabulary.js';
import { type HeldSession, holdSession, IN_LOCK_ORDER, refuseLocked } from '../../sessions/session-row.js';
import { auditLockedRows } from '../audit-locked-rows.js';
import {
  importBody,
  importSchema,
  offlineBody,
  offlineSchema,
  reviewBody,
  reviewSchema,
} from '../contracts/capture.js';
import { API, uuidParams } from '../contracts/fields.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Marking by hand';

export const offlineSync = defineRoute(
  {
    method: 'post',
    path: `${API}/records/offline-sync/`,
    operationId: 'offlineSync',
    tag: TAG,
    summary: 'Marks that a phone took without a network; each row is answered by itself',
    access: 'records.mark',
    rate: 'bulk_mark',
    body: offlineBody,
    reply: { schema: offlineSchema },
    errors: ['FORBIDDEN', 'CONFIG_INVALID'],
  },
  async (input, { db, clock }) => {
    const { principal, body } = input;
    const asked = [...new Set(body.records.map(({ session_id }) => session_id.toLowerCase()))];
    const nowMs = clock.wallMs();
    const results = await writeAs(db.knex, input, async (trx) => {
      const outcomes = await syncOffline(trx, {
        rows: body.records.map((row) => ({
          clientUuid: row.client_uuid.toLowerCase(),
          sessionId: row.session_id.toLowerCase(),
          student: row.student_id,
          written: row.mark,
          capturedAtMs: Date.parse(row.captured_at),
        })),
        allowedSessions: await allowed(trx, principal, asked),
        accountId: principal.accountId,
        nowMs,
      });
      const locked = outcomes.flatMap(({ code }, index) =>
        code === 'SESSION_LOCKED' ? [body.records[index]?.session_id.toLowerCase() ?? ''] : [],
      );
      await auditLockedRows(trx, input, { sessionIds: new Set(locked), nowMs });
      return outcomes;
    });
    return {
      body: {
        results: results.map(({ clientUuid, outcome, code }) => ({ client_uuid: clientUuid, outcome, code })),
      },
    };
  },
);

export const offlineReview = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/offline-review/`,
    operationId: 'reviewOfflineRows',
    tag: TAG,
    summary: 'Accepts or rejects everything of one class that came too late from phones',
    access: 'exceptions.decide',
    params: uuidParams,
    body: reviewBody,
    reply: { schema: reviewSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'SESSION_LOCKED'],
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'exceptions.decide', params.id);
    const decided = await writeAs(db.knex, input, async (trx) => {
      refuseLocked(await holdSession(trx, params.id));
      return reviewOffline(trx, {
        sessionId: params.id,
        accept: body.decision === 'accept',
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return { body: { decided } };
  },
);

export const importRecords = defineRoute(
  {
    method: 'post',
    path: `${API}/records/import/`,
    operationId: 'importRecords',
    tag: TAG,
    summary:
      'Marks from a CSV file: first what would happen, line by line, then with apply=true all that is right',
    access: 'records.import',
    rate: 'bulk_mark',
    body: importBody,
    reply: { schema: importSchema },
    errors: ['FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { principal, body } = input;
    const { rows, problems: unreadable } = readImport(body.csv, body.columns);
    const total = rows.length + unreadable.length;
    const { accepted, problems } = await writeAs(db.knex, input, async (trx) => {
      const { good, locked, refused } = await checkRows(trx, rows);
      const found = {
        accepted: [...good.values()].reduce((sum, some) => sum + some.length, 0),
        problems: [...unreadable, ...refused],
      };
      // A look beforehand writes nothing.
      if (body.apply) await auditLockedRows(trx, input, { sessionIds: locked, nowMs: clock.wallMs() });
      if (!body.apply) return found;
      await decideMarksOfClasses(trx, {
        rows: new Map([...good].map(([sessionId, some]) => [sessionId, some.map(toDecision)])),
        source: 'import',
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
      return found;
    });
    const sorted = problems.toSorted((a, b) => a.line - b.line);
    return {
      body: { applied: body.apply, rows: total, accepted, problems: sorted },
    };
  },
);

async function allowed(trx: Knex, principal: Principal, ids: readonly string[]): Promise<Set<string>> {
  const scope = visibleSessions(principal, 'records.mark');
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT s.id FROM attendance_session s WHERE s.id = ANY(?::uuid[]) AND (${scope.sql})`,
    [ids as never, ...scope.bindings],
  );
  return new Set(rows.map(({ id }) => id));
}

type GoodRow = WrittenMark & { row: ImportRow; studentId: string };

const toDecision = ({ row, studentId, mark, letter }: GoodRow): DecisionRow => ({
  studentId,
  mark,
  letter,
  reason: row.reason,
  kind: 'import',
});

interface CheckedRows {
  /** By class session. */
  good: Map<string, GoodRow[]>;
  refused: ImportProblem[];
  locked: Set<string>;
}

/** Holds the classes of the file. */
async function checkRows(trx: Knex, rows: readonly ImportRow[]): Promise<CheckedRows> {
  const good = new Map<string, GoodRow[]>();
  const refused: ImportProblem[] = [];
  const locked = new Set<string>();
  const bySession = new Map<string, ImportRow[]>();
  for (const row of rows) {
    const some = bySession.get(row.sessionId);
    if (some === undefined) bySession.set(row.sessionId, [row]);
    else some.push(row);
  }
  const held = new Map(
    (
      await trx('attendance_session')
        .whereIn('id', [...bySession.keys()])
        .orderBy(IN_LOCK_ORDER)
        .forNoKeyUpdate()
        .select<Pick<HeldSession, 'id' | 'status' | 'policy'>[]>('id', 'status', 'policy')
    ).map((session) => [session.id, session]),
  );
  for (const [sessionId, some] of bySession) {
    const session = held.get(sessionId.toLowerCase());
    if (session?.status === 'locked') locked.add(sessionId);
    const isMarkable = ['open', 'closed', 'finalized'].includes(session?.status ?? '');
    const roster = new Map(
      (await rosterOf(trx, sessionId)).map((one) => [one.rollNumber.toLowerCase(), one.studentId]),
    );
    const vocabulary = session === undefined ? '' : vocabularyOf(session);
    const markable: GoodRow[] = [];
    for (const row of some) {
      const mark = readMark(vocabulary, row.written);
      const studentId = roster.get(row.student.toLowerCase());
      const refuse = (code: string, problem: string): void =>
        void refused.push({ line: row.line, code, problem });
      if (session === undefined) refuse('NOT_FOUND', `there is no class session ${sessionId}`);
      else if (session.status === 'locked')
        refuse('SESSION_LOCKED', 'the class session is locked; ask for a correction');
      else if (!isMarkable) refuse('SESSION_NOT_OPEN', `the class session is ${session.status}`);
      else if (studentId === undefined)
        refuse('NOT_ON_ROSTER', `${row.student} is not on the roster of the class`);
      else if (mark === undefined)
        refuse(
          'MARK_INVALID',
          `"${row.written}" is no mark of this class; write ${lettersToWrite(vocabulary)}`,
        );
      else markable.push({ ...mark, row, studentId });
    }
    if (markable.length > 0) good.set(sessionId, markable);
  }
  return { good, refused, locked };
}
