import fc from 'fast-check';
import { makePolicy } from '../rules/policy.js';

/** For tests: what a campus may set, in any combination. */
export const randomPolicy = fc
  .record({
    grace_period_minutes: fc.integer({ min: 0, max: 20 }),
    debounce_seconds: fc.integer({ min: 0, max: 600 }),
    carry_early: fc.boolean(),
    contiguous_carry: fc.boolean(),
    capture_per_period: fc.boolean(),
    partial_periods: fc.boolean(),
    card_and_finger: fc.boolean(),
    walk_minutes: fc.integer({ min: 0, max: 10 }),
  })
  .map(makePolicy);
