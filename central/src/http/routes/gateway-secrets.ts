import { createHash, randomBytes } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../../audit/write-audit.js';
import type { Principal } from '../../auth/principal.js';
import type { Knex } from '../../db/database.js';
import { API } from '../contracts/fields.js';
import {
  gatewayKeyBody,
  gatewayKeyParams,
  gatewayKeySchema,
  gatewayParams,
  gatewayPasswordSchema,
} from '../contracts/gateway-secrets.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Gateways and devices';
const PASSWORD_BYTES = 32;
const KEY_ID_HEX = 16;

async function holdGateway(trx: Knex, id: string): Promise<void> {
  const gateway = await trx('gateway').where({ id }).forUpdate().first('id');
  if (gateway === undefined) throw new RollcallError('NOT_FOUND', `There is no gateway ${id}`);
}

interface Act {
  principal: Principal;
  gatewayId: string;
  action: string;
  at: Date;
  after: object;
}

const audit = (trx: Knex, { principal, gatewayId, action, at, after }: Act): Promise<void> =>
  writeAudit(trx, [
    { at, entityType: 'gateway', entityId: gatewayId, action, performedBy: principal.accountId, after },
  ]);

export const registerGatewayKey = defineRoute(
  {
    method: 'post',
    path: `${API}/gateways/{id}/keys/`,
    operationId: 'registerGatewayKey',
    tag: TAG,
    summary: 'Lets central believe batches that are signed with this key',
    access: 'devices.write',
    status: 201,
    params: gatewayParams,
    body: gatewayKeyBody,
    reply: { schema: gatewayKeySchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'ALREADY_EXISTS'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal } = input;
    const bytes = Buffer.from(body.public_key, 'base64');
    const keyId = createHash('sha256').update(bytes).digest('hex').slice(0, KEY_ID_HEX);
    const at = new Date(clock.wallMs());
    await writeAs(db.knex, input, async (trx) => {
      await holdGateway(trx, params.id);
      const made = await trx('gateway_key')
        .insert({ key_id: keyId, gateway_id: params.id, public_key: bytes, registered_at: at })
        .onConflict('key_id')
        .ignore()
        .returning('key_id');
      if (made.length === 0) {
        throw new RollcallError(
          'ALREADY_EXISTS',
          'This key is registered already, for this gateway or another one; a key that was revoked stays so: make a new one',
        );
      }
      await audit(trx, {
        principal,
        gatewayId: params.id,
        action: 'register_key',
        at,
        after: { key_id: keyId },
      });
    });
    return { body: { key_id: keyId, is_revoked: false } };
  },
);

export const revokeGatewayKey = defineRoute(
  {
    method: 'delete',
    path: `${API}/gateways/{id}/keys/{key_id}/`,
    operationId: 'revokeGatewayKey',
    tag: TAG,
    summary: 'Batches signed with this key are kept apart with an alarm from now on; for good',
    access: 'devices.write',
    params: gatewayKeyParams,
    reply: { schema: gatewayKeySchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { params, principal } = input;
    const at = new Date(clock.wallMs());
    await writeAs(db.knex, input, async (trx) => {
      const changed = await trx('gateway_key')
        .where({ gateway_id: params.id, key_id: params.key_id })
        .whereNull('revoked_at')
        .update({ revoked_at: at });
      if (changed === 0) {
        throw new RollcallError('NOT_FOUND', `The gateway ${params.id} has no key ${params.key_id} in force`);
      }
      const after = { key_id: params.key_id };
      await audit(trx, { principal, gatewayId: params.id, action: 'revoke_key', at, after });
    });
    return { body: { key_id: params.key_id, is_revoked: true } };
  },
);

export const renewGatewayPassword = defineRoute(
  {
    method: 'post',
    path: `${API}/gateways/{id}/password/`,
    operationId: 'renewGatewayPassword',
    tag: TAG,
    summary: 'A new password for the broker, shown this once; the one before works no more',
    access: 'devices.write',
    params: gatewayParams,
    reply: { schema: gatewayPasswordSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { params, principal } = input;
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    const at = new Date(clock.wallMs());
    await writeAs(db.knex, input, async (trx) => {
      await holdGateway(trx, params.id);
      await trx('gateway')
        .where({ id: params.id })
        .update({
          secret_sha256: createHash('sha256').update(password, 'utf8').digest(),
          version: trx.raw('version + 1'),
          updated_at: at,
        });
      await audit(trx, { principal, gatewayId: params.id, action: 'renew_password', at, after: {} });
    });
    return { body: { mqtt_password: password } };
  },
);
