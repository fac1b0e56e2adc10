import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import type { Request } from 'express';
import type { Knex } from '../db/database.js';
import type { Log } from '../log.js';
import type { Seal } from '../privacy/seal.js';
import { type Claim, dropClaim, holdClaim } from './idempotency-claim.js';
import { PROBLEM_CONTENT_TYPE, problemOf } from './problem.js';
import type { JsonReply, RouteContract } from './route.js';

export const IDEMPOTENCY_KEY = 'Idempotency-Key';
export const REPLAYED_HEADER = 'Idempotency-Replayed';
/** Answers are kept at least this long; the job that removes older ones comes by every hour. */
export const ANSWER_KEPT_MS = 24 * 60 * 60_000;
/** No request runs longer (the server ends it after 60 s): a claim this old without an answer is of a dead process. */
const CLAIM_LEASE_MS = 2 * 60_000;
/** Of one account; a script that needs more in a day does not repeat but flood. */
const KEYS_PER_ACCOUNT_MAX = 10_000;
/** Larger answers are not kept: their repetition says that the work was done, and nothing more. */
const ANSWER_BYTES_MAX = 1024 * 1024;
const KEY = /^[\x21-\x7e]{1,200}$/;

type Reply = JsonReply<unknown> | undefined;

export interface Idempotency {
  /**
   * Answers a request: a repeated one (same account, key, address and body) gets the first one's answer.
   *
   * @throws RollcallError `IDEMPOTENCY_KEY_REUSED`, `REQUEST_IN_FLIGHT`, `ANSWER_LOST` or `TOO_MANY_REQUESTS`
   */
  once(caller: Caller, act: () => Promise<Reply>): Promise<Reply>;
}

interface Caller {
  contract: RouteContract;
  accountId: string | null;
  request: Request;
}

export interface IdempotencyOptions {
  knex: Knex;
  clock: Pick<Clock, 'wallMs'>;
  log: Log;
  seal: Seal;
}

/** Whether a route honors the header; what is public has no account that a key could belong to. */
export const takesIdempotencyKey = ({ method, access }: Pick<RouteContract, 'method' | 'access'>): boolean =>
  method !== 'get' && access !== 'public' && access !== 'gateway';

interface KeptRow {
  request_sha256: Buffer;
  claim: string;
  status: number | null;
  committed_at: Date | null;
  created_at: Date;
  answer_sealed: Buffer | null;
}

/** Makes writes repeatable for clients that did not hear the answer (design §7). */
export function createIdempotency(options: IdempotencyOptions): Idempotency {
  const { knex } = options;

  async function run(claim: Claim, { contract, request }: Caller, act: () => Promise<Reply>): Promise<Reply> {
    holdClaim(request, claim);
    try {
      const reply = await act();
      dropClaim(request);
      // Without a reply the handler has answered by itself: there is nothing to keep.
      if (reply === undefined) await release(options, claim);
      else await keep(options, claim, { ...reply, status: reply.status ?? contract.status });
      return reply;
    } catch (error) {
      dropClaim(request);
      const problem = problemOf(error);
      if (!claim.isCommitted) await release(options, claim);
      else if (isRollcallError(error) && problem.status < 500) {
        const headers = { 'Content-Type': PROBLEM_CONTENT_TYPE };
        await keep(options, claim, { status: problem.status, headers, body: problem });
      }
      throw error;
    }
  }

  return {
    async once(caller, act) {
      const { contract, accountId, request } = caller;
      const key = request.headers[IDEMPOTENCY_KEY.toLowerCase()];
      if (key === undefined || accountId === null || !takesIdempotencyKey(contract)) return act();
      if (typeof key !== 'string' || !KEY.test(key)) throw invalidKey();
      const claim: Claim = { accountId, key, id: randomUUID(), isCommitted: false };
      const sha256 = fingerprintOf(request);
      if (await take(options, claim, sha256)) return run(claim, caller, act);
      const row = await knex('idempotent_answer').where({ account_id: accountId, key }).first<KeptRow>();
      if (row === undefined) throw tooManyKeys();
      return replay(options, { ...claim, id: row.claim }, row, sha256);
    },
  };
}

