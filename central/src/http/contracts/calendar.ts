import * as z from 'zod';
import { pageQuery } from '../cursor.js';
import { dateFilter, distinctKeys, keyFilter, named, uuid } from './fields.js';
import { SESSION_TYPES } from './sessions.js';

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, written 09:00');
const text = z.string().trim().min(1).max(200);

export const holidaySchema = z.strictObject({
  id: z.guid(),
  name: z.string(),
  date: z.iso.date(),
  is_full_day: z.boolean(),
  start_time: z.string().nullable(),
  end_time: z.string().nullable(),
  description: z.string(),
  affects_attendance: z.boolean(),
  scope: z.strictObject({
    year_of_study: z.int().nullable(),
    department: z.string().nullable(),
    section: z.string().nullable(),
  }),
  version: z.int(),
});
export type HolidayItem = z.infer<typeof holidaySchema>;

export const holidaysQuery = z.strictObject({
  ...pageQuery,
  start_date: dateFilter.optional(),
  end_date: dateFilter.optional(),
});

const holidayScope = z.strictObject({
  year_of_study: z.int().min(1).max(6).nullable().optional(),
  department: keyFilter.nullable().optional(),
  section: keyFilter.nullable().optional(),
});

export const holidayBody = z
  .strictObject({
    name: text,
    date: dateFilter,
    start_time: timeOfDay.optional().describe('With end_time: a half-day'),
    end_time: timeOfDay.optional(),
    description: z.string().trim().max(1_000).default(''),
    affects_attendance: z.boolean().default(true),
    scope: holidayScope.prefault({}).describe('Left out: everybody'),
    keep: z
      .array(uuid)
      .max(500)
      .default([])
      .describe('Class sessions that take place all the same, where the holiday is for everybody'),
  })
  .refine(({ scope, keep }) => keep.length === 0 || Object.values(scope).every((part) => part == null), {
    path: ['keep'],
    message: 'goes with a holiday for everybody; leave out the scope',
  })
  .refine(({ start_time: start, end_time: end }) => (start === undefined) === (end === undefined), {
    path: ['end_time'],
    message: 'must come with start_time',
  })
  .refine(({ start_time: start, end_time: end }) => start === undefined || end === undefined || start < end, {
    path: ['end_time'],
    message: 'must be after start_time',
  });

/** What is left out stays. */
export const holidayChangeBody = z.strictObject({
  version: z.int().min(1).optional(),
  name: text.optional(),
  date: dateFilter.optional(),
  start_time: timeOfDay
    .nullable()
    .optional()
    .describe('With end_time: a half-day; null with null: the whole day'),
  end_time: timeOfDay.nullable().optional(),
  description: z.string().trim().max(1_000).optional(),
  affects_attendance: z.boolean().optional(),
  scope: holidayScope
    .optional()
    .describe('Written anew as a whole: a part that it does not name is meant for everybody'),
});

export const effectSchema = z.strictObject({
  cancelled: z.array(z.guid()),
  not_held: z.array(z.guid()).describe('Were going on when it was declared'),
  flagged: z.array(z.guid()).describe('Lie partly in it; a person decides'),
  partly: z.array(z.guid()).describe('Kept for their other groups'),
});

export const holidayChangeSchema = z.strictObject({ holiday: holidaySchema, effect: effectSchema });
export const restoredSchema = z.strictObject({ restored: z.array(z.guid()) });

const DAY_KINDS = ['working', 'exam', 'no_classes'] as const;
export const calendarDaySchema = z.strictObject({
  date: z.iso.date(),
  kind: z
    .enum(DAY_KINDS)
    .describe('exam and no_classes take every class of the day; half a day is a holiday'),
  follows_weekday: z.int().nullable().describe('0 = Monday: whose timetable the day has'),
  day_order: z.int().nullable(),
  note: z.string(),
  version: z.int(),
});
export type CalendarDayItem = z.infer<typeof calendarDaySchema>;

export const calendarDaysQuery = z.strictObject({
  ...pageQuery,
  start_date: dateFilter.optional(),
  end_date: dateFilter.optional(),
  kind: z.enum(DAY_KINDS).optional(),
});

export const calendarDayBody = z.strictObject({
  version: z.int().min(1).optional().describe('The version you read, where If-Match does not say it'),
  kind: z.enum(DAY_KINDS).default('working'),
  follows_weekday: z.int().min(0).max(6).nullable().default(null),
  day_order: z.int().min(1).max(12).nullable().default(null),
  note: z.string().trim().max(200).default(''),
});

export const dayEffectSchema = z.strictObject({
  cancelled: z.array(z.guid()),
  not_held: z.array(z.guid()).describe('Were going on'),
  restored: z.array(z.guid()).describe('Had been cancelled by what the day was before'),
});
export const calendarDayChangeSchema = calendarDaySchema.extend({ effect: dayEffectSchema });
export const dateParams = z.strictObject({ date: dateFilter });

