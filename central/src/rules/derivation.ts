import { PUNCH_KINDS } from '@rollcall/protocol/punch';
import * as z from 'zod';
import { IGNORE_REASONS, type IgnoreReason } from './reasons.js';

/** Ignored captures listed in one derivation: somebody who taps all day must not fill the database. */
export const DERIVATION_IGNORED_MAX = 50;

const instantText = z.iso.datetime();

const usedCaptureSchema = z.strictObject({
  punch_id: z.string(),
  at: instantText.nullable(),
  time_source: z.enum(['gateway_clock', 'clock_anchor', 'unknown']),
  kind: z.enum(PUNCH_KINDS),
  gateway_id: z.string(),
  device_id: z.string(),
  room_id: z.string().nullable(),
});

/** Kept with every mark: enough to answer "why?" and to compute the mark again. */
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
});

export type Derivation = z.infer<typeof derivationSchema>;
export type DerivedCapture = Derivation['used'][number];
