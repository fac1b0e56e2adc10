import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { raiseAlarm } from './alarms.js';
import { notifyGateways } from './live.js';
import { tellAffectedFaculty } from './tell-faculty.js';

/** Every replica forgets its key and cuts its connection on hearing this; the payload is its id. */
export const REVOKED_CHANNEL = 'rollcall_gateway_revoked';

export interface GatewayAct {
  gatewayId: string;
  reason: string;
  accountId: string | null;
  nowMs: number;
}

/**
 * A gateway is stolen or lost: its keys and its login are worthless from this transaction on, and what is on it is
 * to be considered known (domain cases 84, 94). Its devices stay part of the watermark of the classes that wait for
 * them: what it saw is missing, and a person decides about that. Faculty of the next classes are told at once.
 *
 * @throws RollcallError `NOT_FOUND`, or `INVALID_TRANSITION` where it is revoked already
 */
export async function revokeGateway(trx: Knex, act: GatewayAct): Promise<void> {
  const { gatewayId, reason, accountId, nowMs } = act;
  const at = new Date(nowMs);
  // As ingest holds it: rows are stored before this or never.
  const gateway = await trx('gateway')
    .where({ id: gatewayId })
    .forNoKeyUpdate()
    .first<{ revoked_at: Date | null } | undefined>('revoked_at');
  if (gateway === undefined) throw new RollcallError('NOT_FOUND', `There is no gateway ${gatewayId}`);
  if (gateway.revoked_at !== null) {
    throw new RollcallError(
      'INVALID_TRANSITION',
      `${gatewayId} is revoked already; register a gateway with a new id in its place`,
    );
  }
  await trx('gateway')
    .where({ id: gatewayId })
    .update({ revoked_at: at, revoked_reason: reason, secret_sha256: null, state: 'offline' });
  const keys = await trx('gateway_key')
    .where({ gateway_id: gatewayId, revoked_at: null })
    .update({ revoked_at: at })
    .returning<{ key_id: string }[]>('key_id');
  const templates = await trx('template_deployment')
    .where({ gateway_id: gatewayId })
    .whereIn('state', ['pushed', 'acked'])
    .update({ state: 'removing', changed_at: at });
  await writeAudit(trx, [
    {
      at,
      entityType: 'gateway',
      entityId: gatewayId,
      action: 'revoke',
      performedBy: accountId,
      reason,
      before: { revoked_at: null },
      after: { revoked_at: at, keys: keys.map(({ key_id: id }) => id), templates_to_remove: templates },
    },
  ]);
  await raiseAlarm(trx, {
    code: 'GATEWAY_REVOKED',
    message:
      `${gatewayId} was revoked: ${reason}. Classes that wait for its devices go to the head of the department; ` +
      'put another gateway in its place',
    gatewayId,
    detail: { templates_to_remove: templates },
    at,
  });
  await tellAffectedFaculty(trx, at);
  await trx.raw('SELECT pg_notify(?, ?)', [REVOKED_CHANNEL, gatewayId]);
  await notifyGateways(trx, [gatewayId]);
}

/**
 * A person has found out which machine is the right one: from now on its punches count by themselves again. What
 * was held meanwhile stays a matter of its review batch (domain case 95).
 *
 * @throws RollcallError `NOT_FOUND`, or `INVALID_TRANSITION` where it is not suspended
 */
export async function trustGateway(trx: Knex, act: GatewayAct): Promise<void> {
  const { gatewayId, reason, accountId, nowMs } = act;
  const at = new Date(nowMs);
  const gateway = await trx('gateway')
    .where({ id: gatewayId })
    .forNoKeyUpdate()
    .first<{ suspended_at: Date | null; suspended_reason: string } | undefined>(
      'suspended_at',
      'suspended_reason',
    );
  if (gateway === undefined) throw new RollcallError('NOT_FOUND', `There is no gateway ${gatewayId}`);
  if (gateway.suspended_at === null) {
    throw new RollcallError('INVALID_TRANSITION', `${gatewayId} is not suspended`);
  }
  await trx('gateway')
    .where({ id: gatewayId })
    // The boots seen so far are explained; one more of them would be a new question.
    .update({ suspended_at: null, suspended_reason: '', earlier_boots: [] });
  await trx('exception_item')
    .where({ code: 'GATEWAY_CLONED', gateway_id: gatewayId, resolved_at: null })
    .update({ resolved_at: at });
  await writeAudit(trx, [
    {
      at,
      entityType: 'gateway',
      entityId: gatewayId,
      action: 'trust',
      performedBy: accountId,
      reason,
      before: { suspended_at: gateway.suspended_at, reason: gateway.suspended_reason },
      after: { suspended_at: null },
    },
  ]);
  await notifyGateways(trx, [gatewayId]);
}