/** True for whoever may run the request: the first one, or one after a process that died without committing. */
async function take({ knex, clock }: IdempotencyOptions, claim: Claim, sha256: Buffer): Promise<boolean> {
  const nowMs = clock.wallMs();
  const { rows } = await knex.raw<{ rows: object[] }>(
    `INSERT INTO idempotent_answer AS kept (account_id, key, request_sha256, claim, created_at)
     SELECT :account::uuid, :key, :sha256, :claim::uuid, :now
     WHERE (SELECT count(*) FROM (SELECT FROM idempotent_answer WHERE account_id = :account::uuid AND key <> :key
       LIMIT :most) AS others) < :most
     ON CONFLICT (account_id, key) DO UPDATE SET claim = excluded.claim, created_at = excluded.created_at
       WHERE kept.status IS NULL AND kept.committed_at IS NULL AND kept.created_at < :stale
         AND kept.request_sha256 = excluded.request_sha256
     RETURNING 1`,
    {
      account: claim.accountId,
      key: claim.key,
      sha256,
      claim: claim.id,
      now: new Date(nowMs),
      most: KEYS_PER_ACCOUNT_MAX,
      stale: new Date(nowMs - CLAIM_LEASE_MS),
    },
  );
  return rows.length === 1;
}

/** What was sent: the same key for something else is a mistake of the client, never a repetition. */
function fingerprintOf(request: Request): Buffer {
  const { method, originalUrl, headers } = request;
  const parts = [method, originalUrl, headers['if-match'] ?? null, (request.body as unknown) ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}

function replay({ seal, log, clock }: IdempotencyOptions, claim: Claim, row: KeptRow, sha256: Buffer): Reply {
  if (!row.request_sha256.equals(sha256)) {
    throw new RollcallError(
      'IDEMPOTENCY_KEY_REUSED',
      'This Idempotency-Key was used for another request; take a new key for each new request',
    );
  }
  const isLeaseOver = row.created_at.getTime() < clock.wallMs() - CLAIM_LEASE_MS;
  if (row.status === null && (row.committed_at === null || !isLeaseOver)) {
    throw new RollcallError(
      'REQUEST_IN_FLIGHT',
      'The same request is being answered at this moment; ask again in a second',
      { context: { retryAfterSeconds: 1 } },
    );
  }
  if (row.status === null || row.answer_sealed === null) throw answerLost();
  try {
    const { headers, body } = JSON.parse(seal.openText(row.answer_sealed, placeOf(claim)));
    return { status: row.status, headers: { ...headers, [REPLAYED_HEADER]: 'true' }, body };
  } catch (error) {
    log.warn({ err: error }, 'a kept answer cannot be opened');
    throw answerLost();
  }
}

interface Answered {
  status: number | undefined;
  headers?: Readonly<Record<string, string>>;
  body: unknown;
}

/** The work is done by now: that its answer could not be kept never makes it a failure. */
async function keep(
  { knex, seal, log }: IdempotencyOptions,
  claim: Claim,
  { status = 200, headers = {}, body }: Answered,
): Promise<void> {
  const text = JSON.stringify({ headers, body });
  const fits = Buffer.byteLength(text) <= ANSWER_BYTES_MAX;
  try {
    await knex('idempotent_answer')
      .where({ account_id: claim.accountId, key: claim.key, claim: claim.id })
      .update({ status, answer_sealed: fits ? seal.sealText(text, placeOf(claim)) : null });
  } catch (error) {
    log.warn({ err: error }, 'the answer to a request with an Idempotency-Key could not be kept');
  }
}

/** Nothing was changed: the same key may try again. */
async function release({ knex, log }: IdempotencyOptions, claim: Claim): Promise<void> {
  try {
    await knex('idempotent_answer')
      .where({ account_id: claim.accountId, key: claim.key, claim: claim.id })
      .whereNull('committed_at')
      .delete();
  } catch (error) {
    log.warn(
      { err: error },
      'an Idempotency-Key could not be released; it can be used again after its lease',
    );
  }
}

const placeOf = ({ accountId, id }: Claim) => ({
  table: 'idempotent_answer',
  column: 'answer_sealed',
  row: `${accountId}/${id}`,
});

const invalidKey = (): RollcallError =>
  new RollcallError(
    'REQUEST_INVALID',
    'Idempotency-Key: must be 1 to 200 visible ASCII characters, for example a UUID',
  );

const tooManyKeys = (): RollcallError =>
  new RollcallError(
    'TOO_MANY_REQUESTS',
    `More than ${KEYS_PER_ACCOUNT_MAX} Idempotency-Keys in a day; leave the header out, or go on tomorrow`,
  );

const answerLost = (): RollcallError =>
  new RollcallError(
    'ANSWER_LOST',
    'This request was carried out, but its answer was not kept; read what it changed instead of repeating it',
  );
