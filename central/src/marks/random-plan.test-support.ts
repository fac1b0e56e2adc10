import fc from 'fast-check';
import type { PolicyLimits } from '../rules/policy.js';
import {
  type Act,
  around,
  aroundStart,
  chains,
  MINUTE_MS,
  msOf,
  seldom,
  student,
} from './random-acts.test-support.js';

/** For tests: random campuses, each a day of classes under rules of its own, and what happens around them. */
export interface Plan {
  classes: readonly PlannedClass[];
  taps: readonly PlannedTap[];
  anchors: readonly PlannedAnchor[];
  /** Each is done in its order; between them there is none. */
  chains: readonly (readonly Act[])[];
}

export interface PlannedClass {
  group: string;
  room: string;
  from: string;
  until: string;
  periods: number;
  /** Held beside the section, or in a second room. */
  alsoGroup: string | undefined;
  alsoRoom: string | undefined;
  /** It moves, this long after its start. */
  move: { room: string; afterMs: number } | undefined;
  /** What a person says about evidence of this class that came too late. */
  isLateEvidenceAccepted: boolean;
  policy: Partial<PolicyLimits>;
}

export interface PlannedTap {
  student: number;
  device: string;
  how: 'plain' | 'pin' | 'claim' | 'one-to-one';
  /** Milliseconds after midnight on campus. */
  atMs: number;
  isOut: boolean;
  /** Of a boot whose clock was not set: anchors place it. */
  isUnsynced: boolean;
  /** Comes days after it happened, and counts once a person has accepted it (domain case 81). */
  isTooLate: boolean;
}

export interface PlannedAnchor {
  atMs: number;
  /** How far the clock had been set by then. */
  driftMs: number;
}

/** Somebody whose card nobody knows. */
const STRANGER = 99;
const READERS_OF: Readonly<Record<string, readonly string[]>> = {
  r101: ['c101', 'c101', 'f101'],
  r102: ['c102'],
  r103: ['in103', 'in103', 'out103'],
  r104: ['c104'],
  r202: ['c202'],
  r205: ['c205'],
  gate: ['gate1'],
};
const PERIODS = [
  ['09:00', '09:50'],
  ['09:50', '10:40'],
  ['10:40', '11:30'],
] as const;

const whole = (max: number): fc.Arbitrary<number> => fc.nat({ max });

const policy: fc.Arbitrary<Partial<PolicyLimits>> = fc
  .record({
    early_open_minutes: fc.constantFrom(10, 10, 0, 25),
    grace_period_minutes: fc.constantFrom(5, 5, 0, 12),
    late_cutoff_minutes: fc.constantFrom(20, 20, 12, 30),
    close_grace_minutes: fc.constantFrom(5, 0, 10),
    debounce_seconds: fc.constantFrom(60, 0, 600),
    min_duration_for_present_minutes: fc.constantFrom(10, 0, 25),
    min_duration_for_present_percent: fc.constantFrom(0, 0, 50),
    contiguous_gap_minutes: fc.constantFrom(10, 0),
    walk_minutes: fc.constantFrom(0, 5),
    carry_early: fc.boolean(),
    contiguous_carry: fc.boolean(),
    capture_per_period: fc.boolean(),
    partial_periods: fc.boolean(),
    card_and_finger: fc.boolean(),
    biometric_enabled: seldom.map((isOff) => !isOff),
    rfid_enabled: seldom.map((isOff) => !isOff),
    suspended_mark: fc.constantFrom('absent' as const, 'not_required' as const),
    withdrawn_mark: fc.constantFrom('absent' as const, 'not_required' as const),
  })
  .map((limits) => ({ ...limits }));

