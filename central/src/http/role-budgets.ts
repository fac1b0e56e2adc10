import * as z from 'zod';
import { ROLES } from '../auth/roles.js';

/** How many requests in how much time. */
export interface Budget {
  points: number;
  /** Seconds. */
  duration: number;
}

/** Which budget of requests a call takes from (domain A9); ordinary ones say nothing. */
export const RATE_CLASSES = ['qr_scan', 'bulk_mark', 'sessions', 'statistics', 'export'] as const;
export type RateClass = (typeof RATE_CLASSES)[number];

const budgetSchema = z.strictObject({
  points: z.int().min(1).max(1_000_000),
  duration: z.int().min(1).max(86_400),
});

/** What a college gives a role instead of the usual budget; of several roles the largest counts. */
export const roleBudgetsSchema = z.partialRecord(
  z.enum(ROLES),
  z.partialRecord(z.enum([...RATE_CLASSES, 'ordinary']), budgetSchema),
);
export type RoleBudgets = z.output<typeof roleBudgetsSchema>;
