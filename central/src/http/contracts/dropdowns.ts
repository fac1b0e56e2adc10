import * as z from 'zod';
import { keyFilter } from './fields.js';

/** What a list to choose from needs; all of it at once. */
const choices = <Item extends z.ZodRawShape>(item: Item) =>
  z.strictObject({ results: z.array(z.strictObject(item)) });

export const byYearQuery = z.strictObject({ academic_year: keyFilter });
export const byPeriodQuery = z.strictObject({ academic_period: keyFilter });

export const semesterChoices = choices({
  id: z.string().describe('Of the academic period'),
  name: z.string(),
  semester: z.enum(['odd', 'even', 'summer']).nullable(),
  is_current: z.boolean(),
});
export const courseSectionChoices = choices({
  course: z.string(),
  title: z.string(),
  section: z.string(),
  section_name: z.string(),
  faculty: z.array(z.string()),
});
export const slotChoices = choices({
  id: z.string(),
  course: z.string(),
  section: z.string(),
  room: z.string(),
  day_of_week: z.int(),
  start_time: z.string(),
  end_time: z.string(),
});
export const studentChoices = choices({ id: z.guid(), roll_number: z.string(), name: z.string() });
