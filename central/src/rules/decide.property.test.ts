import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomPolicy } from '../marks/random-policy.test-support.js';
import { decide, surplusOf } from './decide.js';
import { derivationSchema } from './derivation.js';
import {
  CAPTURE_KINDS,
  type Capture,
  DECISION_KINDS,
  type Facts,
  FINGER_ALTERNATIVES,
  type HumanDecision,
  MARKS,
  SESSION_STATUSES,
  type SessionFacts,
} from './facts.js';
import { makePolicy } from './policy.js';

const START_MS = Date.UTC(2025, 6, 1, 4, 30);
const MINUTE_MS = 60_000;

const captureIn = (punchId: fc.Arbitrary<string>): fc.Arbitrary<Capture> =>
  fc.record({
    punchId,
    atMs: fc.option(
      fc.integer({ min: -30 * MINUTE_MS, max: 70 * MINUTE_MS }).map((ms) => START_MS + ms),
      { freq: 12 },
    ),
    timeSource: fc.constantFrom('gateway_clock' as const, 'clock_anchor' as const, 'unknown' as const),
    kind: fc.constantFrom(...CAPTURE_KINDS),
    gatewayId: fc.constantFrom('gw-a', 'gw-b'),
    deviceId: fc.constantFrom('c101', 'f101'),
    roomId: fc.constantFrom('r101', 'r101', 'r101', 'r102', 'r205', null),
    direction: fc.constantFrom('in' as const, 'out' as const, null),
    outcome: fc.constantFrom('recognized' as const, 'recognized' as const, 'blocked' as const),
  });

const decision: fc.Arbitrary<HumanDecision> = fc.record({
  id: fc.string(),
  kind: fc.constantFrom(...DECISION_KINDS),
  mark: fc.constantFrom('present' as const, 'absent' as const, 'late' as const, 'excused' as const),
  // So that some bear the same millisecond.
  atMs: fc.oneof(fc.constant(START_MS), fc.integer({ min: START_MS, max: START_MS + 100 * MINUTE_MS })),
  ordinal: fc.nat(),
});
/** No two have one number. */
const someDecisions = fc.uniqueArray(decision, { maxLength: 3, selector: ({ ordinal }) => ordinal });

const ROOM = { roomId: 'r101', fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };
/** As the reference session S1. */
const SESSION: Omit<SessionFacts, 'status' | 'policy'> = {
  id: 's1',
  startMs: START_MS,
  endMs: START_MS + 50 * MINUTE_MS,
  closedEarlyMs: null,
  rooms: [ROOM],
  reachFromMs: START_MS - 30 * MINUTE_MS,
  reachUntilMs: START_MS + 70 * MINUTE_MS,
  blockFromMs: START_MS - 30 * MINUTE_MS,
  blockEndMs: START_MS + 50 * MINUTE_MS,
  midnightMs: START_MS - 600 * MINUTE_MS,
  periodCount: 1,
  tracksExits: false,
  alternatingRooms: [],
  hasFingerReader: false,
};
const PLACES = new Map([
  ['r101', { buildingId: 'a', purpose: 'class' as const }],
  ['r102', { buildingId: 'a', purpose: 'presence' as const }],
  ['r205', { buildingId: 'b', purpose: 'class' as const }],
]);

const factsWith = (
  captures: fc.Arbitrary<Capture[]>,
  decisions: fc.Arbitrary<HumanDecision[]>,
): fc.Arbitrary<Facts> =>
  fc.record({
    session: fc.record({
      ...(Object.fromEntries(
        Object.entries(SESSION).map(([key, value]) => [key, fc.constant(value)]),
      ) as unknown as { [K in keyof typeof SESSION]: fc.Arbitrary<(typeof SESSION)[K]> }),
      closedEarlyMs: fc.option(fc.integer({ min: START_MS, max: START_MS + 60 * MINUTE_MS }), { freq: 4 }),
      blockFromMs: fc.constantFrom(SESSION.blockFromMs, SESSION.blockFromMs - 50 * MINUTE_MS),
      periodCount: fc.constantFrom(1, 3),
      tracksExits: fc.boolean(),
      alternatingRooms: fc.constantFrom([], ['r101']),
      status: fc.constantFrom(...SESSION_STATUSES),
      policy: randomPolicy,
    }),
    isOnRoster: fc.boolean(),
    captures,
    decisions,
    leaveId: fc.constantFrom(null, null, 'leave-1'),
    status: fc.constantFrom(null, null, 'suspended_disciplinary' as const, 'withdrawn_medical' as const),
    fingerAlternative: fc.constantFrom(null, null, ...FINGER_ALTERNATIVES),
    places: fc.constant(PLACES),
  });

