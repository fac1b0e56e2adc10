import { Random } from '../random.js';
import { type Campus, type CampusDevice, type Room, type Student, shownTo } from './campus.js';
import { CardMaker } from './cards.js';
import { readerKind } from './reader-kinds.js';
import type { Occurrence } from './timetable.js';

export type TapReason =
  | 'first_round'
  | 'early'
  | 'on_time'
  | 'late'
  | 'after_cutoff'
  | 'twice'
  | 'wrong_room'
  | 'visitor';

/** Somebody at one device: a card, a user id or a finger. */
export interface PlannedTap {
  atMs: number;
  room: Room;
  device: CampusDevice;
  shown: string;
  reason: TapReason;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** Nobody comes before this; class sessions are planned at least as far ahead. */
export const EARLIEST_ARRIVAL_MS = 8 * MINUTE_MS;

/** How students come, of a hundred; whoever is not in it stays away or has forgotten the card. */
const ARRIVALS: readonly { share: number; reason: TapReason; fromMs: number; untilMs: number }[] = [
  { share: 58, reason: 'early', fromMs: -EARLIEST_ARRIVAL_MS, untilMs: 0 },
  { share: 20, reason: 'on_time', fromMs: 0, untilMs: 4.5 * MINUTE_MS },
  { share: 10, reason: 'late', fromMs: 6 * MINUTE_MS, untilMs: 18 * MINUTE_MS },
  { share: 3, reason: 'after_cutoff', fromMs: 21 * MINUTE_MS, untilMs: 26 * MINUTE_MS },
];
const TWICE_CHANCE = 0.05;
const TWICE_AFTER_MS = { min: 3 * SECOND_MS, max: 8 * SECOND_MS };
const WRONG_ROOM_CHANCE = 0.03;
/** How many come by the other door, and how many of those with a finger there use it. */
const SECOND_CHANCE = 0.3;
const FINGER_CHANCE = 0.85;
/** Noticing the mistake and walking over. */
const WRONG_ROOM_BEFORE_MS = { min: 40 * SECOND_MS, max: 100 * SECOND_MS };
const VISITORS_MAX = 2;
const VISITOR_SPREAD_MS = { min: -5 * MINUTE_MS, max: 15 * MINUTE_MS };

/** Everything that happens at the readers because of one class session; the same for the same seed and class. */
export function planSession(campus: Campus, { period, startMs }: Occurrence): PlannedTap[] {
  const random = Random.of(campus.seed, `${period.id}@${startMs}`);
  const { room } = period.section;
  const taps = period.section.students.flatMap((student) =>
    studentTaps(student, { campus, room, startMs, random }),
  );
  const strangers = new CardMaker(random);
  for (let visitor = random.int(0, VISITORS_MAX); visitor > 0; visitor--) {
    const atMs = startMs + random.int(VISITOR_SPREAD_MS.min, VISITOR_SPREAD_MS.max);
    const device = random.chance(SECOND_CHANCE) ? room.second : room.reader;
    const shown = shownTo(device.driver, {
      card: strangers.card(),
      rollNumber: `9${random.int(1_000, 9_999)}`,
    });
    taps.push({ atMs, room, device, shown, reason: 'visitor' });
  }
  return taps.sort((one, other) => one.atMs - other.atMs);
}

interface Arrival {
  campus: Campus;
  room: Room;
  startMs: number;
  random: Random;
}

function studentTaps(student: Student, { campus, room, startMs, random }: Arrival): PlannedTap[] {
  const lot = random.next() * 100;
  // Drawn for everybody, so that one student's habits never change another's.
  const isTwice = random.chance(TWICE_CHANCE);
  const twiceAfterMs = random.int(TWICE_AFTER_MS.min, TWICE_AFTER_MS.max);
  const isWrongRoom = random.chance(WRONG_ROOM_CHANCE);
  const wrongBeforeMs = random.int(WRONG_ROOM_BEFORE_MS.min, WRONG_ROOM_BEFORE_MS.max);
  const otherRoom = random.pick(campus.rooms.filter((candidate) => candidate !== room));
  const moment = random.next();
  const door = random.next();

  let below = 0;
  const arrival = ARRIVALS.find(({ share }) => {
    below += share;
    return lot < below;
  });
  if (arrival === undefined) return [];
  const atMs = Math.round(startMs + arrival.fromMs + moment * (arrival.untilMs - arrival.fromMs));
  const tap = (where: Room, whenMs: number, reason: TapReason): PlannedTap => {
    const device = deviceFor(student, { room: where, isOwn: where === room, door });
    return { atMs: whenMs, room: where, device, shown: shownTo(device.driver, student), reason };
  };
  const taps = [tap(room, atMs, arrival.reason)];
  if (isTwice) taps.push(tap(room, atMs + twiceAfterMs, 'twice'));
  if (isWrongRoom) taps.push(tap(otherRoom, atMs - wrongBeforeMs, 'wrong_room'));
  return taps;
}

/** A scanner knows only those who enrolled there; everything else reads everybody. */
function deviceFor(
  { hasFingers }: Student,
  { room, isOwn, door }: { room: Room; isOwn: boolean; door: number },
): CampusDevice {
  const isScanner = readerKind(room.second.driver).finger !== undefined;
  const share = !isScanner ? SECOND_CHANCE : isOwn && hasFingers ? FINGER_CHANCE : 0;
  return door < share ? room.second : room.reader;
}
