import * as z from 'zod';
import { academicPeriods } from '../masters/academic-periods.js';
import { contractOf, versionField } from '../masters/master-contract.js';
import { dateFilter } from './fields.js';

export const { item: academicPeriodSchema, params: academicPeriodParams } = contractOf(academicPeriods);
export const byDateQuery = z.strictObject({ date: dateFilter });
export const setCurrentBody = z.strictObject({ version: versionField });
