import type { DeviceStatus } from '@rollcall/protocol/device-status';
import type * as z from 'zod';
import { Conditions } from '../conditions.js';
import { deviceSchema, devicesQuery } from '../contracts/devices.js';
import { API, toInstantOrNull } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText } from '../cursor.js';
import { defineRoute } from '../route.js';

interface DeviceRow {
  gateway_id: string;
  device_id: string;
  device_name: string;
  device_type: string;
  driver: string;
  room_id: string | null;
  room_name: string | null;
  direction: 'in' | 'out' | 'both';
  status: 'active' | 'inactive' | 'maintenance' | 'error';
  is_enabled: boolean;
  last_seen: Date | null;
  reported: DeviceStatus | null;
  complete_through: Date | null;
}

export const listDevices = defineRoute(
  {
    method: 'get',
    path: `${API}/devices/`,
    operationId: 'listDevices',
    tag: 'Gateways and devices',
    summary: 'Configured devices with what their gateways last reported of them',
    access: 'devices.read',
    query: devicesQuery,
    reply: { schema: pageOf(deviceSchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions()
      .equal('d.gateway_id', query.gateway)
      .equal('d.room_id', query.room)
      .equal('d.is_enabled', query.enabled);
    const position = decodeCursor(query.cursor, [shortText, shortText]);
    if (position !== undefined) conditions.add('(d.gateway_id, d.device_id) > (?, ?)', ...position);
    const { rows } = await db.knex.raw<{ rows: DeviceRow[] }>(
      `SELECT d.*, room.name AS room_name FROM attendance_biometric_device d LEFT JOIN room ON room.id = d.room_id
       WHERE ${conditions.where} ORDER BY d.gateway_id, d.device_id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, {
        item: toDevice,
        position: (row) => [row.gateway_id, row.device_id],
      }),
    };
  },
);

function toDevice(row: DeviceRow): z.infer<typeof deviceSchema> {
  return {
    id: row.device_id,
    gateway_id: row.gateway_id,
    name: row.device_name,
    type: row.device_type,
    driver: row.driver,
    room: row.room_id === null ? null : { id: row.room_id, name: row.room_name ?? row.room_id },
    direction: row.direction,
    status: row.status,
    is_enabled: row.is_enabled,
    last_seen_at: toInstantOrNull(row.last_seen),
    complete_through: toInstantOrNull(row.complete_through),
    state: row.reported?.state ?? null,
    problem: row.reported?.problem ?? null,
    counters: row.reported?.counters ?? {},
  };
}
