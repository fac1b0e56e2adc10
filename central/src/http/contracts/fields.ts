import * as z from 'zod';
import { isDate } from '../../calendar/campus-zone.js';

export const instant = z.iso.datetime();
export const named = z.strictObject({ id: z.string(), name: z.string() });
export const student = z.strictObject({ roll_number: z.string(), name: z.string() });

export const uuid = z.guid('must be a UUID');
export const uuidParams = z.strictObject({ id: uuid });

/** A key in a filter; what does not exist finds nothing. */
export const keyFilter = z.string().min(1).max(64);
/** Keys of which none stands twice. */
export const distinctKeys = (max: number) =>
  z
    .array(keyFilter)
    .max(max)
    .refine((keys) => new Set(keys).size === keys.length, 'must not name one twice');
export const dateFilter = z.string().refine(isDate, 'must be a date that exists, written 2026-07-01');
export const flagFilter = z
  .enum(['1', 'true', '0', 'false'])
  .transform((text) => text === '1' || text === 'true');

export const toInstant = (date: Date): string => date.toISOString();
export const toInstantOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

/** Prefix of the seed's paths. */
export const API = '/api/v1/attendance';
