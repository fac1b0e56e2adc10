import { RollcallError } from '@rollcall/protocol/errors';
import { deviceIdSchema, gatewayIdSchema } from '@rollcall/protocol/ids';
import * as z from 'zod';
import { wakeIfFinalizable } from '../../sessions/wake-scheduler.js';
import { masterName, optionalReference } from './keys.js';
import type { Master } from './master.js';

/** What a person says; the other two are what the device itself is found to be. */
const BY_HAND = ['maintenance', 'inactive'];

/** The seed's name for every configured device, card readers included (domain A1.12). */
export const biometricDevices: Master = {
  path: 'biometric-devices',
  one: 'device',
  many: 'biometric devices',
  idName: 'biometric device',
  tag: 'Gateways and devices',
  table: 'attendance_biometric_device',
  key: [
    { name: 'gateway', column: 'gateway_id', schema: gatewayIdSchema, kind: 'text' },
    { name: 'id', column: 'device_id', schema: deviceIdSchema, kind: 'text' },
  ],
  fields: {
    name: { column: 'device_name', schema: masterName },
    type: {
      column: 'device_type',
      schema: z.enum(['rfid', 'fingerprint', 'face', 'iris', 'palm', 'qr_kiosk', 'lights']),
      isFilter: true,
    },
    driver: { column: 'driver', schema: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/) },
    // Captures keep the room that they were made in; a device that moves takes none of them along.
    room: optionalReference('room', 'room_id'),
    direction: { column: 'direction', schema: z.enum(['in', 'out', 'both']), initial: 'both' },
    status: {
      column: 'status',
      schema: z.enum(['active', 'inactive', 'maintenance', 'error']),
      initial: 'inactive',
      isFilter: true,
    },
    is_enabled: { column: 'is_enabled', schema: z.boolean(), initial: true, isFilter: true },
  },
  read: 'devices.read',
  write: 'devices.write',
  search: ['device_id', 'device_name'],
  uses: [
    {
      what: 'punch',
      sql: 'SELECT count(*) AS n FROM (SELECT 1 FROM punch WHERE gateway_id = ? AND device_id = ? LIMIT 1000) seen',
    },
  ],
  refuse: async (trx, { action, body, key }) => {
    if (body['status'] !== undefined && !BY_HAND.includes(String(body['status']))) {
      throw new RollcallError(
        'REQUEST_INVALID',
        `status: a person says ${BY_HAND.join(' or ')}; the rest is what the device reports`,
      );
    }
    if (action !== 'create') return;
    const gateway = await trx('gateway').where({ id: key['gateway'] }).first('id');
    if (gateway === undefined)
      throw new RollcallError('REQUEST_INVALID', `gateway: there is no gateway ${key['gateway']}`);
  },
  after: async (trx, { action, key, body, before, next }) => {
    // A class is not kept waiting for a device that is taken out of service (domain case 86).
    if (action !== 'delete' && body['status'] !== undefined && body['is_enabled'] !== false) {
      await trx('attendance_biometric_device')
        .where({ gateway_id: key['gateway'], device_id: key['id'] })
        .update({ is_enabled: body['status'] !== 'maintenance' });
    }
    const rooms = [before?.['room'], next['room']].filter((room) => typeof room === 'string');
    await wakeIfFinalizable(trx, rooms);
  },
};
