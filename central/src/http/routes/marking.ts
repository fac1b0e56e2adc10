import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import type { Principal } from '../../auth/principal.js';
import { requireSession } from '../../auth/scope.js';
import {
  type DecisionRow,
  decideMarks,
  holdForMarking,
  withdrawDecisions,
} from '../../capture/decide-marks.js';
import { type RosterEntry, rosterOf } from '../../capture/roster-of.js';
import { markOf, vocabularyOf } from '../../capture/written-mark.js';
import type { Knex } from '../../db/database.js';
import type { Mark } from '../../rules/facts.js';
import { readMark } from '../../rules/vocabulary.js';
import type { HeldSession } from '../../sessions/session-row.js';
import { requiredAlias } from '../aliases.js';
import { emptySchema } from '../contracts/auth.js';
import { bulkBody, bulkSchema, markBody, remarkBody, unmarkBody } from '../contracts/capture.js';
import { API, uuidParams } from '../contracts/fields.js';
import { type RecordItem, recordSchema } from '../contracts/records.js';
import { etagOf, expectedVersion } from '../etag.js';
import { defineRoute } from '../route.js';
import { loadRecordItems } from '../views/record-view.js';
import { writeAs } from '../write-as.js';

const TAG = 'Marking by hand';
const MARK_ERRORS = [
  'NOT_FOUND',
  'FORBIDDEN',
  'SESSION_LOCKED',
  'SESSION_NOT_OPEN',
  'SESSION_CANCELLED',
  'NOT_ON_ROSTER',
] as const;
const IF_MATCH = {
  'If-Match': 'The ETag you read; if the mark has changed since, the answer is STALE',
} as const;

