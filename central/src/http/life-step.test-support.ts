import fc from 'fast-check';
import { rollNumber } from '../seed/test-campus.js';
import type { SessionAction } from '../sessions/state.js';
import { LIFE_CLASSES, LIFE_STUDENTS, type LifeCampus } from './life-campus.test-support.js';
import type { Answer, Body, TestCaller } from './test-server.js';

const MARKS = ['present', 'absent', 'late', 'excused'] as const;
const PEOPLE = [
  'admin',
  'principal',
  'dean',
  'faculty',
  'colleague',
  'student',
  'auditor',
  'coordinator',
  'exam_branch',
] as const;
export type LifePerson = (typeof PEOPLE)[number];
const OFTEN = 4;

/** For tests: one step of a random life. */
export interface LifeStep<What extends string = string> {
  what: What;
  who: LifePerson;
  session: number;
  student: number;
  mark: (typeof MARKS)[number];
  /** How far the clock moves before, in minutes. */
  minutes: number;
  /** Which of two, and which of several, where the step leaves it open. */
  isFirst: boolean;
  choice: number;
}

/** Mostly those who may: a life in which everything is refused shows little. */
export const stepOf = <What extends string>(
  deeds: Readonly<Record<What, Deed>>,
): fc.Arbitrary<LifeStep<What>> =>
  fc.record({
    what: fc.oneof(
      ...(Object.entries(deeds) as [What, Deed][]).map(([what, { isOften }]) => ({
        weight: isOften === true ? OFTEN : 1,
        arbitrary: fc.constant(what),
      })),
    ),
    who: fc.oneof(
      { weight: 10, arbitrary: fc.constant('admin' as const) },
      { weight: 3, arbitrary: fc.constantFrom('faculty' as const, 'principal' as const) },
      { weight: 2, arbitrary: fc.constantFrom(...PEOPLE) },
    ),
    // Mostly a few classes: steps that meet in one class show more than those that miss each other.
    session: fc.oneof(
      { weight: 4, arbitrary: fc.nat({ max: 1 }) },
      { weight: 1, arbitrary: fc.constant(LIFE_CLASSES - 1) },
      { weight: 2, arbitrary: fc.nat({ max: LIFE_CLASSES }) },
    ),
    student: fc.nat({ max: LIFE_STUDENTS - 1 }),
    mark: fc.constantFrom(...MARKS),
    // Seldom to the next day: what a day is made of meets on it.
    minutes: fc.oneof(
      { weight: 24, arbitrary: fc.constantFrom(0, 0, 0, 1, 5, 15) },
      { weight: 4, arbitrary: fc.constantFrom(45, 90) },
      { weight: 1, arbitrary: fc.constant(25 * 60) },
    ),
    isFirst: fc.boolean(),
    choice: fc.nat({ max: 11 }),
  });

/** For tests: what a step finds around it. */
export interface Doing {
  step: LifeStep;
  campus: LifeCampus;
  /** Campus-local date of the life. */
  date: string;
  /** The class that it is about. */
  id: string;
  /** All classes of the day, by their start. */
  ids: readonly string[];
  caller: TestCaller;
  reason: string;
  roll: string;
  studentId: string;
  /** Codes that were shown in this life. */
  codes: string[];
}

/** For tests: what a step does, and what may become of classes by it; nothing said: none changes its status. */
export interface Deed {
  /** Undefined where it is no request, but something that happens. */
  act(doing: Doing): Promise<Answer | undefined>;
  may?: readonly SessionAction[];
  /**
   * Which classes: its own (left out), whichever one, or all of the day. `catch-up`: of all, and several changes of one
   * in one look.
   */
  reach?: 'one' | 'day' | 'catch-up';
  /** Classes that the day did not have may be there afterwards. */
  makes?: true;
  /** What a day mostly is, and what brings classes back: after one holiday of all, nothing else would happen in a life. */
  isOften?: true;
}

export const asStudent = ({ campus, step }: Doing): TestCaller =>
  campus.server.as('student', { student: rollNumber(step.student) });

export const chosen = <T>(list: readonly T[], choice: number): T | undefined => list[choice % list.length];

/** Of a life's date, so many days later. */
export const daysAfter = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);

export const nowOf = ({ campus }: Doing): Date => new Date(campus.server.clock.wallMs());

const UUID = /[0-9a-f]{8}-[0-9a-f-]{27}/g;

/** One of a list, as the admin sees it; which one hangs on no id, so that a life is the same on every campus. */
export async function oneOf({ campus, step }: Doing, path: string): Promise<Body> {
  const textOf = (row: Body): string => JSON.stringify(row).replaceAll(UUID, '');
  const rows: Body[] = await campus.server.results(path);
  return chosen(
    rows.sort((one, other) => (textOf(one) < textOf(other) ? -1 : 1)),
    step.choice,
  );
}
