import fc from 'fast-check';
import { DECISION_KINDS } from '../rules/facts.js';
import type { PolicyLimits } from '../rules/policy.js';

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
  isCancelled: boolean;
  /** What a person says about evidence of this class that came too late. */
  isLateEvidenceAccepted: boolean;
  policy: Partial<PolicyLimits>;
}

export interface PlannedTap {
  student: number;
  device: string;
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

export interface Decide {
  what: 'decide';
  session: number;
  student: number;
  kind: string;
  mark: string;
  atMs: number;
}

export type Act =
  | Decide
  /** The same person takes back the word that stands before it in the chain. */
  | { what: 'withdraw'; session: number; student: number; decision: Decide }
  | { what: 'leave'; student: number; isPartOfDay: boolean }
  | { what: 'revoke-leave'; student: number }
  | { what: 'join'; student: number; group: string }
  | { what: 'part'; student: number; group: string }
  | { what: 'suspend'; student: number }
  | { what: 'offset'; fromMs: number; untilMs: number; offsetMs: number };

/** Who comes and is decided about; the others stay away. */
export const STUDENTS = 3;
/** Somebody whose card nobody knows. */
const STRANGER = 99;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
// At noon there is no class: what is captured then still tells ways in from ways out.
const STARTS = ['09:00', '09:50', '10:40', '14:00', '14:50', '16:30', '12:30'] as const;
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

export const msOf = (time: string): number => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) * MINUTE_MS;
};

const seldom = fc.nat({ max: 7 }).map((drawn) => drawn === 7);
const student = fc.nat({ max: STUDENTS - 1 });
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
    capture_per_period: seldom,
    partial_periods: fc.boolean(),
    card_and_finger: seldom,
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
    isCancelled: seldom,
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

/** Milliseconds from the start of a class: before, in and after its limits, and exactly at them. */
const around = fc.oneof(
  fc.integer({ min: -12 * 60, max: 24 * 60 }).map((seconds) => seconds * SECOND_MS),
  fc.integer({ min: -30 * 60, max: 100 * 60 }).map((seconds) => seconds * SECOND_MS),
  fc.constantFrom(-30, -10, 0, 5, 10, 12, 20, 30, 50).map((minutes) => minutes * MINUTE_MS),
  fc.constantFrom(5, 12, 20).map((minutes) => minutes * MINUTE_MS + 1),
);

const aroundStart = fc
  .tuple(fc.constantFrom(...STARTS), around)
  .map(([start, afterMs]) => msOf(start) + afterMs);

/** What happens to most taps is that they belong to a class; the others are anywhere at any time. */
type Aimed = PlannedTap & { aim: number; reader: number; afterMs: number };

const tap: fc.Arbitrary<Aimed> = fc.record({
  student: fc.oneof({ weight: 20, arbitrary: student }, { weight: 1, arbitrary: fc.constant(STRANGER) }),
  device: fc.constantFrom(...Object.values(READERS_OF).flat()),
  atMs: aroundStart,
  aim: whole(7),
  reader: whole(3),
  afterMs: around,
  isOut: seldom,
  isUnsynced: seldom,
  isTooLate: seldom,
});

const aimed =
  (held: readonly PlannedClass[]) =>
  ({ aim, reader, afterMs, ...rest }: Aimed): PlannedTap => {
    const target = held[aim];
    if (target === undefined) return rest;
    const readers = READERS_OF[target.room] ?? [];
    return {
      ...rest,
      device: readers[reader % readers.length] ?? rest.device,
      atMs: msOf(target.from) + afterMs,
    };
  };

const anchor: fc.Arbitrary<PlannedAnchor> = fc.record({
  atMs: fc.integer({ min: msOf('08:40'), max: msOf('17:00') }),
  driftMs: fc.constantFrom(0, 0, 1_000, 90_000),
});

const decided: fc.Arbitrary<Act[]> = fc
  .record({
    session: whole(5),
    student,
    kind: fc.constantFrom(...DECISION_KINDS),
    mark: fc.constantFrom('present', 'absent', 'late', 'excused'),
    atMs: aroundStart,
    isWithdrawn: seldom,
  })
  .map(({ isWithdrawn, ...drawn }): Act[] => {
    const decision: Decide = { what: 'decide', ...drawn };
    const { session, student: who } = decision;
    return isWithdrawn ? [decision, { what: 'withdraw', session, student: who, decision }] : [decision];
  });

const onLeave: fc.Arbitrary<Act[]> = fc
  .record({ student, isPartOfDay: fc.boolean(), isRevoked: seldom })
  .map(({ isRevoked, ...act }) => [
    { what: 'leave', ...act },
    ...(isRevoked ? [{ what: 'revoke-leave' as const, student: act.student }] : []),
  ]);

const inGroup: fc.Arbitrary<Act[]> = fc
  .record({ student, group: fc.constantFrom('elective', 'b1'), isLeft: seldom })
  .map(({ isLeft, ...act }) => [
    { what: 'join', ...act },
    ...(isLeft ? [{ what: 'part' as const, student: act.student, group: act.group }] : []),
  ]);

/** A wrong clock is said to have been wrong by much, then by less, and in another place. */
const offsets: fc.Arbitrary<Act[]> = fc.array(
  fc
    .record({
      fromMs: fc.constantFrom(msOf('09:30'), msOf('10:00')),
      lastsMs: fc.constantFrom(15 * MINUTE_MS, 60 * MINUTE_MS),
      offsetMs: fc.constantFrom(45_000, -45_000, 600_000),
    })
    .map(({ fromMs, lastsMs, offsetMs }) => ({
      what: 'offset' as const,
      fromMs,
      untilMs: fromMs + lastsMs,
      offsetMs,
    })),
  { maxLength: 2 },
);

export const plan: fc.Arbitrary<Plan> = fc
  .record({
    classes,
    taps: fc.array(tap, { minLength: 14, maxLength: 28 }),
    anchors: fc.array(anchor, { maxLength: 2 }),
    decisions: fc.array(decided, { maxLength: 5 }),
    // Whoever is on leave or suspended is so once.
    leaves: fc.uniqueArray(onLeave, { maxLength: 2, selector: ([act]) => JSON.stringify(subjectOf(act)) }),
    groups: fc.uniqueArray(inGroup, {
      minLength: 1,
      maxLength: 4,
      selector: ([act]) => JSON.stringify(subjectOf(act)),
    }),
    suspended: fc.array(student, { maxLength: 1 }),
    offsets,
  })
  .map(({ decisions, leaves, groups, suspended, offsets: said, taps, ...rest }) => ({
    ...rest,
    taps: taps.map(aimed(rest.classes)),
    chains: [
      ...decisions,
      ...leaves,
      ...groups,
      ...suspended.map((index): Act[] => [{ what: 'suspend', student: index }]),
      ...(said.length === 0 ? [] : [said]),
    ],
  }));

const subjectOf = (act: Act | undefined): unknown[] =>
  act === undefined || act.what === 'offset' ? [] : [act.student, act.what === 'join' ? act.group : ''];
