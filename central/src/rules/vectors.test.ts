import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decide, surplusOf } from './decide.js';
import { byTime, derivationSchema } from './derivation.js';
import type {
  Capture,
  Facts,
  FingerAlternative,
  HumanDecision,
  Place,
  SessionFacts,
  SessionStatus,
} from './facts.js';
import { makePolicy, type PolicyLimits, RULES_VERSION } from './policy.js';
import { MARK_RULES } from './registry.js';
import { ARRIVAL_RULES, BELIEF_RULES } from './sift.js';

interface VectorSession {
  start?: string;
  end?: string;
  status?: SessionStatus;
  closedEarly?: string;
  /** Rooms with the times for which they are the class's; r101 all the time where nothing is said. */
  rooms?: { id: string; from?: string; until?: string }[];
  blockFrom?: string;
  blockEnd?: string;
  periods?: number;
  tracksExits?: boolean;
  alternating?: string[];
  hasFingerReader?: boolean;
}
type VectorCapture = Partial<Omit<Capture, 'atMs' | 'roomId'>> & { at: string | null; room?: string | null };

/** One situation and its outcome; times are campus-local on the day of the reference session S1 (domain D0). */
interface Vector {
  case: string;
  behavior: string;
  session?: VectorSession;
  policy?: Partial<PolicyLimits>;
  /** That its class was stamped with; left out: of these rules. */
  rulesVersion?: number;
  onRoster?: boolean;
  leave?: boolean;
  status?: 'suspended_disciplinary' | 'withdrawn_medical';
  holiday?: boolean;
  fingerAlternative?: FingerAlternative;
  clashes?: VectorSession[];
  /** Scans and meetings of the clashing class. */
  clashScans?: VectorCapture[];
  countedElsewhere?: boolean;
  visit?: { session: VectorSession; captures: VectorCapture[] };
  decisions?: { id: string; kind: HumanDecision['kind']; mark: HumanDecision['mark']; at: string }[];
  captures: VectorCapture[];
  expect: {
    mark: string;
    reason: string;
    at?: string;
    source?: string;
    ignored?: string[];
    also?: string[];
    flags?: string[];
    periods?: number;
  };
}

const DIRECTORY = new URL('./vectors/', import.meta.url);
const files = readdirSync(DIRECTORY).sort();

const at = (local: string): number => Date.parse(`2025-07-01T${local}+05:30`);
const MINUTE_MS = 60_000;

/** r101 and r102 are in one building, r205 in another; gate and library give no class marks. */
const PLACES = new Map<string, Place>([
  ['r101', { buildingId: 'a', purpose: 'class' }],
  ['r102', { buildingId: 'a', purpose: 'class' }],
  ['r205', { buildingId: 'b', purpose: 'class' }],
  ['gate', { buildingId: 'a', purpose: 'gate' }],
  ['library', { buildingId: 'a', purpose: 'presence' }],
]);

function sessionOf(session: VectorSession, policy: Partial<PolicyLimits>, id = 'b'): SessionFacts {
  const startMs = at(session.start ?? '10:00');
  const endMs = at(session.end ?? '10:50');
  return {
    id,
    startMs,
    endMs,
    closedEarlyMs: session.closedEarly === undefined ? null : at(session.closedEarly),
    rooms: (session.rooms ?? [{ id: 'r101' }]).map((room) => ({
      roomId: room.id,
      fromMs: room.from === undefined ? Number.NEGATIVE_INFINITY : at(room.from),
      untilMs: room.until === undefined ? Number.POSITIVE_INFINITY : at(room.until),
    })),
    reachFromMs: startMs - 30 * MINUTE_MS,
    reachUntilMs: endMs + 30 * MINUTE_MS,
    blockFromMs: session.blockFrom === undefined ? startMs - 30 * MINUTE_MS : at(session.blockFrom),
    blockEndMs: session.blockEnd === undefined ? endMs : at(session.blockEnd),
    midnightMs: at('00:00'),
    periodCount: session.periods ?? 1,
    tracksExits: session.tracksExits ?? false,
    alternatingRooms: session.alternating ?? [],
    hasFingerReader: session.hasFingerReader ?? false,
    status: session.status ?? 'open',
    policy: makePolicy(policy),
  };
}

