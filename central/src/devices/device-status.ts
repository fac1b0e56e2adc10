import { type DeviceState, type DeviceStatus, deviceStatusSchema } from '@rollcall/protocol/device-status';
import type { Health } from '@rollcall/protocol/health';
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

interface DeviceStatusMessage {
  gatewayId: string;
  status: DeviceStatus;
  at: Date;
}

/** Devices that nobody configured in central are not made up here: their punches are kept all the same. */
export async function applyDeviceStatus(
  knex: Knex,
  { gatewayId, status, at }: DeviceStatusMessage,
): Promise<void> {
  const changed = await knex('attendance_biometric_device')
    .where({ gateway_id: gatewayId, device_id: status.device_id })
    .update({
      reported: JSON.stringify(status),
      // Never in the future: the clock of a gateway may be wrong, and this one only grows.
      last_seen: knex.raw('greatest(last_seen, least(?::timestamptz, ?::timestamptz))', [
        status.last_frame_at,
        status.last_frame_at === null ? null : at,
      ]),
      // A human's "maintenance" is not a device's to end.
      status: knex.raw("CASE WHEN status = 'maintenance' THEN status ELSE ? END", [STATUS_OF[status.state]]),
    });
  if (changed > 0) await notifyGateways(knex, [gatewayId]);
}

/** Of the report `r` for the device `d`. */
const PROBLEM = `CASE WHEN r.says_why THEN r.problem
  WHEN d.reported->>'state' = r.state THEN nullif(d.reported->'problem', 'null') END`;

interface DeviceHealth {
  gatewayId: string;
  devices: Health['devices'];
  at: Date;
}

/**
 * What a health report says of the devices: the last frame, which no status of its own tells, and the state with
 * its reason, so that a device status that was lost or came in the wrong order is set right within a minute, and
 * none is ever shown as absent without saying why. Software that gives no reason leaves the one that is known of
 * the same state. The caller notifies.
 */
export async function applyDeviceHealth(trx: Knex, { gatewayId, devices, at }: DeviceHealth): Promise<void> {
  if (devices.length === 0) return;
  const reports = devices.map(({ device_id, state, problem, last_frame_at }) => ({
    device_id,
    state,
    problem,
    says_why: problem !== undefined,
    status: STATUS_OF[state],
    last_frame_at,
  }));
  await trx.raw(
    `UPDATE attendance_biometric_device d
     SET reported = coalesce(d.reported, '{}') || jsonb_build_object('state', r.state, 'last_frame_at', r.last_frame_at,
           'problem', ${PROBLEM}),
         last_seen = CASE WHEN r.last_frame_at IS NULL THEN d.last_seen
           ELSE greatest(d.last_seen, least(r.last_frame_at::timestamptz, :at::timestamptz)) END,
         status = CASE WHEN d.status = 'maintenance' THEN d.status ELSE r.status END
     FROM jsonb_to_recordset(:reports::jsonb)
       AS r (device_id text, state text, problem jsonb, says_why boolean, status text, last_frame_at text)
     WHERE d.gateway_id = :gatewayId AND d.device_id = r.device_id
       AND (d.reported->>'state', d.reported->>'last_frame_at', nullif(d.reported->'problem', 'null'))
         IS DISTINCT FROM (r.state, r.last_frame_at, ${PROBLEM})`,
    { gatewayId, at, reports: JSON.stringify(reports) },
  );
}
