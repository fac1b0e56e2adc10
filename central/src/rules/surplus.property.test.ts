import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomPolicy } from '../marks/random-policy.test-support.js';
import { decide, surplusOf } from './decide.js';
import { SURPLUS_REASONS } from './derivation.js';
import {
  type Capture,
  DECISION_KINDS,
  type Facts,
  FINGER_ALTERNATIVES,
  type HumanDecision,
  type SessionFacts,
  walkKey,
} from './facts.js';
import { makePolicy } from './policy.js';

const START_MS = Date.UTC(2025, 6, 1, 4, 30);
const MINUTE_MS = 60_000;
const RUNS = 6_000;
/** A property of hardly any of the cases would say little. */
const SURPLUS_SHARE_MIN = 0.05;

const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 14, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );

const capture: fc.Arbitrary<Capture> = fc.record({
  punchId: fc.uuid(),
  atMs: fc.option(
    fc.oneof(
      fc.integer({ min: -40, max: 60 }).map((minutes) => START_MS + minutes * MINUTE_MS),
      fc.integer({ min: -2_400, max: 1_800 }).map((seconds) => START_MS + seconds * 1_000),
    ),
    { freq: 20 },
  ),
  timeSource: fc.constant('gateway_clock' as const),
  kind: mostly<Capture['kind']>('card', 'finger', 'pin', 'qr', 'online'),
  verifyMethod: fc.constantFrom(null, 'card+pin'),
  gatewayId: fc.constant('gw-a'),
  deviceId: fc.constant('c101'),
  roomId: mostly<string | null>('r101', 'r102', 'r205', 'lib', null),
  direction: mostly<Capture['direction']>(null, 'in', 'out'),
  outcome: mostly<Capture['outcome']>('recognized', 'blocked', 'unverified'),
});
const captures = fc.uniqueArray(capture, {
  minLength: 2,
  maxLength: 6,
  selector: ({ punchId }) => punchId,
});

const decisions: fc.Arbitrary<HumanDecision[]> = fc.uniqueArray(
  fc.record({
    id: fc.uuid(),
    kind: fc.constantFrom(...DECISION_KINDS),
    mark: fc.constantFrom('present' as const, 'absent' as const, 'late' as const, 'excused' as const),
    atMs: fc.integer({ min: START_MS, max: START_MS + 100 * MINUTE_MS }),
    ordinal: fc.nat(),
  }),
  { maxLength: 1, selector: ({ ordinal }) => ordinal },
);

const always = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };
const MOVED_MS = START_MS - 5 * MINUTE_MS;
const rooms = mostly<SessionFacts['rooms']>(
  [{ roomId: 'r101', ...always }],
  [
    { roomId: 'r101', ...always },
    { roomId: 'r102', ...always },
  ],
  [
    { roomId: 'r101', ...always, untilMs: MOVED_MS },
    { roomId: 'r102', ...always, fromMs: MOVED_MS },
  ],
);

const session = (id: string): fc.Arbitrary<SessionFacts> =>
  fc
    .record({
      shiftMinutes: fc.constantFrom(0, 0, 10, 30, -20),
      closedEarlyMs: fc.option(fc.integer({ min: START_MS, max: START_MS + 60 * MINUTE_MS }), { freq: 6 }),
      rooms,
      blockMinutes: fc.constantFrom(0, 50),
      periodCount: fc.constantFrom(1, 3),
      tracksExits: mostly(false, true),
      alternatingRooms: mostly<string[]>([], ['r101']),
      hasFingerReader: fc.boolean(),
      status: fc.constantFrom('open' as const, 'closed' as const, 'finalized' as const),
      policy: randomPolicy,
    })
    .map(({ shiftMinutes, blockMinutes, ...rest }) => {
      const startMs = START_MS + shiftMinutes * MINUTE_MS;
      return {
        ...rest,
        id,
        startMs,
        endMs: startMs + 50 * MINUTE_MS,
        reachFromMs: startMs - 30 * MINUTE_MS,
        reachUntilMs: startMs + 70 * MINUTE_MS,
        blockFromMs: startMs - (30 + blockMinutes) * MINUTE_MS,
        blockEndMs: startMs + 50 * MINUTE_MS,
        midnightMs: START_MS - 600 * MINUTE_MS,
      };
    });

