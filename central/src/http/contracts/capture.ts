import * as z from 'zod';
import { MARKS } from '../../rules/facts.js';
import { anyOfNames } from '../aliases.js';
import { instant, keyFilter, named, uuid } from './fields.js';

export const codeSchema = z.strictObject({
  session_id: z.guid(),
  qr_token: z.string().describe('What the code on the screen holds now'),
  fallback_code: z.string().describe('Six characters for typing, with the same life'),
  server_time: instant,
  step_ends_at: instant.describe('Ask again then for the next code'),
  expires_at: instant.describe('The screen ends then'),
  present_count: z.int(),
  unverified_count: z.int().describe('Scans without any check of the place'),
});

export const scanBody = z
  .strictObject({
    qr_token: z.string().max(100).optional(),
    code: z
      .string()
      .trim()
      .toUpperCase()
      .max(12)
      .optional()
      .describe('The six characters, instead of the code'),
    student_id: keyFilter
      .optional()
      .describe(
        'Your own id or roll number, as the seed sends it; it decides nothing, anybody else is refused',
      ),
    device_id: z.string().min(8).max(128).describe('A number that the phone made up for itself'),
    location_lat: z.number().min(-90).max(90).optional(),
    location_lng: z.number().min(-180).max(180).optional(),
    location_accuracy_m: z.number().min(0).max(1_000_000).default(0),
    location_at: instant.optional(),
    is_mock_location: z.boolean().default(false),
  })
  .describe('Who it is comes from the sign-in alone');

export const scanSchema = z.strictObject({
  session: z.strictObject({
    id: z.guid(),
    course: z.strictObject({ code: z.string(), title: z.string() }),
    room: named,
  }),
  mark: z
    .enum(MARKS)
    .describe(
      'pending where it is not known yet: the scan is recorded, and the mark follows, within a moment as a rule',
    ),
  marked_at: instant
    .nullable()
    .describe('Effective time of the capture that decided; null where none did, and while mark is pending'),
  already_recorded: z
    .boolean()
    .describe('An earlier scan, or a mark that was there, counts; nothing has changed'),
  recorded_at: instant
    .nullable()
    .describe(
      'When the scan that counts was taken, known before the mark is: this scan, or the earlier one where it was already recorded. null only where the mark was there without any scan: of a card or finger marked_at tells when',
    ),
  is_verified: z.boolean(),
});

const DECIDED_MARKS = ['present', 'absent', 'late', 'excused'] as const;
const writtenMark = z
  .union([z.enum(DECIDED_MARKS), z.string().regex(/^[A-Za-z]{1,4}$/)])
  .describe('In words, or as a letter of MARK_VOCABULARY as the class has it, such as P');
const reason = z.string().trim().max(255);
export const BULK_ROWS_MAX = 1_000;

/** What a person who marks may say of it; what devices capture does not come this way. */
const decidedSource = z
  .enum(['manual', 'offline', 'import'], {
    error:
      'must be manual, offline or import: what a card, finger or code captures is evidence, not a mark by hand',
  })
  .default('manual')
  .describe('Where the person has it from; stands on the decision');
const decidedDevice = z
  .string()
  .max(128)
  .optional()
  .describe('What it was entered with; stands in the audit');

export const markBody = z
  .strictObject({
    session_id: uuid.optional(),
    session: uuid.optional().describe('As session_id: one of both'),
    student: keyFilter.optional().describe('Roll number or id'),
    student_id: keyFilter.optional().describe('As student: one of both'),
    mark: writtenMark,
    reason: reason.min(3),
    source: decidedSource,
    device_id: decidedDevice,
  })
  .meta({ allOf: [anyOfNames('session_id', 'session'), anyOfNames('student', 'student_id')] });
export const remarkBody = z.strictObject({ mark: writtenMark, reason: reason.min(3) });
export const unmarkBody = z.strictObject({ reason: reason.min(3) });

export const bulkBody = z.strictObject({
  session_id: uuid,
  attendance_data: z
    .array(
      z.strictObject({
        student_id: keyFilter.describe('Roll number or id'),
        mark: writtenMark,
        reason: reason.optional(),
      }),
    )
    .max(BULK_ROWS_MAX)
    .default([]),
  mark_rest: writtenMark
    .optional()
    .describe('For everybody on the roster who is not in the list; evidence outranks it'),
  reason: reason.default(''),
  all_or_nothing: z.boolean().default(false).describe('One row that is refused refuses all'),
  source: decidedSource,
  device_id: decidedDevice,
});

export const rowOutcomeSchema = z.strictObject({
  student: z.string(),
  outcome: z.enum(['applied', 'unchanged', 'refused']),
  code: z.string(),
  mark: z.enum(MARKS).nullable().describe('The mark after the call'),
});

export const bulkSchema = z.strictObject({
  call_id: z.guid().describe('Names the decisions of this call, to withdraw them together'),
  applied: z.int(),
  refused: z.int(),
  results: z.array(rowOutcomeSchema),
});

export const OFFLINE_ROWS_MAX = 2_000;

export const offlineBody = z.strictObject({
  records: z
    .array(
      z.strictObject({
        client_uuid: uuid.describe('Made by the phone; the same one again is the same decision'),
        session_id: uuid,
        student_id: keyFilter.describe('Roll number or id'),
        mark: writtenMark,
        captured_at: instant,
      }),
    )
    .min(1)
    .max(OFFLINE_ROWS_MAX),
});

export const offlineSchema = z.strictObject({
  results: z.array(
    z.strictObject({
      client_uuid: z.guid(),
      outcome: z
        .enum(['applied', 'duplicate', 'review', 'refused'])
        .describe('review: a person decides, since it is older than OFFLINE_SYNC_MAX_DELTA_MINUTES'),
      code: z.string(),
    }),
  ),
});

export const reviewBody = z.strictObject({ decision: z.enum(['accept', 'reject']), reason: reason.min(3) });
export const reviewSchema = z.strictObject({ decided: z.int() });

export const IMPORT_CHARACTERS_MAX = 900_000;

export const importBody = z.strictObject({
  csv: z.string().min(1).max(IMPORT_CHARACTERS_MAX),
  columns: z
    .strictObject({
      session: z.string().default('session_id'),
      student: z.string().default('roll_number'),
      mark: z.string().default('mark'),
      reason: z.string().default('reason'),
    })
    .prefault({})
    .describe('Which column of the file holds what'),
  apply: z.boolean().default(false).describe('false: only says what would happen'),
});

export const importSchema = z.strictObject({
  applied: z.boolean(),
  rows: z.int(),
  accepted: z.int(),
  problems: z.array(z.strictObject({ line: z.int(), code: z.string(), problem: z.string() })),
});
