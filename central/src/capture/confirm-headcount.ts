import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { findByIndex } from '../db/prepared.js';
import { judgeInRequest } from '../marks/judge-in-request.js';
import type { Mark } from '../rules/facts.js';
import type { Reason } from '../rules/reasons.js';
import { recordChange } from '../sessions/record-change.js';
import { decideMarks, holdForMarking } from './decide-marks.js';
import { type RosterEntry, rosterOf } from './roster-of.js';

/** Marks that a capture has begun and a person completes (domain cases 47, 113, 118). */
export const CONFIRMABLE: readonly Reason[] = [
  'CAPTURE_PER_PERIOD',
  'FINGER_NEEDED',
  'PIN_NEEDED',
  'CONFIRMATION_NEEDED',
];

const ATTENDED: readonly Mark[] = ['present', 'late'];

export interface HeadcountRequest {
  sessionId: string;
  /** Heads in the room, of students. */
  headcount: number;
  /** Roll numbers or ids of students on the roster who were not in class when it was counted. */
  notHere: readonly string[];
  /** Empty: the count is the reason. */
  reason: string;
  accountId: string | null;
  nowMs: number;
  expectedVersion: number | undefined;
}

export interface ConfirmedStudent {
  student: string;
  mark: Mark;
}

interface Standing {
  student_id: string;
  roll_number: string;
  mark: Mark;
  reason: string;
}

/**
 * The faculty member counts heads, and whoever waits for a second proof is in class by that count (domain cases 47,
 * 113). It has to bear them out: where fewer heads were counted than students would have attended, somebody is not
 * there, and who that is has to be said first; more heads than could be there are a number that bears nothing out. It
 * decides nothing about anybody whom no device saw, so it is no marking by hand.
 *
 * @throws RollcallError as {@link holdForMarking}; `ROWS_REFUSED` naming who is not on the roster; `HEADCOUNT_TOO_LOW` or
 *   `HEADCOUNT_TOO_HIGH`
 */
export async function confirmHeadcount(trx: Knex, request: HeadcountRequest): Promise<ConfirmedStudent[]> {
  const { sessionId, headcount, accountId, nowMs } = request;
  const session = await holdForMarking(trx, sessionId, request.expectedVersion);
  await findByIndex(trx);
  const roster = await rosterOf(trx, sessionId);
  const standings = await standingsOf(trx, { sessionId, roster, nowMs });
  const here = withoutMissing(standings, request.notHere);
  const missing = standings.length - here.length;
  await refuseMoreThanFit(trx, { sessionId, roster, headcount, missing });
  const waiting = here.filter(isWaiting);
  const attended = here.filter(({ mark }) => ATTENDED.includes(mark)).length;
  if (headcount < attended + waiting.length) {
    throw new RollcallError(
      'HEADCOUNT_TOO_LOW',
      `${headcount} heads were counted, but ${attended} students have attended and ${waiting.length} more wait: name who is not here in not_here and repeat. Nothing was confirmed`,
      { context: { attended, waiting: waiting.length } },
    );
  }
  const reason = request.reason === '' ? `${headcount} heads were counted` : request.reason;
  await trx('attendance_session').where({ id: sessionId }).update({ headcount });
  await recordChange(trx, {
    sessionId,
    kind: 'headcount',
    before: { headcount: session.headcount },
    after: { headcount, confirmed: waiting.map((row) => row.roll_number), not_here: request.notHere },
    reason,
    accountId,
    nowMs,
  });
  if (waiting.length === 0) return [];
  const { marks } = await decideMarks(trx, {
    sessionId,
    rows: waiting.map((row) => ({ studentId: row.student_id, mark: 'present', reason, kind: 'confirm' })),
    source: 'manual',
    accountId,
    nowMs,
  });
  return waiting.map((row) => ({
    student: row.roll_number,
    mark: marks.get(row.student_id) ?? row.mark,
  }));
}

const isWaiting = ({ mark, reason }: Standing): boolean =>
  mark === 'pending' && (CONFIRMABLE as readonly string[]).includes(reason);

interface Counted {
  sessionId: string;
  roster: readonly RosterEntry[];
  headcount: number;
  /** How many of the roster are said not to be there. */
  missing: number;
}

/** Whoever types a number that is always enough has counted nobody. @throws RollcallError `HEADCOUNT_TOO_HIGH` */
async function refuseMoreThanFit(
  trx: Knex,
  { sessionId, roster, headcount, missing }: Counted,
): Promise<void> {
  const known = new Set(roster.map(({ studentId }) => studentId));
  const letIn = await trx('session_guest').where({ session_id: sessionId }).pluck<string[]>('student_id');
  const guests = letIn.filter((studentId) => !known.has(studentId)).length;
  if (headcount <= roster.length - missing + guests) return;
  throw new RollcallError(
    'HEADCOUNT_TOO_HIGH',
    `${headcount} heads were counted, but the roster has ${roster.length} students, of whom ${missing} are said not to be here, and ${guests} guests were let in: count again, students of this class only, or let guests take part first and repeat. Nothing was confirmed`,
    { context: { roster: roster.length, missing, guests } },
  );
}

/** As the evidence of this moment gives them: what waits in the queue may have become a mark. */
async function standingsOf(
  trx: Knex,
  { sessionId, roster, nowMs }: { sessionId: string; roster: readonly RosterEntry[]; nowMs: number },
): Promise<Standing[]> {
  await judgeInRequest(
    trx,
    roster.map(({ studentId }) => ({ sessionId, studentId })),
    nowMs,
  );
  return trx('attendance_record as r')
    .join('student as st', 'st.id', 'r.student_id')
    .where('r.session_id', sessionId)
    .whereNot('r.mark', 'not_required')
    .orderBy('st.roll_number')
    .select<Standing[]>('r.student_id', 'st.roll_number', 'r.mark', 'r.reason');
}

/** @throws RollcallError `ROWS_REFUSED` */
function withoutMissing(standings: readonly Standing[], notHere: readonly string[]): Standing[] {
  const missing = new Set(notHere.map((name) => name.toLowerCase()));
  const isMissing = (row: Standing): boolean =>
    missing.has(row.student_id) || missing.has(row.roll_number.toLowerCase());
  const known = new Set(standings.flatMap((row) => [row.student_id, row.roll_number.toLowerCase()]));
  const strangers = [...missing].filter((name) => !known.has(name));
  if (strangers.length > 0) {
    throw new RollcallError(
      'ROWS_REFUSED',
      `Nothing was confirmed: ${strangers.map((name) => `${name} NOT_ON_ROSTER`).join(', ')}`,
    );
  }
  return standings.filter((row) => !isMissing(row));
}
