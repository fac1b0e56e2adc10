import type { QualityReason } from '../quality.js';

/**
 * What a finger has to give before it counts as enrolled. Several impressions are what makes recognition good: three
 * instead of one take two thirds of the misses away (fingerprint §0, §10).
 */
export interface EnrollmentPolicy {
  /** Impressions that all have to be of one finger. */
  impressions: number;
  /** Captures of one finger, good and bad, before somebody has to look what is wrong. */
  attemptsMax: number;
  /** Points that every two impressions must reach: 40 is a false match rate of 1 in 10,000 (fingerprint §7.5). */
  consistencyPoints: number;
  /** Points at which it is another finger of the same person: nobody is to be refused by chance. */
  otherFingerPoints: number;
  /** Quality of an impression below which it is taken again, 0..100. */
  captureQualityMin: number;
  /** Quality that the best impression must have, 0..100. */
  fingerQualityMin: number;
  /** How often somebody who lays the finger down the same way is asked for another place before it is taken as it is. */
  repositionAsksMax: number;
}

/*
 * The limits of quality are quantiles of the tuning images (fcj2020): the worst twentieth of all impressions, and of
 * the best of three, is asked again. The seed's 0.7 was on the scale of another engine; on this one a third of all
 * people would be turned away by it.
 */
export const ENROLLMENT_POLICY: EnrollmentPolicy = {
  impressions: 3,
  attemptsMax: 10,
  consistencyPoints: 40,
  otherFingerPoints: 70,
  captureQualityMin: 35,
  fingerQualityMin: 50,
  repositionAsksMax: 2,
};

/** Why a capture was not taken; the words for people are in {@link CAPTURE_ADVICE}. */
export type CaptureReason =
  | QualityReason
  /** Everything a little: the score is too low without one reason. */
  | 'poor_quality'
  /** It matches too few of the others. */
  | 'other_finger'
  /** The same part of the finger as before: nothing is learned from it. */
  | 'same_place'
  /** This person's finger that was enrolled a moment ago under another position. */
  | 'enrolled_just_now';
