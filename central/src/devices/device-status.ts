import { type DeviceState, type DeviceStatus, deviceStatusSchema } from '@rollcall/protocol/device-status';
import { parseJson } from '@rollcall/protocol/parse';
import type { Knex } from '../db/database.js';
import { notifyGateways } from './live.js';

export const readDeviceStatus = (payload: Uint8Array): DeviceStatus =>
  parseJson(deviceStatusSchema, payload, 'MESSAGE_INVALID', 'The device status');

/** The seed's words for the supervisor's states. */
const STATUS_OF: Readonly<Record<DeviceState, string>> = {
  absent: 'inactive',
  opening: 'inactive',
  probing: 'inactive',
  closing: 'inactive',
  ready: 'active',
  degraded: 'error',
  blocked: 'error',
};

/** Devices that nobody configured in central are not made up here: their punches are kept all the same. */
export async function applyDeviceStatus(knex: Knex, gatewayId: string, status: DeviceStatus): Promise<void> {
  const changed = await knex('attendance_biometric_device')
    .where({ gateway_id: gatewayId, device_id: status.device_id })
    .update({
      reported: JSON.stringify(status),
      last_seen: knex.raw('greatest(last_seen, ?::timestamptz)', [status.last_frame_at]),
      // A human's "maintenance" is not a device's to end.
      status: knex.raw("CASE WHEN status = 'maintenance' THEN status ELSE ? END", [STATUS_OF[status.state]]),
    });
  if (changed > 0) await notifyGateways(knex, [gatewayId]);
}
