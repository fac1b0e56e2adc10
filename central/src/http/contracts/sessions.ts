import * as z from 'zod';
import { MARKS, SESSION_STATUSES } from '../../rules/facts.js';
import { anyOfNames } from '../aliases.js';
import { pageQuery } from '../cursor.js';
import { dateFilter, distinctKeys, flagFilter, instant, keyFilter, named, uuid } from './fields.js';

const keyText = keyFilter;

export const countsSchema = z.strictObject({
  present: z.int(),
  late: z.int(),
  absent: z.int(),
  excused: z.int(),
  pending: z.int(),
});

export const SESSION_TYPES = ['LECTURE', 'LAB', 'TUTORIAL', 'SEMINAR'] as const;
export const SESSION_ORIGINS = ['timetable', 'ad_hoc', 'makeup', 'extra', 'swap'] as const;

export const sessionSchema = z.strictObject({
  id: z.guid(),
  course: z.strictObject({ code: z.string(), title: z.string() }),
  section: named,
  faculty: z.strictObject({ code: z.string(), name: z.string() }),
  room: named,
  building: named,
  session_type: z.enum(SESSION_TYPES),
  period_count: z.int().describe('Periods that it weighs'),
  origin: z.enum(SESSION_ORIGINS),
  makeup: z.boolean(),
  counts_in_denominator: z.boolean(),
  status_reason: z
    .string()
    .describe('Why it is cancelled, not held or kept, as an upper-case code; empty where there is none'),
  substitute: z.strictObject({ code: z.string(), name: z.string() }).nullable(),
  replaces_session_id: z.guid().nullable().describe('The class that this one makes good or was moved from'),
  groups: z.array(z.string()).describe('Every section, batch and elective group, the first one included'),
  rooms: z.array(z.string()).describe('Every room that is its room now'),
  scheduled_date: z.iso.date(),
  start_at: instant,
  end_at: instant,
  status: z.enum(SESSION_STATUSES),
  counts: countsSchema,
  waiting_for: z
    .array(z.string())
    .describe('Gateways whose devices have not reported past the end of this closed session'),
  version: z.int(),
});
export type SessionItem = z.infer<typeof sessionSchema>;

export const sessionDetailSchema = sessionSchema.extend({
  actual_start_at: instant.nullable(),
  actual_end_at: instant.nullable(),
  auto_opened: z.boolean(),
  auto_closed: z.boolean(),
  notes: z.string(),
  policy: z
    .looseObject({ id: z.string(), rules_version: z.int() })
    .describe('The limits in force for this session'),
});

export const sessionsQuery = z.strictObject({
  ...pageQuery,
  scheduled_date: dateFilter.optional(),
  start_date: dateFilter.optional(),
  end_date: dateFilter.optional(),
  status: z.enum(SESSION_STATUSES).optional(),
  room: keyFilter.optional(),
  building: keyFilter.optional(),
  section: keyFilter.optional(),
  faculty: keyFilter.optional(),
  course_section: keyFilter.optional().describe('As section'),
  course: keyFilter.optional(),
  origin: z.enum(SESSION_ORIGINS).optional(),
  makeup: flagFilter.optional(),
  now: flagFilter
    .optional()
    .describe('Only sessions whose captures count at this moment, and those that are open'),
});

const version = z.int().min(1).optional().describe('The version you saw; another one is answered with STALE');
const reason = z.string().trim().max(255);

export const changeBody = z.strictObject({ version, reason: reason.optional() });

/** One tap: what happened is always the same. */
export const confirmBody = z.strictObject({
  version,
  reason: reason.default('The class representative confirms: nobody came'),
});

export const reasonBody = z.strictObject({ version, reason: reason.min(3) });

export const roomBody = z.strictObject({ version, room: keyText, reason: reason.default('') });
export const substituteBody = z.strictObject({ version, faculty: keyText, reason: reason.default('') });
export const swapBody = z.strictObject({ version, course: keyText, faculty: keyText, reason: reason.min(3) });
export const headcountBody = z.strictObject({
  version,
  headcount: z.int().min(0).max(10_000),
  reason: reason.default(''),
});
export const headcountConfirmationBody = z.strictObject({
  version,
  headcount: z
    .int()
    .min(0)
    .max(10_000)
    .describe('Heads in the room, of students: never more than are on the roster and let in as guests'),
  not_here: z
    .array(keyText)
    .max(1_000)
    .default([])
    .describe('Roll numbers or ids of those on the roster who were not in class when it was counted'),
  reason: reason.default('').describe('Left out: the count is the reason'),
});
export const headcountConfirmationSchema = z.strictObject({
  headcount: z.int(),
  confirmed: z
    .array(z.strictObject({ student: z.string().describe('Roll number'), mark: z.enum(MARKS) }))
    .describe('Who waited for it and is in class by the count'),
});
export const guestBody = z.strictObject({
  student: keyText.describe('Roll number'),
  counts_for_session_id: uuid.describe("The class of the student's own batch that the mark goes to"),
  reason: reason.min(3).describe('Why the student takes part here'),
});
export const finalizeBody = z.strictObject({
  version,
  decision: z
    .enum(['use_roll', 'not_held'])
    .describe('use_roll: what is known now stands, the others are absent. not_held: nobody gets a mark'),
  reason: reason.min(3),
});

export const unlockSchema = z.strictObject({
  unlocked: z.boolean().describe('false: a second person has to confirm within a day'),
  session: sessionSchema,
});

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, written 09:00');
export const SESSION_GROUPS_MAX = 20;

