import type { AuditActor } from '../audit/audit-actor.js';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { type Pair, pairKey } from './pair.js';
import type { ActorsByPair } from './save-decisions.js';

/**
 * Parts of all classes, by the last bits of their ids: of the same classes one judge would only wait for what another
 * holds. More than there are judges, so that at the end of a burst none has much left while the others have nothing; not many
 * more, so that a look at one finds nearly as much as is judged at once: each look has a price of its own.
 */
export const SHARES = Array.from({ length: 4 }, (_, share) => share);

export interface Where {
  shares: readonly number[];
  /** What was taken before lies before it: its rows are not read again, nor those of other shares. */
  afterId: number;
}

/** A row of the queue and its class. */
export interface OfClass {
  id: number;
  session_id: string;
}

/** Taken from `judgement_todo`; a transaction that fails puts it back. */
export interface Taken {
  /** Rows of the queue, of which several may have been one pair. */
  rows: number;
  /** Each once. */
  pairs: Pair[];
  /** Of those whose scans are among it. */
  actors: ActorsByPair;
  /** Of the queue. */
  lastId: number;
  /** The rows of each class, by their ids. */
  idsByClass(): Map<string, number[]>;
}

interface Row extends OfClass {
  student_id: string;
  actor: AuditActor | null;
}

/** A row of the queue is never changed: it is deleted where it was found. */
const takeSql = (found: string): string => `DELETE FROM judgement_todo WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM judgement_todo WHERE ${found} FOR UPDATE SKIP LOCKED))
     RETURNING id, session_id, student_id, actor`;

const OF_SHARES = `id > ? AND get_byte(uuid_send(session_id), 15) % ${SHARES.length} = ANY(?::int[])`;
const THESE = 'id = ANY(?::bigint[])';
const NOT_LEFT_OUT = 'session_id <> ALL(?::uuid[])';

const TAKE_SQL = takeSql(`${OF_SHARES} ORDER BY id LIMIT ?`);
const TAKE_OTHERS_SQL = takeSql(`${OF_SHARES} AND ${NOT_LEFT_OUT} ORDER BY id LIMIT ?`);
const TAKE_THESE_SQL = takeSql(THESE);
const TAKE_THESE_OTHERS_SQL = takeSql(`${THESE} AND ${NOT_LEFT_OUT}`);
const WAITING_SQL = `SELECT id, session_id, student_id, actor FROM judgement_todo
  WHERE session_id = ANY(?::uuid[]) AND student_id = ANY(?::uuid[]) AND session_id || '/' || student_id = ANY(?::text[])
  ORDER BY id`;
/** Reads the whole queue: there is no index for what is asked so rarely. */
const TAKE_OF_CLASS_SQL = takeSql('session_id = ?::uuid ORDER BY id LIMIT ?');

/**
 * Takes what nobody else is taking.
 *
 * @param leftOut classes whose rows stay; where there are none, which is nearly always, nothing is compared
 */
export async function takePairs(
  trx: Knex,
  limit: number,
  { shares, afterId }: Where,
  leftOut: readonly string[] = [],
): Promise<Taken> {
  const rows = await (leftOut.length === 0
    ? take(trx, TAKE_SQL, [afterId, shares, limit])
    : take(trx, TAKE_OTHERS_SQL, [afterId, shares, leftOut, limit]));
  return takenOf(rows, afterId);
}

/** Takes those of these rows of the queue that nobody else has taken, but for those of the classes left out. */
export async function takeThese(
  trx: Knex,
  ids: readonly number[],
  leftOut: readonly string[] = [],
): Promise<Taken> {
  const rows = await (leftOut.length === 0
    ? take(trx, TAKE_THESE_SQL, [ids])
    : take(trx, TAKE_THESE_OTHERS_SQL, [ids, leftOut]));
  return takenOf(rows, 0);
}

/**
 * Whose evidence waits for the judge, by pair; also what a judge is taking. It stays there: what is committed after the evidence was
 * read must be judged once more. The queue is read whole, which is short as a rule: an index would cost more with every punch.
 */
export async function actorsWaiting(trx: Knex, pairs: readonly Pair[]): Promise<ActorsByPair> {
  const { rows } = await prepared<{ rows: Row[] }>(trx, WAITING_SQL, [
    [...new Set(pairs.map(({ sessionId }) => sessionId))],
    pairs.map(({ studentId }) => studentId),
    pairs.map(pairKey),
  ]);
  const waiting = new Map<string, AuditActor | null>();
  for (const { session_id: sessionId, student_id: studentId, actor } of rows) {
    const key = pairKey({ sessionId, studentId });
    waiting.set(key, actor ?? waiting.get(key) ?? null);
  }
  return waiting;
}

/** Takes what waits of one class. */
export async function takeOfClass(trx: Knex, sessionId: string, limit: number): Promise<Taken> {
  return takenOf(await take(trx, TAKE_OF_CLASS_SQL, [sessionId, limit]), 0);
}

/** Whether anything waits of one class, also what somebody else is taking. */
export async function isWaiting(knex: Knex, sessionId: string): Promise<boolean> {
  return (await knex('judgement_todo').where({ session_id: sessionId }).first('id')) !== undefined;
}

async function take(trx: Knex, sql: string, bindings: readonly unknown[]): Promise<Row[]> {
  return (await prepared<{ rows: Row[] }>(trx, sql, bindings)).rows;
}

function takenOf(rows: readonly Row[], afterId: number): Taken {
  const pairs = new Map<string, Pair>();
  const actors = new Map<string, AuditActor>();
  for (const { session_id: sessionId, student_id: studentId, actor } of rows) {
    pairs.set(pairKey({ sessionId, studentId }), { sessionId, studentId });
    if (actor !== null) actors.set(pairKey({ sessionId, studentId }), actor);
  }
  return {
    rows: rows.length,
    pairs: [...pairs.values()],
    actors,
    lastId: rows.reduce((last, { id }) => Math.max(last, id), afterId),
    idsByClass: () => byClass(rows),
  };
}

/** The ids of rows of the queue, by their classes. */
export function byClass(rows: readonly OfClass[]): Map<string, number[]> {
  const ids = new Map<string, number[]>();
  for (const { id, session_id: sessionId } of rows) {
    const before = ids.get(sessionId);
    if (before === undefined) ids.set(sessionId, [id]);
    else before.push(id);
  }
  return ids;
}
