import * as z from 'zod';
import { academicPeriods } from '../masters/academic-periods.js';
import { contractOf, versionField } from '../masters/master-contract.js';
import { dateFilter, keyFilter } from './fields.js';

export const { item: academicPeriodSchema, params: academicPeriodParams } = contractOf(academicPeriods);
export const byDateQuery = z.strictObject({ date: dateFilter });
export const setCurrentBody = z.strictObject({ version: versionField });

export const generatePeriodBody = z.strictObject({
  start_date: dateFilter.optional().describe('Left out: the first day of the period'),
  end_date: dateFilter.optional().describe('Included; left out: the last day of the period'),
});
export const carryTimetableBody = z.strictObject({
  from_academic_period: keyFilter
    .optional()
    .describe('Whose last timetable is copied; left out: the period that began last before this one'),
});
export const carriedSchema = z.strictObject({
  timetable_version: z.guid().describe('The version that has the copies: the first one of the period'),
  from_academic_period: z.string(),
  created: z.int(),
  existing: z.int().describe('Copied before; they stay as they are, also where they were taken out again'),
  clashes: z
    .array(z.strictObject({ slot: z.string(), kind: z.string(), resource: z.string(), other: z.string() }))
    .describe('Copies that need what another slot has already'),
});
