import fc from 'fast-check';
import { DECISION_KINDS, type FingerAlternative } from '../rules/facts.js';

/** For tests: what people do around the classes of a random campus, and what was captured beside gateways. */
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
  | { what: 'status'; student: number; isWithdrawn: boolean }
  | { what: 'scan'; session: number; student: number; atMs: number; isUnverified: boolean }
  | { what: 'meeting'; session: number; student: number; atMs: number; isOut: boolean }
  | { what: 'guest'; session: number; student: number; countsFor: number }
  | { what: 'holiday'; isPartOfDay: boolean }
  | { what: 'withdraw-holiday' }
  | { what: 'call-off'; session: number; action: 'cancel' | 'not_held' }
  | { what: 'restore'; session: number }
  | { what: 'exempt'; student: number; way: FingerAlternative }
  | { what: 'end-exemption'; student: number }
  /** A card is blocked or found again, from an instant on. */
  | { what: 'card'; student: number; state: 'blocked' | 'issued'; fromMs: number }
  | { what: 'offset'; fromMs: number; untilMs: number; offsetMs: number };

/** Who comes and is decided about; the others stay away. */
export const STUDENTS = 3;
/** Classes of a day, as `classes` of the plan has them. */
export const CLASSES = 6;
/** Of another group than the section, and its own class of the same course. */
const VISITS = [
  [3, 1],
  [4, 2],
  [3, 0],
] as const;
const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
// At noon there is no class: what is captured then still tells ways in from ways out.
export const STARTS = ['09:00', '09:50', '10:40', '14:00', '14:50', '16:30', '12:30'] as const;

export const msOf = (time: string): number => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) * MINUTE_MS;
};

export const seldom = fc.nat({ max: 7 }).map((drawn) => drawn === 7);
export const student = fc.nat({ max: STUDENTS - 1 });
const session = fc.nat({ max: CLASSES - 1 });

/** Milliseconds from the start of a class: before, in and after its limits, and exactly at them. */
export const around = fc.oneof(
  fc.integer({ min: -12 * 60, max: 24 * 60 }).map((seconds) => seconds * SECOND_MS),
  fc.integer({ min: -30 * 60, max: 100 * 60 }).map((seconds) => seconds * SECOND_MS),
  fc.constantFrom(-30, -10, 0, 5, 10, 12, 20, 30, 50).map((minutes) => minutes * MINUTE_MS),
  fc.constantFrom(5, 12, 20).map((minutes) => minutes * MINUTE_MS + 1),
);

export const aroundStart = fc
  .tuple(fc.constantFrom(...STARTS), around)
  .map(([start, afterMs]) => msOf(start) + afterMs);

const decided: fc.Arbitrary<Act[]> = fc
  .record({
    session,
    student,
    kind: fc.constantFrom(...DECISION_KINDS, 'explicit' as const),
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
  .record({ student, group: fc.constantFrom('elective', 'b1', 'b2'), isLeft: seldom })
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

/** A class has one scan of a student, whoever looks at it when. */
const scanned: fc.Arbitrary<Act[]> = fc
  .record({ session, student, atMs: aroundStart, isUnverified: fc.boolean() })
  .map((drawn) => [{ what: 'scan', ...drawn }]);

const met: fc.Arbitrary<Act[]> = fc
  .record({ session, student, atMs: aroundStart, isOut: seldom })
  .map((drawn) => [{ what: 'meeting', ...drawn }]);

const visited: fc.Arbitrary<Act[]> = fc
  .record({ visit: fc.constantFrom(...VISITS), student })
  .map(({ visit: [to, countsFor], student: who }) => [
    { what: 'guest', session: to, student: who, countsFor },
  ]);

const holiday: fc.Arbitrary<Act[]> = fc
  .record({ isPartOfDay: fc.boolean(), isWithdrawn: seldom })
  .map(({ isPartOfDay, isWithdrawn }) => [
    { what: 'holiday', isPartOfDay },
    ...(isWithdrawn ? [{ what: 'withdraw-holiday' as const }] : []),
  ]);

/** Whatever has become of a class by then; only one that was cancelled comes back. */
const calledOff: fc.Arbitrary<Act[]> = fc
  .record({
    session,
    action: fc.constantFrom('cancel' as const, 'not_held' as const),
    isRestored: fc.boolean(),
  })
  .map(({ isRestored, ...act }) => [
    { what: 'call-off', ...act },
    ...(isRestored && act.action === 'cancel' ? [{ what: 'restore' as const, session: act.session }] : []),
  ]);

const exempt: fc.Arbitrary<Act[]> = fc
  .record({ student, way: fc.constantFrom('card_pin' as const, 'faculty' as const), isEnded: seldom })
  .map(({ isEnded, ...act }) => [
    { what: 'exempt', ...act },
    ...(isEnded ? [{ what: 'end-exemption' as const, student: act.student }] : []),
  ]);

const blocked: fc.Arbitrary<Act[]> = fc
  .record({
    student,
    // Found again before the evening, when all of this is said.
    fromMs: aroundStart.map((ms) => Math.min(ms, msOf('17:00'))),
    isFound: fc.boolean(),
  })
  .map(({ student: who, fromMs, isFound }) => [
    { what: 'card', student: who, state: 'blocked', fromMs },
    ...(isFound
      ? [{ what: 'card' as const, student: who, state: 'issued' as const, fromMs: fromMs + 45 * MINUTE_MS }]
      : []),
  ]);

const stands: fc.Arbitrary<Act[]> = fc
  .record({ student, isWithdrawn: fc.boolean() })
  .map((drawn) => [{ what: 'status', ...drawn }]);

/** Of whoever it is about there is one at most: somebody is on leave, suspended or a guest of a class once. */
const once = (
  act: fc.Arbitrary<Act[]>,
  { minLength = 0, maxLength }: { minLength?: number; maxLength: number },
): fc.Arbitrary<Act[][]> =>
  fc.uniqueArray(act, { minLength, maxLength, selector: ([first]) => JSON.stringify(subjectOf(first)) });

/** Everything that people do on a day, in chains: between two of them there is no order. */
export const chains: fc.Arbitrary<Act[][]> = fc
  .tuple(
    fc.array(decided, { maxLength: 5 }),
    once(onLeave, { maxLength: 2 }),
    once(inGroup, { minLength: 1, maxLength: 5 }),
    fc.array(stands, { maxLength: 1 }),
    offsets.map((said) => (said.length === 0 ? [] : [said])),
    once(scanned, { maxLength: 4 }),
    once(met, { maxLength: 3 }),
    once(visited, { maxLength: 2 }),
    fc.array(holiday, { maxLength: 1 }),
    // Most days: what becomes of its marks is to be seen in each state.
    fc.oneof({ weight: 3, arbitrary: fc.tuple(calledOff) }, { weight: 1, arbitrary: fc.constant([]) }),
    once(exempt, { minLength: 1, maxLength: 2 }),
    once(blocked, { maxLength: 1 }),
  )
  .map((kinds) => kinds.flat());

const subjectOf = (act: Act | undefined): unknown[] => {
  if (act === undefined || !('student' in act)) return [];
  if ('group' in act) return [act.student, act.group];
  if (act.what === 'meeting') return [act.student, act.session, act.isOut, act.atMs];
  return 'session' in act ? [act.student, act.session] : [act.student];
};