const captureOf = ({ at: time, room, ...rest }: VectorCapture, index: number): Capture => ({
  punchId: `punch-${index}`,
  timeSource: 'gateway_clock',
  kind: 'card',
  gatewayId: 'gw-a',
  deviceId: 'c101',
  direction: 'in',
  outcome: 'recognized',
  ...rest,
  roomId: room === undefined ? 'r101' : room,
  atMs: time === null ? null : at(time),
});

function factsOf(vector: Vector): Facts {
  const { session = {}, policy = {}, onRoster = true, decisions = [], captures, visit } = vector;
  const { rulesVersion: rules_version = RULES_VERSION } = vector;
  const judged = sessionOf(session, policy);
  return {
    session: { ...judged, policy: { ...judged.policy, rules_version } },
    isOnRoster: onRoster,
    captures: captures.map(captureOf),
    decisions: decisions.map(({ at: time, ...rest }, ordinal) => ({ ...rest, ordinal, atMs: at(time) })),
    leaveId: vector.leave === true ? 'leave-1' : null,
    status: vector.status ?? null,
    isOnHoliday: vector.holiday ?? false,
    fingerAlternative: vector.fingerAlternative ?? null,
    clashes: (vector.clashes ?? []).map((other) => sessionOf(other, policy, 'a')),
    clashScans: new Map([['a', (vector.clashScans ?? []).map(captureOf)]]),
    visits:
      visit === undefined
        ? []
        : [{ session: sessionOf(visit.session, policy, 'v'), captures: visit.captures.map(captureOf) }],
    isCountedElsewhere: vector.countedElsewhere ?? false,
    places: PLACES,
  };
}

describe.each(files)('%s', (file) => {
  const vectors = JSON.parse(readFileSync(new URL(file, DIRECTORY), 'utf8')) as Vector[];

  it.each(vectors)('case $case: $behavior', (vector) => {
    const decision = decide(factsOf(vector));
    const { mark, reason, at: markedAt, source, ignored, also, flags, periods } = vector.expect;
    expect({ mark: decision.mark, reason: decision.reason }).toEqual({ mark, reason });
    if (markedAt !== undefined) expect(decision.markedAtMs).toBe(at(markedAt));
    if (source !== undefined) expect(decision.source).toBe(source);
    // As they are told to whoever asks why: in the order of their time, whether they are kept with the mark or not.
    const told = [...decision.derivation.ignored, ...surplusOf(factsOf(vector)).captures];
    const inOrder = told.toSorted(byTime);
    expect(inOrder.map(({ why }) => why)).toEqual(ignored ?? []);
    expect(derivationSchema.parse(decision.derivation)).toEqual(decision.derivation);
    expect(decision.derivation.also).toEqual(also);
    expect(decision.derivation.flags).toEqual(flags);
    expect(decision.derivation.visited_session_id).toBe(reason === 'GUEST' ? 'v' : undefined);
    if (periods !== undefined) expect(decision.attendedPeriods).toBe(periods);
  });
});

it('every rule of the registry has a vector table, and every table a rule', () => {
  const rules = [...BELIEF_RULES, ...ARRIVAL_RULES, ...MARK_RULES].map(({ id }) => `${id}.json`);
  expect(files).toEqual([...rules].sort());
});

it('the derivation names the limits as instants, so that "why am I late?" has an answer', () => {
  const facts = factsOf({
    case: '26',
    behavior: '',
    captures: [{ at: '10:07' }],
    expect: { mark: '', reason: '' },
  });
  expect(decide(facts).derivation).toMatchObject({
    rules_version: RULES_VERSION,
    policy_id: makePolicy().id,
    rule: 'arrival',
    limits: {
      captures_from: '2025-07-01T04:20:00.000Z',
      present_until: '2025-07-01T04:35:00.000Z',
      late_until: '2025-07-01T04:50:00.000Z',
      captures_until: '2025-07-01T05:25:00.000Z',
    },
    used: [
      { punch_id: 'punch-0', at: '2025-07-01T04:37:00.000Z', time_source: 'gateway_clock', kind: 'card' },
    ],
  });
});
