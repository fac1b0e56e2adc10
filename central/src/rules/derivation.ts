import * as z from 'zod';
import { CAPTURE_KINDS } from './facts.js';
import { FLAGS, type Flag, IGNORE_REASONS, type IgnoreReason, REASONS, type Reason } from './reasons.js';

/** Ignored captures listed in one derivation: somebody who taps all day must not fill the database. */
export const DERIVATION_IGNORED_MAX = 50;

const instantText = z.iso.datetime();

/** Of captures that repeat or follow the one that decided; which of them say nothing new is said in `decide.ts`. */
export const SURPLUS_REASONS: ReadonlySet<IgnoreReason> = new Set(['DEBOUNCED', 'LATER_CAPTURE']);

const usedCaptureSchema = z.strictObject({
  punch_id: z.string(),
  at: instantText.nullable(),
  time_source: z.enum(['gateway_clock', 'clock_offset', 'clock_anchor', 'said', 'unknown']),
  kind: z.enum(CAPTURE_KINDS),
  gateway_id: z.string(),
  device_id: z.string(),
  room_id: z.string().nullable(),
});

/**
 * Kept with every mark: enough to answer "why?" and to compute the mark again. Captures without which it is the same (see
 * {@link SURPLUS_REASONS}) are not in it: they are looked up when somebody asks.
 */
export const derivationSchema = z.strictObject({
  rules_version: z.int(),
  policy_id: z.string(),
  /** The rule that decided. */
  rule: z.string(),
  limits: z.strictObject({
    captures_from: instantText,
    present_until: instantText,
    late_until: instantText,
    captures_until: instantText,
  }),
  used: z.array(usedCaptureSchema),
  ignored: z.array(
    usedCaptureSchema.extend({
      why: z.enum(Object.keys(IGNORE_REASONS) as [IgnoreReason, ...IgnoreReason[]]),
    }),
  ),
  /** How many more were ignored than are listed. */
  ignored_more: z.int().min(0),
  decisions: z.array(z.string()),
  /** Reasons that would have been enough, too (domain case 36). */
  also: z.array(z.enum(Object.keys(REASONS) as [Reason, ...Reason[]])).optional(),
  /** What a person should know about the evidence. */
  flags: z.array(z.enum(Object.keys(FLAGS) as [Flag, ...Flag[]])).optional(),
  leave_id: z.string().optional(),
  /** Class of another batch where a guest was captured: the visit that this mark counts (domain case 60). */
  visited_session_id: z.string().optional(),
  /** How long the student was inside during the class, where exits are captured. */
  dwell_seconds: z.int().optional(),
  periods: z.strictObject({ held: z.int(), attended: z.int() }).optional(),
});

export type Derivation = z.infer<typeof derivationSchema>;
export type DerivedCapture = Derivation['used'][number];
export type IgnoredDerivedCapture = Derivation['ignored'][number];

/** As captures are told to people; those without a time come last. */
export const byTime = (a: Pick<DerivedCapture, 'at'>, b: Pick<DerivedCapture, 'at'>): number =>
  (a.at ?? '~').localeCompare(b.at ?? '~');
