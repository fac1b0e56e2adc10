import { hasCode } from '@rollcall/protocol/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extract } from '../extract/extract.js';
import { compare, prepare } from '../match/compare.js';
import type { QualityReason } from '../quality.js';
import { type Impression, press, randomPattern } from '../ridge-pattern.fixture.js';
import { decodeTemplate, encodeTemplate } from '../template/record.js';
import { CAPTURE_ADVICE } from './advice.js';
import { type Capture, type EnrollmentAnswer, GuidedEnrollment } from './guided-enrollment.js';
import { ENROLLMENT_POLICY } from './policy.js';

/** Nobody lays a finger down twice at one place. */
const PLACES: readonly Impression[] = [
  {},
  { dx: 16, dy: -8, rotation: 4, seed: 2 },
  { dx: -14, dy: 12, rotation: -5, seed: 3 },
  { dx: 4, dy: 22, rotation: 6, seed: 4 },
];
const made = new Map<string, Uint8Array>();

function recordOf(finger: number, place: number): Uint8Array {
  const key = `${finger}/${place}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const record = encodeTemplate(extract(press(randomPattern(finger, 22), PLACES[place])).template);
  made.set(key, record);
  return record;
}

const capture = (finger: number, place: number, score = 80, reasons: QualityReason[] = []): Capture => ({
  record: recordOf(finger, place),
  quality: { score, reasons },
});

const outcomes = (answers: readonly EnrollmentAnswer[]) => answers.map(({ outcome }) => outcome);

describe('a guided enrollment', () => {
  it('takes three impressions of one finger that lay differently, and keeps them apart', () => {
    const enrollment = new GuidedEnrollment();
    expect([enrollment.wants, enrollment.impressions]).toEqual([1, 3]);
    const answers = [
      enrollment.take(capture(11, 0, 60)),
      enrollment.take(capture(11, 1, 90)),
      enrollment.take(capture(11, 2, 70)),
    ];
    expect(outcomes(answers)).toEqual(['accepted', 'accepted', 'complete']);
    const last = answers[2];
    if (last?.outcome !== 'complete') throw new Error('not complete');
    expect(last.finger.quality).toBe(90);
    expect(last.finger.records).toEqual([recordOf(11, 1), recordOf(11, 2), recordOf(11, 0)]);
    expect(enrollment.isOver).toBe(true);
    expect(() => enrollment.take(capture(11, 3))).toThrow(/INVALID_TRANSITION/);
  });

  it('case 116: refuses poor captures with advice, and counts them for nothing', () => {
    const enrollment = new GuidedEnrollment();
    expect(enrollment.take(capture(11, 0, 80, ['too_dry', 'moved']))).toMatchObject({
      outcome: 'rejected',
      reasons: ['too_dry', 'moved'],
    });
    expect(enrollment.take(capture(11, 0, 20))).toMatchObject({ reasons: ['poor_quality'] });
    expect(enrollment.takeUnreadable()).toMatchObject({ reasons: ['too_little_finger'] });
    expect(enrollment.wants).toBe(1);
    for (const advice of Object.values(CAPTURE_ADVICE)) expect(advice).toMatch(/: .+\.$/);
  });

  it('case 116: goes on until one impression is good enough, and gives up after a bounded number', () => {
    const enrollment = new GuidedEnrollment({ ...ENROLLMENT_POLICY, attemptsMax: 4 });
    const answers = [0, 1, 2].map((place) => enrollment.take(capture(11, place, 40)));
    expect(outcomes(answers)).toEqual(['accepted', 'accepted', 'rejected']);
    const last = enrollment.take(capture(11, 3, 80));
    expect(last).toMatchObject({ outcome: 'complete', finger: { quality: 80 } });

    const hopeless = new GuidedEnrollment({ ...ENROLLMENT_POLICY, attemptsMax: 3 });
    hopeless.takeUnreadable();
    hopeless.take(capture(11, 0, 5));
    const failed = hopeless.take(capture(11, 0, 5));
    expect(failed).toMatchObject({ outcome: 'failed', reasons: ['poor_quality'] });
    expect(failed.outcome === 'failed' && hasCode(failed.error, 'FINGER_UNREADABLE')).toBe(true);
  });

  it('asks for another place where the finger lies as before, but not for ever', () => {
    const enrollment = new GuidedEnrollment();
    enrollment.take(capture(11, 0));
    const again = (seed: number): Capture => ({
      record: encodeTemplate(
        extract(press(randomPattern(11, 22), { dx: 2, rotation: 1, noise: 14, seed })).template,
      ),
      quality: { score: 80, reasons: [] },
    });
    expect(enrollment.take(again(7))).toMatchObject({ outcome: 'rejected', reasons: ['same_place'] });
    expect(enrollment.take(again(8))).toMatchObject({ outcome: 'rejected', reasons: ['same_place'] });
    expect(enrollment.take(again(9))).toMatchObject({ outcome: 'accepted', impression: 2 });
  });

  it('never takes the very same picture for a second impression', () => {
    const enrollment = new GuidedEnrollment();
    enrollment.take(capture(11, 0));
    for (let turn = 0; turn < 5; turn += 1) {
      expect(enrollment.take(capture(11, 0))).toMatchObject({ reasons: ['same_place'] });
    }
  });

  it('refuses another finger, and is not spoiled by one at the beginning', () => {
    const enrollment = new GuidedEnrollment();
    enrollment.take(capture(12, 0));
    expect(enrollment.take(capture(11, 0))).toMatchObject({
      outcome: 'rejected',
      reasons: ['other_finger'],
    });
    const answers = [enrollment.take(capture(11, 1)), enrollment.take(capture(11, 2))];
    expect(answers).toMatchObject([{ outcome: 'accepted', impression: 2 }, { outcome: 'complete' }]);
    const [, last] = answers;
    if (last?.outcome !== 'complete') throw new Error('not complete');
    expect(last.finger.records).not.toContainEqual(recordOf(12, 0));
  });

  it('says that the captures do not agree when they never do', () => {
    const enrollment = new GuidedEnrollment({ ...ENROLLMENT_POLICY, attemptsMax: 4 });
    const answers = [11, 12, 13, 14].map((finger) => enrollment.take(capture(finger, 0)));
    const last = answers[3];
    expect(last?.outcome === 'failed' && hasCode(last.error, 'FINGER_INCONSISTENT')).toBe(true);
  });

  it('refuses a finger that the same person has just enrolled as another one', () => {
    const enrollment = new GuidedEnrollment(ENROLLMENT_POLICY, [recordOf(11, 0)]);
    expect(enrollment.take(capture(11, 1))).toMatchObject({ reasons: ['enrolled_just_now'] });
    expect(enrollment.take(capture(12, 0))).toMatchObject({ outcome: 'accepted' });
  });

  it('refuses what is no record', () => {
    const enrollment = new GuidedEnrollment();
    expect(() => enrollment.take({ ...capture(11, 0), record: Uint8Array.of(1, 2, 3) })).toThrow(
      /TEMPLATE_INVALID/,
    );
  });
});

describe('any sequence of captures', () => {
  const someCapture = fc.oneof(
    fc.record({
      finger: fc.constantFrom(11, 12),
      place: fc.nat({ max: 3 }),
      score: fc.integer({ min: 0, max: 100 }),
      reasons: fc.subarray<QualityReason>(['too_dry', 'moved'], { maxLength: 1 }),
    }),
    fc.constant(undefined),
  );

  it('ends within the bound, and what it gives agrees with itself and was good', () => {
    fc.assert(
      fc.property(fc.array(someCapture, { minLength: 10, maxLength: 12 }), (sequence) => {
        const enrollment = new GuidedEnrollment();
        let taken = 0;
        let last: EnrollmentAnswer | undefined;
        for (const one of sequence) {
          if (enrollment.isOver) break;
          taken += 1;
          last =
            one === undefined
              ? enrollment.takeUnreadable()
              : enrollment.take(capture(one.finger, one.place, one.score, one.reasons));
          expect(enrollment.wants).toBeLessThanOrEqual(ENROLLMENT_POLICY.impressions);
        }
        expect(enrollment.isOver).toBe(true);
        expect(taken).toBeLessThanOrEqual(ENROLLMENT_POLICY.attemptsMax);
        if (last?.outcome !== 'complete') {
          expect(last?.outcome).toBe('failed');
          return;
        }
        const { records, quality } = last.finger;
        expect(quality).toBeGreaterThanOrEqual(ENROLLMENT_POLICY.fingerQualityMin);
        expect(records).toHaveLength(ENROLLMENT_POLICY.impressions);
        const prepared = records.map((record) => prepare(decodeTemplate(record)));
        for (const [at, one] of prepared.entries())
          for (const other of prepared.slice(at + 1))
            expect(Math.max(compare(one, other), compare(other, one))).toBeGreaterThanOrEqual(
              ENROLLMENT_POLICY.consistencyPoints,
            );
      }),
      { numRuns: 15 },
    );
  });
});
