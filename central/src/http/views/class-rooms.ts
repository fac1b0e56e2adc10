import type { DerivedCapture } from '../../rules/derivation.js';
import { IGNORE_REASONS, type IgnoreReason } from '../../rules/reasons.js';

/** Where a class session was, for as long as it was there; milliseconds, null without an end. */
export interface RoomOfClass {
  name: string;
  from: number | null;
  until: number | null;
}

/** Of a class session `s`, as {@link RoomOfClass} by name. */
export const CLASS_ROOMS_COLUMN = `
  (SELECT coalesce(jsonb_agg(jsonb_build_object('name', room.name,
       'from', floor(extract(epoch FROM nullif(lower(x.valid_during), '-infinity')) * 1000),
       'until', floor(extract(epoch FROM nullif(upper(x.valid_during), 'infinity')) * 1000)) ORDER BY room.name), '[]')
   FROM session_room x JOIN room ON room.id = x.room_id WHERE x.session_id = s.id) AS class_rooms`;

const ABOUT_ROOMS: readonly IgnoreReason[] = ['WRONG_ROOM', 'ROOM_MOVED', 'REDIRECTED'];

/** Where somebody captured in the wrong room should have gone, by name (domain cases 54, 57); none for other reasons. */
export function rightRooms(
  { at }: Pick<DerivedCapture, 'at'>,
  why: IgnoreReason | null,
  rooms: readonly RoomOfClass[],
): string[] {
  if (why === null || !ABOUT_ROOMS.includes(why)) return [];
  const atMs = at === null || why === 'REDIRECTED' ? Number.MAX_SAFE_INTEGER : Date.parse(at);
  return rooms
    .filter(({ from, until }) => (from ?? -Infinity) <= atMs && atMs < (until ?? Infinity))
    .map(({ name }) => name);
}

/** Why a capture did not count, in a sentence that names the rooms where it is about them. */
export function whyInWords(why: IgnoreReason, room: string | null, right: readonly string[]): string {
  if (room === null || right.length === 0) return IGNORE_REASONS[why];
  const rooms = right.join(', ');
  switch (why) {
    case 'WRONG_ROOM':
      return `It was taken in ${room}; the class was in ${rooms}`;
    case 'ROOM_MOVED':
      return `It was taken in ${room}; the class had moved to ${rooms} by then`;
    case 'REDIRECTED':
      return `It was taken in ${room}; the class moved to ${rooms} afterwards, and the student was not captured there within ten minutes`;
    default:
      return IGNORE_REASONS[why];
  }
}
