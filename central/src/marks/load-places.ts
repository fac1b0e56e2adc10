import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { type Capture, type Place, walkKey } from '../rules/facts.js';
import type { LoadedSession } from './load-sessions.js';

export interface Places {
  places: ReadonlyMap<string, Place>;
  walks: ReadonlyMap<string, number>;
}

const NOWHERE_ELSE: Places = { places: new Map(), walks: new Map() };

/** What the rooms are where students were captured; nothing is read while everybody is where their class is. */
export async function loadPlaces(
  trx: Knex,
  sessions: Iterable<LoadedSession>,
  captures: Iterable<readonly Capture[]>,
): Promise<Places> {
  const classRooms = new Set<string>();
  for (const { rooms } of sessions) for (const { roomId } of rooms) classRooms.add(roomId);
  const seen = new Set<string>();
  let isElsewhere = false;
  for (const group of captures) {
    const first = group[0]?.roomId ?? null;
    for (const { roomId } of group) {
      if (roomId === null) continue;
      seen.add(roomId);
      // Somebody who was in two rooms, or in one that is nobody's class room now.
      if (roomId !== first || !classRooms.has(roomId)) isElsewhere = true;
    }
  }
  if (!isElsewhere) return NOWHERE_ELSE;
  const rooms = await prepared<{ rows: { id: string; building_id: string; purpose: Place['purpose'] }[] }>(
    trx,
    'SELECT id, building_id, purpose FROM room WHERE id = ANY(?::text[])',
    [[...seen] as never],
  );
  const walks = await prepared<{ rows: { building_a: string; building_b: string; minutes: number }[] }>(
    trx,
    'SELECT building_a, building_b, minutes FROM building_walk WHERE building_a = ANY(?::text[])',
    [[...new Set(rooms.rows.map((room) => room.building_id))] as never],
  );
  return {
    places: new Map(
      rows(rooms).map((room) => [room.id, { buildingId: room.building_id, purpose: room.purpose }]),
    ),
    walks: new Map(rows(walks).map((walk) => [walkKey(walk.building_a, walk.building_b), walk.minutes])),
  };
}

const rows = <Row>(result: { rows: Row[] }): Row[] => result.rows;
