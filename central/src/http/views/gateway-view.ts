import type { Health } from '@rollcall/protocol/health';
import type { Knex } from '../../db/database.js';
import { GATEWAY_SILENT_AFTER_MS } from '../../devices/silence.js';
import type { GatewayItem } from '../contracts/devices.js';
import { toInstantOrNull } from '../contracts/fields.js';

export const GATEWAY_COLUMNS = `
  g.id, g.name, g.building_id, building.name AS building_name, g.state, g.revoked_at, g.suspended_at, g.last_seen_at, g.health, g.health_at, g.software, g.roster_version,
  (SELECT max(version) FROM gateway_roster r WHERE r.gateway_id = g.id) AS newest_roster_version,
  (SELECT count(*) FROM template_deployment t WHERE t.gateway_id = g.id AND t.state = 'removing')::int AS templates_to_remove,
  coalesce((
    SELECT jsonb_agg(jsonb_build_object('id', d.device_id, 'name', d.device_name, 'room_id', d.room_id,
      'state', d.reported->'state', 'last_frame_at', d.reported->'last_frame_at') ORDER BY d.device_id)
    FROM attendance_biometric_device d WHERE d.gateway_id = g.id), '[]') AS devices`;
export const GATEWAY_JOINS = 'gateway g JOIN building ON building.id = g.building_id';

export interface GatewayRow {
  id: string;
  name: string;
  building_id: string;
  building_name: string;
  state: GatewayItem['state'];
  revoked_at: Date | null;
  suspended_at: Date | null;
  last_seen_at: Date | null;
  health: Health | null;
  health_at: Date | null;
  software: string | null;
  roster_version: number;
  newest_roster_version: number | null;
  templates_to_remove: number;
  devices: GatewayItem['devices'];
}

export function toGatewayItem(row: GatewayRow, nowMs: number): GatewayItem {
  const { health } = row;
  const standing = [
    ...(row.revoked_at === null ? [] : ['GATEWAY_REVOKED']),
    ...(row.suspended_at === null ? [] : ['GATEWAY_CLONED']),
  ];
  return {
    id: row.id,
    name: row.name,
    building: { id: row.building_id, name: row.building_name },
    state: isSilent(row, nowMs) ? 'offline' : row.state,
    revoked_at: toInstantOrNull(row.revoked_at),
    suspended_at: toInstantOrNull(row.suspended_at),
    last_seen_at: toInstantOrNull(row.last_seen_at),
    health_at: toInstantOrNull(row.health_at),
    // Red on the page, whatever it last said of itself.
    level: standing.length > 0 ? 'critical' : (health?.level ?? null),
    problems: [...standing, ...(health?.problems ?? [])],
    queue_depth: health == null ? null : Math.max(0, health.head_seq - health.acked_seq),
    head_seq: health?.head_seq ?? null,
    acked_seq: health?.acked_seq ?? null,
    clock_state: health?.clock_state ?? null,
    hours_left: health?.disk.hours_left ?? null,
    software: row.software,
    roster_version: row.roster_version,
    newest_roster_version: row.newest_roster_version ?? 0,
    templates_to_remove: row.templates_to_remove,
    devices: row.devices,
  };
}

/** A broker that was restarted sends no last will: whoever is not heard for long is not there. */
function isSilent({ state, last_seen_at }: GatewayRow, nowMs: number): boolean {
  return state === 'online' && nowMs - (last_seen_at?.getTime() ?? 0) > GATEWAY_SILENT_AFTER_MS;
}

export async function loadGatewayItems(
  knex: Knex,
  ids: readonly string[],
  nowMs: number,
): Promise<GatewayItem[]> {
  const { rows } = await knex.raw<{ rows: GatewayRow[] }>(
    `SELECT ${GATEWAY_COLUMNS} FROM ${GATEWAY_JOINS} WHERE g.id = ANY(?::text[]) ORDER BY g.id`,
    [ids as never],
  );
  return rows.map((row) => toGatewayItem(row, nowMs));
}
