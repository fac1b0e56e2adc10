import type { Knex } from '../db/database.js';
import { holdLateEvidence } from '../ingest/late-evidence.js';
import { releaseFutureRows } from '../ingest/release-future-rows.js';
import type { Pair } from '../marks/pair.js';
import { reResolve } from '../people/re-resolve.js';

export interface Retime {
  gatewayId: string;
  /** Condition on `punch p` of this gateway: whose time may be another one now. */
  where: string;
  bindings: readonly (string | number | Date)[];
  at: Date;
}

export interface Retimed {
  /** Punches that have another time now, or had none before. */
  changed: number;
  /** Whose marks are to be judged again; they are queued already. */
  pairs: Pair[];
}

/** Places punches anew after an offset became known: also what was held back as impossible, and what was too late. */
export async function retimePunches(trx: Knex, { gatewayId, where, bindings, at }: Retime): Promise<Retimed> {
  const candidates = `SELECT p.gateway_id, p.store_id, p.seq, p.received_month FROM punch p
    WHERE p.gateway_id = ? AND (${where})`;
  const all = [gatewayId, ...bindings];
  const released = await releaseFutureRows(trx, [gatewayId], at);
  const { changed, pairs } = await reResolve(trx, candidates, all);
  if (changed > 0) {
    await holdLateEvidence(trx, { candidates, bindings: all, at });
    await trx.raw("SELECT pg_notify('rollcall_judge', '')");
  }
  return { changed: changed + released, pairs };
}
