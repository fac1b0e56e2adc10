import {
  CAPTURE_REASONS,
  enrollmentProgressSchema,
  fingerPositionsSchema,
} from '@rollcall/protocol/enrollment';
import { deviceIdSchema, gatewayIdSchema } from '@rollcall/protocol/ids';
import { studentRefSchema } from '@rollcall/protocol/punch';
import * as z from 'zod';
import { ENROLLMENT_STATES } from '../../enrollment/enrollment-state.js';
import { pageQuery } from '../cursor.js';
import { templateSchema } from './consents.js';
import { instant, keyFilter, uuid } from './fields.js';

const whose = z.strictObject({ id: z.guid(), roll_number: z.string() });
const reasons = z.array(z.enum(CAPTURE_REASONS));
const quality = z.int().nullable().describe('0 to 100; null where the module does not tell it');

const captureSchema = z.strictObject({
  number: z.int(),
  at: instant,
  finger_position: z.int(),
  impression: z.int().nullable().describe('Which impression of the finger it became; null: it was not taken'),
  quality,
  reasons: reasons.describe('Why it was not taken'),
});

export const enrollmentSchema = z.strictObject({
  id: z.guid(),
  student: whose,
  gateway: z.string(),
  device: z.string(),
  fingers: z.array(z.int()).describe('ISO/IEC 19794-2: 1 right thumb to 10 left little finger'),
  consent: z.guid(),
  state: z.enum(ENROLLMENT_STATES),
  requested_by: z.guid().nullable().describe('null: the command line of the gateway'),
  requested_at: instant,
  started_at: instant.nullable(),
  ended_at: instant.nullable(),
  expires_at: instant,
  prompt: z
    .strictObject({
      step: z.string().describe('started, place, captured, rejected, kept, failed, cancelled'),
      finger_position: z.int().nullable(),
      impression: z.int().nullable(),
      impressions: z.int().nullable(),
      quality,
      reasons,
    })
    .nullable()
    .describe('The latest that the scanner told: what is to be done now'),
  captures: z.array(captureSchema),
  templates: z
    .array(z.strictObject({ id: z.guid(), finger_position: z.int() }))
    .describe('What was stored by it'),
  code: z.string().nullable().describe('Why it did not end as it should'),
  message: z.string().nullable(),
});
export type EnrollmentItem = z.infer<typeof enrollmentSchema>;

export const enrollmentBody = z.strictObject({
  student: uuid,
  gateway: gatewayIdSchema,
  device: deviceIdSchema,
  fingers: fingerPositionsSchema.describe('Taken in this order; two are recommended, one of each hand'),
});

export const enrollmentsQuery = z.strictObject({
  ...pageQuery,
  student: uuid.optional(),
  gateway: keyFilter.optional(),
  state: z.enum(ENROLLMENT_STATES).optional(),
});

/** As the command line of a gateway asks: it knows neither ids of students nor accounts. */
export const gatewayEnrollmentBody = z.strictObject({
  student_ref: studentRefSchema,
  device_id: deviceIdSchema,
  fingers: fingerPositionsSchema,
  consent: z.guid().describe('Read from the record of the consent: whoever knows it was shown it'),
});
export const gatewayEnrollmentSchema = z.strictObject({ enrollment: z.guid(), expires_at: instant });

export const gatewayEnrollmentParams = z.strictObject({ id: gatewayIdSchema, enrollment: z.guid() });
export const gatewayProgressBody = z.strictObject({ progress: enrollmentProgressSchema });
export const gatewayProgressSchema = z.strictObject({ step: z.string() });

const acknowledgement = z.strictObject({
  template: z.guid(),
  finger_position: z.int(),
  gateway: z.string(),
  since: instant,
});

export const studentFingersSchema = z.strictObject({
  student: whose,
  fingers: z.array(templateSchema).describe('Enrolled now, each with the gateways that have it'),
  last_recognized_at: instant.nullable().describe('By any finger, also where it is not told which of them'),
  awaited: z
    .array(acknowledgement)
    .describe('Gateways that are to delete a template and have not said that it is gone'),
});
export type StudentFingers = z.infer<typeof studentFingersSchema>;

export const gallerySchema = z.strictObject({
  gateway: z.string(),
  building: z.string(),
  is_revoked: z.boolean(),
  roster_version: z.int().describe('In force there; 0: it has not said'),
  newest_roster_version: z.int(),
  templates_version: z.int().nullable().describe('Roster whose templates are all there; null: it keeps none'),
  held: z.int().describe('Templates that it has said to hold'),
  on_the_way: z.int(),
  to_remove: z.int().describe('Templates whose removal it has not acknowledged'),
});
export type GalleryItem = z.infer<typeof gallerySchema>;
export const galleriesQuery = z.strictObject(pageQuery);
