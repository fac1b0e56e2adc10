import * as z from 'zod';
import { STANDINGS } from '../../statistics/share.js';
import { pageQuery } from '../cursor.js';
import { dateFilter, instant, keyFilter, named, student } from './fields.js';

const count = z.int().min(0);
const percent = z.number().min(0).max(100);

/** What every share says of itself. */
const share = {
  held_periods: count.describe('The denominator: decided, not excused, in classes that count'),
  attended_periods: count.describe('Present and late, never more than held'),
  excused_periods: count,
  pending_periods: count.describe('Not decided yet; in no number above'),
  attendance_percentage: percent
    .nullable()
    .describe('Two digits, cut off; null where nothing counts yet, which is neither 0 nor 100'),
  standing: z
    .enum(STANDINGS)
    .describe('Compared as exact fractions with threshold_percent and the threshold of condonation'),
  is_eligible_for_exam: z
    .boolean()
    .describe('True also where there is no basis: such students are listed for a person to look at'),
  threshold_percent: z.int(),
} as const;

const outlook = {
  attend_next: count
    .nullable()
    .describe('Periods to attend without a gap to reach the threshold; null: never'),
  may_miss: count
    .nullable()
    .describe('Periods that can be missed and still be enough; null: none, or none is asked'),
  remaining_periods: count.nullable().describe('Planned from the date of outlook_from on, that day included'),
  outlook_from: z.iso.date().nullable(),
  can_reach: z
    .boolean()
    .nullable()
    .describe('Within what is pending or planned; null where no plan is known'),
} as const;

const counts = {
  total_sessions: count,
  present_count: count.describe('Without late'),
  late_count: count,
  absent_count: count,
  excused_count: count,
  pending_count: count,
} as const;

const course = z.strictObject({ code: z.string(), title: z.string() });

export const statisticsSchema = z.strictObject({
  student,
  academic_period: named,
  section: named,
  course,
  ...counts,
  ...share,
  bonus_periods: count.describe('Attended in extra classes; counted above up to what was held'),
  counts_in_aggregate: z.boolean(),
  is_below_course_minimum: z.boolean(),
  last_calculated: instant,
});
export type StatisticsItem = z.infer<typeof statisticsSchema>;

export const statisticsQuery = z.strictObject({
  ...pageQuery,
  student: keyFilter.optional().describe('Roll number'),
  course_section: keyFilter.optional().describe('Id of the section, batch or elective group'),
  course: keyFilter.optional(),
  academic_period: keyFilter.optional(),
  below_percent: z
    .string()
    .regex(/^(100|[1-9]?\d)$/, 'must be a whole number from 0 to 100')
    .transform(Number)
    .optional()
    .describe('Only shares below this, compared exactly; without those that have no basis'),
  no_basis: z.enum(['true']).optional().describe('Only those where nothing counts yet'),
});

const dates = {
  start_date: dateFilter.optional().describe('Only classes from this date on'),
  end_date: dateFilter.optional().describe('Only classes up to this date, included'),
} as const;

export const studentSummaryQuery = z.strictObject({
  student_id: keyFilter.optional().describe('Roll number or id; left out: the student who asks'),
  course_section_id: keyFilter.optional(),
  academic_period: keyFilter.optional().describe('Left out: the current one'),
  ...dates,
});

const summaryCourse = statisticsSchema
  .omit({ student: true, academic_period: true, last_calculated: true })
  .extend(outlook);

const period = named.extend({ starts_on: z.iso.date(), ends_on: z.iso.date() });

export const studentSummarySchema = z.strictObject({
  student,
  academic_period: period,
  start_date: z.iso.date().nullable(),
  end_date: z.iso.date().nullable(),
  courses: z.array(summaryCourse),
  aggregate: z
    .strictObject({
      ...share,
      ...outlook,
      credit_held_periods: count.describe('Booked without a class; part of held_periods'),
      credit_attended_periods: count,
    })
    .nullable()
    .describe('Over all courses that count in it; null for one course, and for who sees only some of them'),
  credits: z.array(
    z.strictObject({
      kind: z.string(),
      course_code: z.string().nullable(),
      exam_date: z.iso.date().nullable(),
      held_periods: count,
      attended_periods: count,
      reason: z.string(),
    }),
  ),
  leave_days: count.describe('Days of approved leave within the period or the dates'),
  last_calculated: instant.nullable(),
});
export type StudentSummary = z.infer<typeof studentSummarySchema>;

export const distributionSchema = z.strictObject({
  enough: count,
  condonable: count,
  short: count,
  no_basis: count,
});
export type Distribution = z.infer<typeof distributionSchema>;

const pooled = {
  students: count,
  held_periods: count.describe('Of all students together'),
  attended_periods: count,
  pending_periods: count,
  attendance_percentage: percent.nullable(),
  threshold_percent: z.int().nullable().describe('Null where there is nobody, or programmes differ'),
  standings: distributionSchema.describe('How many students are where'),
} as const;

const courseSummary = z.strictObject({ course, section: named, ...pooled });
export type CourseSummaryItem = z.infer<typeof courseSummary>;

export const courseSummaryQuery = z.strictObject({
  course_section_id: keyFilter.describe('Id of the section, batch or elective group'),
  course: keyFilter.optional(),
  academic_period: keyFilter.optional().describe('Left out: the current one'),
  ...dates,
});
export const courseSummarySchema = z.strictObject({
  academic_period: period,
  start_date: z.iso.date().nullable(),
  end_date: z.iso.date().nullable(),
  results: z.array(courseSummary),
});
export type CourseSummary = z.infer<typeof courseSummarySchema>;

export const overviewQuery = z.strictObject({
  academic_period: keyFilter.optional().describe('Left out: the current one'),
  department: keyFilter.optional().describe('Only its courses and the students of its sections'),
});
export const overviewSchema = z.strictObject({
  academic_period: period,
  aggregate: z
    .strictObject(pooled)
    .nullable()
    .describe('Students by their aggregate; null for who sees single courses only'),
  courses: z.array(z.strictObject({ course, ...pooled })),
});
export type Overview = z.infer<typeof overviewSchema>;

const listOfStudents = {
  ...pageQuery,
  academic_period: keyFilter.optional().describe('Left out: the current one'),
  department: keyFilter.optional().describe('Only students of its sections'),
  section: keyFilter.optional().describe('Only students of this section, batch or elective group'),
} as const;
export const defaultersQuery = z.strictObject(listOfStudents);
export const eligibilityQuery = z.strictObject({
  ...listOfStudents,
  eligible: z.enum(['true', 'false']).optional().describe('Only those who are, or only those who are not'),
});
export const reportedStudentSchema = z.strictObject({
  student,
  academic_period: named,
  ...share,
  courses_below_minimum: z
    .array(z.strictObject({ ...course.shape, attendance_percentage: percent.nullable() }))
    .describe('Where SUBJECT_MIN_PERCENT is missed: shown beside the aggregate, and no part of it'),
  last_calculated: instant,
});
export type ReportedStudent = z.infer<typeof reportedStudentSchema>;