export const generateBody = z.strictObject({ start_date: dateFilter, end_date: dateFilter });
export const generatedSchema = z.strictObject({
  job_id: z.guid().describe('Undo the whole with session-jobs/{id}/undo/'),
  created: z.int(),
  existing: z.int(),
  left_out: z.array(
    z.strictObject({ slot: z.string(), date: z.iso.date(), reason: z.string(), name: z.string() }),
  ),
  clashes: z.array(
    z.strictObject({ session_id: z.guid(), kind: z.string(), resource: z.string(), other: z.string() }),
  ),
});
export const undoneSchema = z.strictObject({
  cancelled: z.int(),
  kept: z.int().describe('Have begun or changed since'),
});

export const slotSchema = z.strictObject({
  id: z.string(),
  timetable_version_id: z.guid(),
  academic_period: z.string(),
  course: z.string(),
  faculty: z.string(),
  section: named,
  more_sections: z.array(z.string()),
  room: z.string(),
  more_rooms: z.array(z.string()),
  day_of_week: z.int(),
  day_order: z.int().nullable(),
  start_time: z.string(),
  end_time: z.string(),
  slot_type: z.enum(SESSION_TYPES),
  period_count: z.int(),
  is_co_taught: z.boolean(),
  is_active: z.boolean(),
  version: z.int(),
});

export const slotsQuery = z.strictObject({
  ...pageQuery,
  section: keyFilter.optional(),
  faculty: keyFilter.optional(),
  room: keyFilter.optional(),
  day_of_week: z.coerce.number().int().min(0).max(6).optional(),
  timetable_version: uuid.optional(),
});

export const slotBody = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and "-"'),
    timetable_version_id: uuid,
    course: keyFilter,
    faculty: keyFilter,
    section: keyFilter,
    more_sections: distinctKeys(20).default([]),
    room: keyFilter,
    more_rooms: distinctKeys(20).default([]),
    day_of_week: z.int().min(0).max(6),
    day_order: z.int().min(1).max(12).nullable().default(null),
    start_time: timeOfDay,
    end_time: timeOfDay,
    slot_type: z.enum(SESSION_TYPES).default('LECTURE'),
    period_count: z.int().min(1).max(12).default(1),
    is_co_taught: z.boolean().default(false),
    allow_clash: z.boolean().default(false).describe('Only warn: the clash is listed for a person instead'),
  })
  .refine(({ section, more_sections: more }) => !more.includes(section), {
    path: ['more_sections'],
    message: 'must not name the section again',
  })
  .refine(({ room, more_rooms: more }) => !more.includes(room), {
    path: ['more_rooms'],
    message: 'must not name the room again',
  });
const slotFields = slotBody.shape;
/** What is left out stays. */
export const slotChangeBody = z.strictObject({
  version: z.int().min(1).optional(),
  course: slotFields.course.optional(),
  faculty: slotFields.faculty.optional(),
  section: slotFields.section.optional(),
  more_sections: slotFields.more_sections.unwrap().optional(),
  room: slotFields.room.optional(),
  more_rooms: slotFields.more_rooms.unwrap().optional(),
  day_of_week: slotFields.day_of_week.optional(),
  day_order: slotFields.day_order.unwrap().optional(),
  start_time: slotFields.start_time.optional(),
  end_time: slotFields.end_time.optional(),
  slot_type: slotFields.slot_type.unwrap().optional(),
  period_count: slotFields.period_count.unwrap().optional(),
  is_co_taught: slotFields.is_co_taught.unwrap().optional(),
  allow_clash: slotFields.allow_clash,
});
export const slotParams = z.strictObject({ id: keyFilter });

export const versionSchema = z.strictObject({
  id: z.guid(),
  academic_period: z.string(),
  name: z.string(),
  valid_from: z.iso.date(),
  valid_until: z.iso.date().nullable().describe('The day after its last'),
  uses_day_order: z.boolean(),
  version: z.int(),
});
export const versionBody = z.strictObject({
  academic_period: keyFilter,
  name: text,
  valid_from: dateFilter.describe('The version before it ends the day before'),
  uses_day_order: z.boolean().default(false),
  copy_slots: z.boolean().default(true).describe('Begin with the slots of the version before'),
  apply: z.boolean().default(false).describe('false: only says what would happen'),
});
export const versionChangeSchema = z.strictObject({
  timetable_version: versionSchema.nullable(),
  replaced: z.int().describe('Future class sessions of the version before that go'),
  kept: z.array(z.guid()).describe('Changed by hand or with captures: they stay'),
});
