import { parseCanonical } from '@rollcall/protocol/credential';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { deviceIdSchema, gatewayIdSchema } from '@rollcall/protocol/ids';
import { parseJson } from '@rollcall/protocol/parse';
import { studentRefSchema } from '@rollcall/protocol/punch';
import { sealedTemplateSchema } from '@rollcall/protocol/template-transfer';
import * as z from 'zod';
import { ROLES } from '../auth/roles.js';
import { isDate, isZone } from '../calendar/campus-zone.js';
import { findBrokenReferences } from './references.js';

/** A campus of a hundred thousand students fits; a larger file is something else. */
const CAMPUS_BYTES_MAX = 256 * 1024 * 1024;
const ROWS_MAX = 200_000;

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and "-", starting with a letter or digit');
const code = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/, 'must be 1 to 32 letters, digits and "-"');
const name = z.string().trim().min(1).max(200);
const date = z.string().refine(isDate, 'must be a date that exists, written 2026-07-01');
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, written 09:00');
const publicKey = z
  .base64()
  .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64');

const card = z.string().superRefine((text, context) => {
  try {
    parseCanonical(text);
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

/** A finger that was enrolled elsewhere: its template as gateways seal it, and the consent that was given for it. */
const finger = z.strictObject({
  ...sealedTemplateSchema.omit({ student_ref: true }).shape,
  quality: z.number().min(0).max(1),
  consent: z.strictObject({
    notice_version: z.string().min(1).max(64),
    /** SHA-256 of the text that was signed. */
    notice_sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits'),
    language: z.enum(['en', 'te', 'hi']).default('en'),
  }),
});

export const campusFileSchema = z
  .strictObject({
    v: z.literal(1),
    campus: z.strictObject({
      id,
      name,
      /** Left out: the zone that the campus has, or DEFAULT_TIMEZONE for a new one. */
      zone: z.string().refine(isZone, 'must be an IANA time zone, for example Asia/Kolkata').optional(),
    }),
    buildings: z
      .array(
        z.strictObject({
          id,
          name,
          rooms: z.array(z.strictObject({ id, name, capacity: z.int().min(1).optional() })).max(ROWS_MAX),
        }),
      )
      .max(ROWS_MAX),
    gateways: z
      .array(z.strictObject({ id: gatewayIdSchema, building: id, name, public_key: publicKey.optional() }))
      .max(ROWS_MAX),
    devices: z
      .array(
        z.strictObject({
          id: deviceIdSchema,
          gateway: gatewayIdSchema,
          room: id.optional(),
          driver: z.string().min(1).max(32),
          name,
          type: z.enum(['rfid', 'fingerprint', 'face', 'iris', 'palm', 'qr_kiosk', 'lights']),
          direction: z.enum(['in', 'out', 'both']).default('both'),
        }),
      )
      .max(ROWS_MAX),
    academic_period: z.strictObject({ id, name, starts_on: date, ends_on: date }),
    departments: z.array(z.strictObject({ id, name })).max(ROWS_MAX).default([]),
    courses: z
      .array(
        z.strictObject({
          code,
          title: name,
          type: z.enum(['theory', 'lab', 'elective', 'mandatory', 'audit']).default('theory'),
          department: id.optional(),
        }),
      )
      .max(ROWS_MAX),
    faculty: z.array(z.strictObject({ code, name, department: id.optional() })).max(ROWS_MAX),
    sections: z
      .array(
        z.strictObject({
          id,
          name,
          kind: z.enum(['section', 'batch', 'elective']).default('section'),
          /** The section that a batch is part of. */
          parent: id.optional(),
          department: id.optional(),
          year_of_study: z.int().min(1).max(6).optional(),
        }),
      )
      .max(ROWS_MAX),
    students: z
      .array(
        z.strictObject({
          roll_number: studentRefSchema,
          name,
          section: id,
          member_from: date,
          /** Batches and electives besides the section. */
          groups: z.array(id).max(32).default([]),
          cards: z.array(card).max(16).default([]),
          fingers: z.array(finger).max(10).default([]),
        }),
      )
      .max(ROWS_MAX),
    timetable: z
      .array(
        z.strictObject({
          id,
          section: id,
          course: code,
          faculty: code,
          room: id,
          /** 0 = Monday. */
          day_of_week: z.int().min(0).max(6),
          start: time,
          end: time,
          type: z.enum(['LECTURE', 'LAB', 'TUTORIAL', 'SEMINAR']).default('LECTURE'),
          period_count: z.int().min(1).max(12).default(1),
          /** Further groups of a combined class, further rooms of a split one. */
          more_sections: z.array(id).max(20).default([]),
          more_rooms: z.array(id).max(20).default([]),
        }),
      )
      .max(ROWS_MAX),
    accounts: z
      .array(
        z.strictObject({
          login: z.string().trim().min(1).max(200),
          name: name.optional(),
          /** Only for a start: whoever reads the file knows it. Left out, the account has none. */
          password: z.string().min(12).max(200).optional(),
          roles: z
            .array(z.strictObject({ role: z.enum(ROLES), department: id.optional(), section: id.optional() }))
            .min(1)
            .max(16),
          student: studentRefSchema.optional(),
          faculty: code.optional(),
        }),
      )
      .max(ROWS_MAX)
      .default([]),
  })
  .superRefine((file, context) => {
    for (const { path, message } of findBrokenReferences(file))
      context.addIssue({ code: 'custom', path, message });
  });

type ParsedFile = z.output<typeof campusFileSchema>;
/** With the zone that it is stored in. */
export type CampusFile = Omit<ParsedFile, 'campus'> & { campus: ParsedFile['campus'] & { zone: string } };
/** As written by hand: what has a default may be left out. */
export type CampusFileInput = z.input<typeof campusFileSchema>;

/** @throws RollcallError `SEED_INVALID` naming every wrong path */
export function parseCampusFile(bytes: Uint8Array): ParsedFile {
  if (bytes.length > CAMPUS_BYTES_MAX) {
    throw new RollcallError(
      'SEED_INVALID',
      `The campus file is larger than ${CAMPUS_BYTES_MAX} bytes; split it`,
    );
  }
  return parseJson(campusFileSchema, bytes, 'SEED_INVALID', 'The campus file');
}