export const markRecord = defineRoute(
  {
    method: 'post',
    path: `${API}/records/`,
    operationId: 'markRecord',
    tag: TAG,
    summary: 'One mark by hand, with a reason; it stands against any evidence and is kept beside it',
    access: 'records.mark',
    status: 201,
    body: markBody,
    reply: { schema: recordSchema },
    errors: MARK_ERRORS,
  },
  async (input, { db, clock }) => {
    const { principal, body } = input;
    const sessionId = requiredAlias(body, 'session_id', 'session');
    const name = requiredAlias(body, 'student', 'student_id');
    await requireSession(db.knex, principal, 'records.mark', sessionId);
    await writeAs(db.knex, input, async (trx) => {
      const written = markOf(await holdForMarking(trx, sessionId), body.mark);
      const student = find(await rosterOf(trx, sessionId), name);
      if (student === undefined) throw notOnRoster(name);
      await decideMarks(trx, {
        sessionId,
        rows: [{ ...written, studentId: student.studentId, reason: body.reason, kind: 'explicit' }],
        source: body.source,
        deviceId: body.device_id,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return replyWith(await recordOf(db.knex, sessionId, name));
  },
);

export const remarkRecord = defineRoute(
  {
    method: 'patch',
    path: `${API}/records/{id}/`,
    operationId: 'remarkRecord',
    tag: TAG,
    summary: 'Another mark by hand, with a reason',
    access: 'records.mark',
    params: uuidParams,
    body: remarkBody,
    reply: { schema: recordSchema },
    headers: IF_MATCH,
    errors: [...MARK_ERRORS, 'STALE'],
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    const record = await requireRecord(db.knex, principal, params.id);
    await writeAs(db.knex, input, async (trx) => {
      const written = markOf(await holdForMarking(trx, record.session_id), body.mark);
      await refuseStale(trx, params.id, input.request.headers['if-match']);
      await decideMarks(trx, {
        sessionId: record.session_id,
        rows: [{ ...written, studentId: record.student_id, reason: body.reason, kind: 'explicit' }],
        source: 'manual',
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return replyWith(await loadOne(db.knex, params.id));
  },
);

export const unmarkRecord = defineRoute(
  {
    method: 'delete',
    path: `${API}/records/{id}/`,
    operationId: 'unmarkRecord',
    tag: TAG,
    summary:
      'Withdraws what people decided about this mark, with a reason; it becomes what the evidence gives',
    access: 'records.mark',
    params: uuidParams,
    body: unmarkBody,
    reply: { schema: emptySchema },
    headers: IF_MATCH,
    errors: [...MARK_ERRORS, 'STALE'],
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    const record = await requireRecord(db.knex, principal, params.id);
    await writeAs(db.knex, input, async (trx) => {
      await holdForMarking(trx, record.session_id);
      await refuseStale(trx, params.id, input.request.headers['if-match']);
      await withdrawDecisions(trx, {
        sessionId: record.session_id,
        studentId: record.student_id,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return { body: {} };
  },
);

export const bulkMark = defineRoute(
  {
    method: 'post',
    path: `${API}/records/bulk-mark/`,
    operationId: 'bulkMark',
    tag: TAG,
    summary:
      'Many marks of one class at once. A row with a reason stands against evidence, one without gives way to it; mark_rest is for everybody who is not listed',
    access: 'records.mark',
    rate: 'bulk_mark',
    body: bulkBody,
    reply: { schema: bulkSchema },
    errors: [...MARK_ERRORS, 'ROWS_REFUSED'],
  },
  async (input, { db, clock }) => {
    const { principal, body } = input;
    await requireSession(db.knex, principal, 'records.mark', body.session_id);
    const result = await writeAs(db.knex, input, async (trx) => {
      const [session, roster] = await Promise.all([
        holdForMarking(trx, body.session_id),
        rosterOf(trx, body.session_id),
      ]);
      const rows = readRows(body, { session, roster });
      if (body.all_or_nothing && rows.refused.length > 0) {
        throw new RollcallError(
          'ROWS_REFUSED',
          `Nothing was marked: ${rows.refused.map(({ student, code }) => `${student} ${code}`).join(', ')}`,
        );
      }
      const decided = await decideMarks(trx, {
        sessionId: body.session_id,
        rows: rows.accepted.map(({ row }) => row),
        source: body.source,
        deviceId: body.device_id,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
      return { ...decided, ...rows };
    });
    return {
      body: {
        call_id: result.callId,
        applied: result.accepted.length,
        refused: result.refused.length,
        results: [
          ...result.accepted.map(({ student, row }) => outcomeOf(student, row, result.marks)),
          ...result.refused.map(({ student, code }) => ({
            student,
            outcome: 'refused' as const,
            code,
            mark: null,
          })),
        ],
      },
    };
  },
);

interface ReadRows {
  accepted: { student: string; row: DecisionRow }[];
  refused: { student: string; code: string }[];
}

function readRows(
  body: z.output<typeof bulkBody>,
  { session, roster }: { session: HeldSession; roster: readonly RosterEntry[] },
): ReadRows {
  const { attendance_data: data, mark_rest: rest, reason: common } = body;
  const vocabulary = vocabularyOf(session);
  const byName = new Map(roster.flatMap((entry) => namesOf(entry).map((name) => [name, entry])));
  const accepted: ReadRows['accepted'] = [];
  const refused: ReadRows['refused'] = [];
  const seen = new Set<string>();
  for (const { student_id: student, mark, reason } of data) {
    const entry = byName.get(student.toLowerCase());
    const written = readMark(vocabulary, mark);
    if (written === undefined) refused.push({ student, code: 'MARK_INVALID' });
    else if (entry === undefined) refused.push({ student, code: 'NOT_ON_ROSTER' });
    else if (seen.has(entry.studentId)) refused.push({ student, code: 'LISTED_TWICE' });
    else {
      seen.add(entry.studentId);
      const why = reason ?? common;
      // Only a word about this student, with its reason, stands against evidence (domain D0, precedence).
      const kind = reason === undefined || reason === '' ? 'bulk' : 'explicit';
      accepted.push({ student, row: { ...written, studentId: entry.studentId, reason: why, kind } });
    }
  }
  if (rest !== undefined) {
    const written = markOf(session, rest);
    for (const { studentId, rollNumber } of roster) {
      if (seen.has(studentId)) continue;
      accepted.push({ student: rollNumber, row: { ...written, studentId, reason: common, kind: 'bulk' } });
    }
  }
  return { accepted, refused };
}

function outcomeOf(student: string, row: DecisionRow, marks: ReadonlyMap<string, Mark>) {
  const mark = marks.get(row.studentId) ?? null;
  const outcome = mark === row.mark ? ('applied' as const) : ('unchanged' as const);
  return { student, outcome, code: outcome === 'applied' ? '' : 'EVIDENCE_OUTRANKS', mark };
}

const namesOf = ({ studentId, rollNumber }: RosterEntry): string[] => [studentId, rollNumber.toLowerCase()];

function find(roster: readonly RosterEntry[], name: string): RosterEntry | undefined {
  return roster.find((entry) => namesOf(entry).includes(name.toLowerCase()));
}

const notOnRoster = (student: string): RollcallError =>
  new RollcallError('NOT_ON_ROSTER', `${student} is not on the roster of this class on its date`);

const replyWith = (item: RecordItem) => ({ body: item, headers: { ETag: etagOf(item.version) } });

/** @throws RollcallError `STALE` where the caller saw another version of the mark */
async function refuseStale(trx: Knex, id: string, ifMatch: string | undefined): Promise<void> {
  const expected = expectedVersion(ifMatch);
  if (expected === undefined) return;
  const { version } = await trx('attendance_record').where({ id }).first<{ version: number }>('version');
  if (version === expected) return;
  throw new RollcallError(
    'STALE',
    `The mark has changed since you read it (version ${version}, not ${expected}); read it again and repeat`,
    { context: { version } },
  );
}

interface HeldRecord {
  session_id: string;
  student_id: string;
}

async function requireRecord(knex: Knex, principal: Principal, id: string): Promise<HeldRecord> {
  const record = await knex('attendance_record')
    .where({ id })
    .first<HeldRecord | undefined>('session_id', 'student_id');
  if (record === undefined) throw new RollcallError('NOT_FOUND', `There is no attendance record ${id}`);
  await requireSession(knex, principal, 'records.mark', record.session_id);
  return record;
}

async function loadOne(knex: Knex, id: string): Promise<RecordItem> {
  const [item] = await loadRecordItems(knex, [id]);
  if (item === undefined) throw new RollcallError('NOT_FOUND', `There is no attendance record ${id}`);
  return item;
}

async function recordOf(knex: Knex, sessionId: string, student: string): Promise<RecordItem> {
  const row = await knex('attendance_record as r')
    .join('student as st', 'st.id', 'r.student_id')
    .where('r.session_id', sessionId)
    .whereRaw('(lower(st.roll_number) = lower(?) OR st.id::text = lower(?))', [student, student])
    .first<{ id: string } | undefined>('r.id as id');
  return loadOne(knex, row?.id ?? '00000000-0000-0000-0000-000000000000');
}