const PLACES = new Map([
  ['r101', { buildingId: 'a', purpose: 'class' as const }],
  ['r102', { buildingId: 'a', purpose: 'class' as const }],
  ['r205', { buildingId: 'b', purpose: 'class' as const }],
  ['lib', { buildingId: 'c', purpose: 'presence' as const }],
]);

const seldom = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<T[]>([]) },
    { weight: 1, arbitrary: some.map((one) => [one]) },
  );

const facts: fc.Arbitrary<Facts> = fc.record({
  session: session('s5'),
  isOnRoster: mostly(true, false),
  captures,
  decisions,
  leaveId: fc.constantFrom(null, null, null, 'leave-1'),
  status: mostly<NonNullable<Facts['status']> | null>(null, 'suspended_disciplinary', 'withdrawn_medical'),
  fingerAlternative: fc.constantFrom(null, null, ...FINGER_ALTERNATIVES),
  isOnHoliday: mostly(false, true),
  clashes: seldom(fc.oneof(session('s1'), session('s9'))),
  visits: seldom(fc.record({ session: session('s7'), captures })),
  isCountedElsewhere: mostly(false, true),
  places: fc.constant(PLACES),
  walks: fc.constantFrom(new Map(), new Map([[walkKey('a', 'b'), 2]])),
});

it('the decision is the same with and without the captures that are not kept with the mark', () => {
  let withSurplus = 0;
  fc.assert(
    fc.property(facts, (all) => {
      const { captures: surplus } = surplusOf(all);
      if (surplus.length === 0) return;
      withSurplus += 1;
      const ids = new Set(surplus.map(({ punch_id }) => punch_id));
      const needed = all.captures.filter(({ punchId }) => !ids.has(punchId));
      expect(decide({ ...all, captures: needed })).toEqual(decide(all));
    }),
    { numRuns: RUNS },
  );
  expect(withSurplus).toBeGreaterThan(RUNS * SURPLUS_SHARE_MIN);
});

it('case 57: the capture in the new room, without which the one in the old room would not count, is kept', () => {
  const [made] = fc.sample(session('s5'), 1) as [SessionFacts];
  const tap = (minutes: number, roomId: string): Capture => ({
    punchId: `${roomId} ${minutes}`,
    atMs: START_MS + minutes * MINUTE_MS,
    timeSource: 'gateway_clock',
    kind: 'card',
    gatewayId: 'gw-a',
    deviceId: 'c101',
    roomId,
    direction: null,
    outcome: 'recognized',
  });
  const moved: Facts = {
    session: {
      ...made,
      startMs: START_MS,
      endMs: START_MS + 50 * MINUTE_MS,
      closedEarlyMs: null,
      rooms: [
        { roomId: 'r101', ...always, untilMs: MOVED_MS + MINUTE_MS },
        { roomId: 'r102', ...always, fromMs: MOVED_MS + MINUTE_MS },
      ],
      reachFromMs: START_MS - 30 * MINUTE_MS,
      reachUntilMs: START_MS + 70 * MINUTE_MS,
      tracksExits: false,
      alternatingRooms: [],
      status: 'open',
      policy: makePolicy(),
    },
    isOnRoster: true,
    captures: [tap(-6, 'r101'), tap(0, 'r102')],
    decisions: [],
    places: PLACES,
  };
  const { mark, derivation } = decide(moved);
  expect([mark, derivation.used.length, derivation.ignored.map(({ why }) => why)]).toEqual([
    'present',
    1,
    ['LATER_CAPTURE'],
  ]);
  expect(surplusOf(moved).captures).toEqual([]);
});

it('only captures that repeat or follow one that decided are not kept', () => {
  expect([...SURPLUS_REASONS]).toEqual(['DEBOUNCED', 'LATER_CAPTURE']);
  fc.assert(
    fc.property(facts, (all) => {
      for (const { why } of surplusOf(all).captures) expect(SURPLUS_REASONS).toContain(why);
    }),
  );
});
