import * as z from 'zod';
import { pageQuery } from '../cursor.js';
import { dateFilter, keyFilter } from './fields.js';

export const workloadQuery = z
  .strictObject({
    ...pageQuery,
    start_date: dateFilter,
    end_date: dateFilter,
    faculty: keyFilter.optional(),
    department: keyFilter.optional().describe('Of the course'),
  })
  .refine(({ start_date: start, end_date: end }) => start <= end, {
    path: ['end_date'],
    message: 'must not be before start_date',
  });

const classes = (what: string) => z.int().describe(what);

export const workloadSchema = z.strictObject({
  faculty: z.strictObject({ code: z.string(), name: z.string() }),
  classes_held: classes('Own and of others'),
  periods_held: z.int().describe('What they weigh: a lab of three periods is three'),
  covered_for_others: classes('Among those held: classes of another faculty member'),
  covered_by_others: classes('Own classes that another faculty member held'),
  not_held: classes('Own or to be covered, that were not held'),
  cancelled: classes('For the whole college or by hand'),
});
export type Workload = z.infer<typeof workloadSchema>;
