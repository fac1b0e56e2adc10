import { gatewayIdSchema } from '@rollcall/protocol/ids';
import * as z from 'zod';
import { idKey, masterName, reference } from './keys.js';
import type { Master } from './master.js';

/** The list of gateways with their health is a route of its own; this is what a person says of them. */
export const gateways: Master = {
  path: 'gateways',
  one: 'gateway',
  many: 'gateways',
  tag: 'Gateways and devices',
  table: 'gateway',
  key: [{ ...idKey, schema: gatewayIdSchema }],
  fields: {
    building: reference('building', 'building_id'),
    name: { column: 'name', schema: masterName },
  },
  shows: {
    has_password: {
      schema: z.boolean().describe('Whether it can sign in to the broker'),
      sql: 't.secret_sha256 IS NOT NULL',
    },
    keys: {
      schema: z.array(z.strictObject({ key_id: z.string(), is_revoked: z.boolean() })),
      sql: `coalesce((SELECT json_agg(json_build_object('key_id', k.key_id, 'is_revoked', k.revoked_at IS NOT NULL)
        ORDER BY k.registered_at, k.key_id) FROM gateway_key k WHERE k.gateway_id = t.id), '[]')`,
    },
  },
  read: 'devices.read',
  write: 'devices.write',
  operations: ['create', 'read', 'update', 'delete'],
  uses: [
    {
      what: 'punch',
      sql: 'SELECT count(*) AS n FROM (SELECT 1 FROM punch WHERE gateway_id = ? LIMIT 1000) sent',
    },
  ],
  refuse: async (trx, { action, key }) => {
    if (action !== 'delete') return;
    // Made by central itself for every gateway; of one that never sent anything they are worth nothing.
    const sent = await trx('gateway_store').where({ gateway_id: key['id'] }).first('store_id');
    if (sent !== undefined) return;
    await trx('gateway_roster').where({ gateway_id: key['id'] }).delete();
    await trx('gateway_key').where({ gateway_id: key['id'] }).delete();
  },
};
