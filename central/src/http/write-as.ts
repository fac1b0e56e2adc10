import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import type { AuditActor } from '../audit/audit-actor.js';
import type { Client } from '../auth/client.js';
import type { Principal } from '../auth/principal.js';
import { isRolledBack } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { claimOf, markCommitted } from './idempotency-claim.js';

export interface Writer {
  principal: Principal;
  request: Request;
}

const USER_AGENT_CHARACTERS_MAX = 300;
const REQUEST_ID = /^[A-Za-z0-9._:-]{8,64}$/;

/**
 * A transaction that knows who asked for it: every audit row written in it carries account, role, address,
 * user agent and request id by default (domain case 158), whichever statement writes it. A deadlock is repeated once:
 * `act` keeps what it finds in what it returns.
 */
export async function writeAs<Result>(
  knex: Knex,
  writer: Writer,
  act: (trx: Knex) => Promise<Result>,
): Promise<Result> {
  const claim = claimOf(writer.request);
  const { accountId, role, ip, userAgent, requestId } = actorOf(writer);
  const result = await repeatedOnce(() =>
    knex.transaction(async (trx) => {
      await prepared(trx, CONTEXT_SQL, [role, ip, userAgent, requestId, accountId ?? '']);
      if (claim !== undefined) await markCommitted(trx, claim);
      return act(trx);
    }),
  );
  if (claim !== undefined) claim.isCommitted = true;
  return result;
}

/** Undone for the sake of another transaction, it has done nothing yet, and that one is over by the second time. */
async function repeatedOnce<Result>(transact: () => Promise<Result>): Promise<Result> {
  try {
    return await transact();
  } catch (error) {
    if (!isRolledBack(error)) throw error;
    return transact();
  }
}

/** The same for a gateway that writes with its own login. */
export function writeAsGateway<Result>(
  knex: Knex,
  { gatewayId, request }: { gatewayId: string; request: Request },
  act: (trx: Knex) => Promise<Result>,
): Promise<Result> {
  const { ip, userAgent, requestId } = clientOf(request);
  return repeatedOnce(() =>
    knex.transaction(async (trx) => {
      await prepared(trx, CONTEXT_SQL, ['gateway', ip, userAgent, requestId, `gateway:${gatewayId}`]);
      return act(trx);
    }),
  );
}

const CONTEXT_SQL = `SELECT set_config('rollcall.actor_role', ?, true), set_config('rollcall.ip', ?, true),
  set_config('rollcall.user_agent', ?, true), set_config('rollcall.request_id', ?, true),
  set_config('rollcall.account_id', ?, true)`;

/** For what is written together with the work of others, where no transaction is one request's. */
export function actorOf({ principal, request }: Writer): AuditActor {
  return {
    accountId: principal.accountId,
    role: principal.grants.map(({ role }) => role).join(','),
    ip: request.ip ?? '',
    userAgent: (request.headers['user-agent'] ?? '').slice(0, USER_AGENT_CHARACTERS_MAX),
    requestId: requestIdOf(request),
  };
}

/** Of a request that nobody is signed in for, or that signs in. */
export const clientOf = (request: Request): Client => ({
  ip: request.ip ?? '',
  userAgent: (request.headers['user-agent'] ?? '').slice(0, USER_AGENT_CHARACTERS_MAX),
  requestId: requestIdOf(request),
});

const ids = new WeakMap<Request, string>();

/** The caller's own id where it is a sane one, so that its logs and ours can be laid side by side. */
export function requestIdOf(request: Request): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  ids.set(request, id);
  return id;
}
