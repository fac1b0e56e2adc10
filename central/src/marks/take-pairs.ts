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
}

interface Row {
  id: number;
  session_id: string;
  student_id: string;
  actor: AuditActor | null;
}

/** Takes what nobody else is taking. A row of the queue is never changed: it is deleted where it was found. */
export async function takePairs(trx: Knex, limit: number, { shares, afterId }: Where): Promise<Taken> {
  const { rows } = await prepared<{ rows: Row[] }>(
    trx,
    `DELETE FROM judgement_todo WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM judgement_todo WHERE id > ? AND get_byte(uuid_send(session_id), 15) % ${SHARES.length} = ANY(?::int[])
       ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED))
     RETURNING id, session_id, student_id, actor`,
    [afterId, shares, limit],
  );
  return takenOf(rows, afterId);
}

/** Takes those of these rows of the queue that nobody else has taken. */
export async function takeThese(trx: Knex, ids: readonly number[]): Promise<Taken> {
  const { rows } = await prepared<{ rows: Row[] }>(
    trx,
    `DELETE FROM judgement_todo WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM judgement_todo WHERE id = ANY(?::bigint[]) FOR UPDATE SKIP LOCKED))
     RETURNING id, session_id, student_id, actor`,
    [ids],
  );
  return takenOf(rows, 0);
}

/**
 * Takes what waits for these pairs, by who judges them for a person.
 *
 * @returns whose it was, by pair
 */
export async function takeWaiting(trx: Knex, pairs: readonly Pair[]): Promise<ActorsByPair> {
  const { rows } = await prepared<{ rows: Row[] }>(
    trx,
    `DELETE FROM judgement_todo WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM judgement_todo WHERE session_id = ANY(?::uuid[]) AND student_id = ANY(?::uuid[])
         AND session_id || '/' || student_id = ANY(?::text[]) ORDER BY id FOR UPDATE SKIP LOCKED))
     RETURNING id, session_id, student_id, actor`,
    [
      [...new Set(pairs.map(({ sessionId }) => sessionId))],
      pairs.map(({ studentId }) => studentId),
      pairs.map(pairKey),
    ] as never,
  );
  const waiting = new Map<string, AuditActor | null>();
  for (const { session_id: sessionId, student_id: studentId, actor } of rows) {
    const key = pairKey({ sessionId, studentId });
    waiting.set(key, actor ?? waiting.get(key) ?? null);
  }
  return waiting;
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
  };
}