/** Ids from a small set, so that one id often comes with two contents. */
const clashing = captureIn(fc.constantFrom('p1', 'p2', 'p3', 'p4', 'p5'));
const distinct = fc.uniqueArray(captureIn(fc.uuid()), {
  maxLength: 8,
  selector: (capture) => capture.punchId,
});

/** How much attending it is: a later piece of evidence may raise this and never lower it. */
const RANK: Record<string, number> = { absent: 0, pending: 0, excused: 1, late: 2, present: 3 };

describe('decide', () => {
  it('is total: any value of the right shape gives a mark, a reason and a derivation', () => {
    const anyNumber = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.constant(Number.MAX_VALUE),
      fc.constant(Number.NaN),
    );
    const wild = fc.record({
      facts: factsWith(fc.array(clashing, { maxLength: 12 }), someDecisions),
      startMs: anyNumber,
      endMs: anyNumber,
      atMs: anyNumber,
    });
    fc.assert(
      fc.property(wild, ({ facts, startMs, endMs, atMs }) => {
        const captures = facts.captures.map((capture, index) =>
          index === 0 ? { ...capture, atMs } : capture,
        );
        const outcome = decide({ ...facts, session: { ...facts.session, startMs, endMs }, captures });
        expect(MARKS).toContain(outcome.mark);
        expect(derivationSchema.safeParse(outcome.derivation).success).toBe(true);
      }),
    );
  });

  it('gives the same mark and derivation for any permutation and repetition of evidence (case 79)', () => {
    const shuffled = factsWith(fc.array(clashing, { maxLength: 10 }), someDecisions).chain((facts) =>
      fc.record({
        facts: fc.constant(facts),
        captures: fc.shuffledSubarray([...facts.captures, ...facts.captures], {
          minLength: 2 * facts.captures.length,
          maxLength: 2 * facts.captures.length,
        }),
        decisions: fc.shuffledSubarray([...facts.decisions], { minLength: facts.decisions.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ facts, captures, decisions }) => {
        expect(decide({ ...facts, captures, decisions })).toEqual(decide(facts));
      }),
    );
  });

  it('never downgrades a mark when more captures of coming in arrive, early or late (cases 28, 29)', () => {
    const grown = fc.record({
      facts: factsWith(distinct, fc.constant([])),
      // One more: under the id of another it would be that one.
      extra: captureIn(fc.constant('ffffffff-ffff-8fff-bfff-ffffffffffff')),
    });
    const comesIn = (capture: Capture): Capture => ({ ...capture, roomId: 'r101', direction: 'in' });
    fc.assert(
      fc.property(grown, ({ facts, extra }) => {
        const session = { ...facts.session, tracksExits: false, alternatingRooms: [] };
        const seen = { ...facts, session, captures: facts.captures.map(comesIn) };
        const before = decide(seen);
        const after = decide({ ...seen, captures: [...seen.captures, comesIn(extra)] });
        if (before.mark === 'not_required') expect(after.mark).toBe('not_required');
        else expect(RANK[after.mark]).toBeGreaterThanOrEqual(RANK[before.mark] ?? 0);
      }),
    );
  });

  it('says absent only in a session that is final (design §1, promise 2)', () => {
    fc.assert(
      fc.property(factsWith(distinct, fc.constant([])), (facts) => {
        const isFinal = ['finalized', 'locked'].includes(facts.session.status);
        if (!isFinal) expect(decide(facts).mark).not.toBe('absent');
      }),
    );
  });

  it('accounts for every capture: used, or ignored with a reason', () => {
    fc.assert(
      fc.property(factsWith(distinct, fc.constant([])), (facts) => {
        const { used, ignored } = decide(facts).derivation;
        const told = [...used, ...ignored, ...surplusOf(facts).captures]
          .map(({ punch_id }) => punch_id)
          .sort();
        expect(told).toEqual(facts.captures.map(({ punchId }) => punchId).sort());
      }),
    );
  });

  it('lists a bounded number of ignored captures and counts the rest', () => {
    const captures = Array.from(
      { length: 80 },
      (_, index): Capture => ({
        punchId: `p${index}`,
        atMs: START_MS + index,
        timeSource: 'gateway_clock',
        kind: 'card',
        gatewayId: 'gw-a',
        deviceId: 'c101',
        roomId: 'r101',
        direction: null,
        outcome: 'recognized',
      }),
    );
    const session = { ...SESSION, status: 'open' as const };
    const facts = (atMs: number) => ({
      session: { ...session, policy: makePolicy() },
      isOnRoster: true,
      captures: captures.map((capture, index) => ({ ...capture, atMs: atMs + index })),
      decisions: [],
    });
    const { captures: listed, more } = surplusOf(facts(START_MS));
    expect([listed.length, more]).toEqual([50, 29]);
    const { used, ignored, ignored_more } = decide(facts(session.reachUntilMs - 80)).derivation;
    expect([used.length, ignored.length, ignored_more]).toEqual([0, 50, 30]);
  });
});
