import * as z from 'zod';
import { fingerPositionSchema } from './finger-position.js';
import { deviceIdSchema } from './ids.js';
import { studentRefSchema } from './punch.js';

/** Fingers of one enrollment: two are recommended, one of each hand (fingerprint §10). */
export const ENROLLMENT_FINGERS_MAX = 4;

export const fingerPositionsSchema = z
  .array(fingerPositionSchema)
  .min(1)
  .max(ENROLLMENT_FINGERS_MAX)
  .refine((positions) => new Set(positions).size === positions.length, 'must not name a finger twice');

/** Asks a gateway to take fingers of a student at one of its scanners. */
export const enrollArgsSchema = z.strictObject({
  enrollment_id: z.guid(),
  device_id: deviceIdSchema,
  student_ref: studentRefSchema,
  /** In the order in which they are taken. */
  fingers: fingerPositionsSchema,
});
export type EnrollArgs = z.infer<typeof enrollArgsSchema>;

/** Why a capture was not taken; what to tell the person is up to whoever shows it. */
export const CAPTURE_REASONS = [
  'too_little_finger',
  'too_dry',
  'too_wet',
  'moved',
  'too_few_details',
  'poor_quality',
  'other_finger',
  'same_place',
  'enrolled_just_now',
] as const;
const reasonsSchema = z.array(z.enum(CAPTURE_REASONS)).max(CAPTURE_REASONS.length);

const qualitySchema = z.int().min(0).max(100);
const countSchema = z.int().min(1).max(20);
const ofFinger = { finger_position: fingerPositionSchema };

/** How an enrollment goes on. Never an image, never a template. */
export const enrollmentProgressSchema = z.discriminatedUnion('step', [
  /** The scanner takes no attendance from now on. */
  z.strictObject({ step: z.literal('started') }),
  /** Somebody is to put this finger down, now for this impression of so many. */
  z.strictObject({
    step: z.literal('place'),
    ...ofFinger,
    impression: countSchema,
    impressions: countSchema,
  }),
  /** An impression was taken, and the finger is to be lifted. Quality is null where the module does not tell it. */
  z.strictObject({
    step: z.literal('captured'),
    ...ofFinger,
    impression: countSchema,
    impressions: countSchema,
    quality: qualitySchema.nullable(),
  }),
  /** One was not taken: the finger is to be lifted and put down better. */
  z.strictObject({
    step: z.literal('rejected'),
    ...ofFinger,
    reasons: reasonsSchema.min(1),
    quality: qualitySchema.nullable(),
  }),
  /** The template of this finger is in central. */
  z.strictObject({
    step: z.literal('kept'),
    ...ofFinger,
    template_id: z.guid(),
    quality: qualitySchema.nullable(),
  }),
  z.strictObject({
    step: z.literal('failed'),
    /** The finger it failed with; absent where no finger had to do with it. */
    finger_position: fingerPositionSchema.optional(),
    code: z.string().regex(/^[A-Z_]{1,64}$/),
    reasons: reasonsSchema.optional(),
    /** Whose finger it is already; for the security officer alone (domain case 115). */
    student_ref: studentRefSchema.optional(),
  }),
  z.strictObject({ step: z.literal('cancelled') }),
]);
export type EnrollmentProgress = z.infer<typeof enrollmentProgressSchema>;