const aClass = (shape: {
  group: string;
  rooms: readonly string[];
  times: readonly [string, string];
  periods?: number;
}): fc.Arbitrary<PlannedClass> =>
  fc.record({
    group: fc.constant(shape.group),
    room: fc.constantFrom(...shape.rooms),
    from: fc.constant(shape.times[0]),
    until: fc.constant(shape.times[1]),
    periods: fc.constant(shape.periods ?? 1),
    alsoGroup: seldom.map((is) => (is ? 'cse-b' : undefined)),
    alsoRoom: seldom.map((is) => (is ? 'r202' : undefined)),
    move: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.record({
          room: fc.constantFrom('r102', 'r205'),
          afterMs: fc.constantFrom(-6, 4, 15).map((minutes) => minutes * MINUTE_MS),
        }),
      },
    ),
    isLateEvidenceAccepted: fc.boolean(),
    policy,
  });

/** Three classes in a row for the section, others at the same times for those who have joined, and a lab. */
const classes: fc.Arbitrary<PlannedClass[]> = fc.tuple(
  ...PERIODS.map((times) =>
    aClass({ group: 'cse-a', rooms: ['r101', 'r101', 'r103', 'r103', 'r104'], times }),
  ),
  aClass({ group: 'elective', rooms: ['r102', 'r205'], times: PERIODS[1] }),
  aClass({ group: 'b1', rooms: ['r202', 'r104'], times: PERIODS[2] }),
  aClass({ group: 'cse-a', rooms: ['r103', 'r104'], times: ['14:00', '16:30'], periods: 3 }),
);

/** What happens to most taps is that they belong to a class; the others are anywhere at any time. */
type Aimed = PlannedTap & { aim: number; reader: number; afterMs: number };

const tap: fc.Arbitrary<Aimed> = fc.record({
  student: fc.oneof({ weight: 20, arbitrary: student }, { weight: 1, arbitrary: fc.constant(STRANGER) }),
  device: fc.constantFrom(...Object.values(READERS_OF).flat()),
  atMs: aroundStart,
  aim: whole(7),
  reader: whole(3),
  afterMs: around,
  how: fc.oneof(
    { weight: 8, arbitrary: fc.constant('plain' as const) },
    { weight: 1, arbitrary: fc.constantFrom('pin' as const, 'claim' as const, 'one-to-one' as const) },
  ),
  isOut: seldom,
  isUnsynced: seldom,
  isTooLate: seldom,
});

const aimed =
  (held: readonly PlannedClass[]) =>
  ({ aim, reader, afterMs, ...rest }: Aimed): PlannedTap => {
    const target = held[aim];
    if (target === undefined) return rest;
    const isMoved = target.move !== undefined && afterMs % 2_000 === 0;
    const readers = READERS_OF[isMoved ? (target.move?.room ?? '') : target.room] ?? [];
    return {
      ...rest,
      device: readers[reader % readers.length] ?? rest.device,
      atMs: msOf(target.from) + afterMs,
    };
  };

/** A finger in one building and a card in another, too soon after or before it (domain case 51). */
const trip: fc.Arbitrary<PlannedTap[]> = fc
  .record({ student, atMs: aroundStart, minutes: fc.constantFrom(-3, 2), isOut: fc.constant(false) })
  .map(({ minutes, ...drawn }): PlannedTap[] => {
    const both = { ...drawn, isUnsynced: false, isTooLate: false, how: 'plain' as const };
    return [
      { ...both, device: 'f101' },
      { ...both, device: 'c205', atMs: drawn.atMs + minutes * MINUTE_MS },
    ];
  });

const anchor: fc.Arbitrary<PlannedAnchor> = fc.record({
  atMs: fc.integer({ min: msOf('08:40'), max: msOf('17:00') }),
  driftMs: fc.constantFrom(0, 0, 1_000, 90_000),
});

export const plan: fc.Arbitrary<Plan> = fc
  .record({
    classes,
    taps: fc.array(tap, { minLength: 14, maxLength: 28 }),
    trips: fc.array(trip, { maxLength: 2 }),
    anchors: fc.array(anchor, { maxLength: 2 }),
    chains,
  })
  .map(({ taps, trips, ...rest }) => ({
    ...rest,
    taps: [...taps.map(aimed(rest.classes)), ...trips.flat()],
  }));