const sessionFields = z.strictObject({
  course: keyText,
  sections: distinctKeys(SESSION_GROUPS_MAX).min(1).describe('Sections, batches or elective groups'),
  faculty: keyText,
  rooms: distinctKeys(SESSION_GROUPS_MAX).min(1),
  date: dateFilter,
  start_time: timeOfDay,
  end_time: timeOfDay.describe('At or before start_time: on the next day'),
  session_type: z.enum(SESSION_TYPES).default('LECTURE'),
  period_count: z.int().min(1).max(12).default(1),
  origin: z.enum(['ad_hoc', 'makeup', 'extra']).default('ad_hoc'),
  replaces_session_id: uuid.optional().describe('The class that was not held and is made good now'),
  counts_in_denominator: z.boolean().default(true),
  is_bonus: z.boolean().default(false).describe('Adds attended periods only, never held ones'),
  is_co_taught: z.boolean().default(false),
  reason: reason.default(''),
});

export const makeupPreviewBody = sessionFields.pick({
  sections: true,
  date: true,
  start_time: true,
  end_time: true,
});

const zoned = z.iso.datetime({
  offset: true,
  error: 'must be an instant with its offset, 2026-07-01T09:00:00+05:30',
});
export const SESSION_NOTES_MAX = 1_000;

/** Our names, and those of the seed (domain A1.5), which mean the same. */
export const createSessionBody = sessionFields
  .extend({
    course: keyText
      .optional()
      .describe(
        'Left out: of the slot, or the only one that the timetable gives the faculty member with the group',
      ),
    sections: sessionFields.shape.sections.optional(),
    course_section: keyText.optional().describe('As sections, where it is one'),
    faculty: keyText.optional(),
    rooms: sessionFields.shape.rooms.optional(),
    room: keyText.optional().describe('As rooms, where it is one'),
    date: dateFilter.optional(),
    scheduled_date: dateFilter.optional().describe('As date'),
    start_time: timeOfDay.optional(),
    end_time: timeOfDay.optional().describe('At or before start_time: on the next day'),
    start_datetime: zoned
      .optional()
      .describe('With end_datetime: as date, start_time and end_time on campus'),
    end_datetime: zoned.optional(),
    timetable_slot: keyText.optional().describe('Whatever is left out is as in this slot of the timetable'),
    academic_period: keyText.optional().describe('Has to be the period of the date'),
    session_type: z.enum(SESSION_TYPES).optional().describe('Left out: of the slot, or LECTURE'),
    period_count: z.int().min(1).max(12).optional().describe('Left out: of the slot, or 1'),
    is_co_taught: z.boolean().optional().describe('Left out: of the slot, or false'),
    origin: sessionFields.shape.origin
      .unwrap()
      .optional()
      .describe('Left out: makeup where makeup is true, or ad_hoc'),
    makeup: z.boolean().optional().describe('As origin makeup'),
    notes: z.string().trim().max(SESSION_NOTES_MAX).default(''),
  })
  .meta({
    allOf: [
      anyOfNames('date', 'scheduled_date', 'start_datetime'),
      anyOfNames('sections', 'course_section', 'timetable_slot'),
      anyOfNames('faculty', 'timetable_slot'),
      anyOfNames('rooms', 'room', 'timetable_slot'),
    ],
  });

export const SESSIONS_AT_ONCE_MAX = 50;
export const createSessionsBody = z.strictObject({
  sessions: z.array(createSessionBody).min(1).max(SESSIONS_AT_ONCE_MAX),
});
export const createdSessionsSchema = z.strictObject({
  results: z.array(sessionSchema).describe('In the order in which they were asked for'),
});

const asItIs = 'As it is: what this says changes through an action of its own';

/** What may be written anew of a class session, and the seed's other fields where they say what is there. */
export const editSessionBody = z.strictObject({
  version,
  reason: reason.default(''),
  notes: z.string().trim().max(SESSION_NOTES_MAX).optional(),
  room: keyText.optional().describe('Moves it from now on, as room-change/ does'),
  start_datetime: zoned.optional().describe('While it is scheduled, on its date'),
  end_datetime: zoned.optional(),
  academic_period: keyText.optional().describe(asItIs),
  course_section: keyText.optional().describe(asItIs),
  faculty: keyText.optional().describe(`${asItIs}: substitute/`),
  timetable_slot: keyText.nullable().optional().describe(asItIs),
  scheduled_date: dateFilter.optional().describe(asItIs),
  makeup: z.boolean().optional().describe(asItIs),
});

export const deleteSessionBody = z.strictObject({
  version,
  reason: reason.default('deleted').describe('Everybody of the class is told'),
});

export const generatedRecordsSchema = z.strictObject({
  session_id: z.guid(),
  students: z.int().describe('On the rosters of the class on its date'),
  records: z.int().describe('Of them with a mark now; before the class opens nobody has one'),
});

export const pageOnlyQuery = z.strictObject(pageQuery);

export const makeupPreviewSchema = z.strictObject({
  clashes: z.array(
    z.strictObject({ roll_number: z.string(), name: z.string(), session_id: z.guid(), course: z.string() }),
  ),
  others: z.int().describe('Further students with another class, whom you may not see'),
});

export const summarySchema = z.strictObject({
  session_id: z.guid(),
  total: z.int(),
  present: z.int().describe('Late included: late counts as attended'),
  absent: z.int(),
  late: z.int(),
  excused: z.int(),
  pending: z.int(),
  percentage: z
    .number()
    .nullable()
    .describe('Attended of those with a mark, cut to two digits; null without marks'),
  headcount: z.int().nullable(),
});
