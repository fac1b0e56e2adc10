import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { derivationSchema } from './derivation.js';
import type { Capture, Facts, HumanDecision, SessionStatus } from './facts.js';
import { makePolicy, type PolicyLimits } from './policy.js';
import { EVIDENCE_RULES, MARK_RULES } from './registry.js';

/** One situation and its outcome; times are campus-local on the day of the reference session S1 (domain D0). */
interface Vector {
  case: string;
  behavior: string;
  session?: { start?: string; end?: string; status?: SessionStatus; closedEarly?: string };
  policy?: Partial<PolicyLimits>;
  onRoster?: boolean;
  decisions?: { id: string; kind: HumanDecision['kind']; mark: HumanDecision['mark']; at: string }[];
  captures: (Partial<Omit<Capture, 'atMs' | 'roomId'>> & { at: string | null; room?: string | null })[];
  expect: { mark: string; reason: string; at?: string; source?: string; ignored?: string[] };
}

const DIRECTORY = new URL('./vectors/', import.meta.url);
const files = readdirSync(DIRECTORY).sort();

const at = (local: string): number => Date.parse(`2025-07-01T${local}+05:30`);

function factsOf({ session = {}, policy = {}, onRoster = true, decisions = [], captures }: Vector): Facts {
  return {
    session: {
      startMs: at(session.start ?? '10:00'),
      endMs: at(session.end ?? '10:50'),
      closedEarlyMs: session.closedEarly === undefined ? null : at(session.closedEarly),
      roomId: 'r101',
      status: session.status ?? 'open',
      policy: makePolicy(policy),
    },
    isOnRoster: onRoster,
    captures: captures.map(({ at: time, room, ...rest }, index) => ({
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
    })),
    decisions: decisions.map(({ at: time, ...rest }) => ({ ...rest, atMs: at(time) })),
  };
}

describe.each(files)('%s', (file) => {
  const vectors = JSON.parse(readFileSync(new URL(file, DIRECTORY), 'utf8')) as Vector[];

  it.each(vectors)('case $case: $behavior', (vector) => {
    const decision = decide(factsOf(vector));
    const { mark, reason, at: markedAt, source, ignored } = vector.expect;
    expect({ mark: decision.mark, reason: decision.reason }).toEqual({ mark, reason });
    if (markedAt !== undefined) expect(decision.markedAtMs).toBe(at(markedAt));
    if (source !== undefined) expect(decision.source).toBe(source);
    expect(decision.derivation.ignored.map(({ why }) => why)).toEqual(ignored ?? []);
    expect(derivationSchema.parse(decision.derivation)).toEqual(decision.derivation);
    expect(decision.derivation.used.length + decision.derivation.ignored.length).toBe(vector.captures.length);
  });
});

it('every rule of the registry has a vector table, and every table a rule', () => {
  const rules = [...EVIDENCE_RULES, ...MARK_RULES].map(({ id }) => `${id}.json`);
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
    rules_version: 1,
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
