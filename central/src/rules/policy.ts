import { createHash } from 'node:crypto';
import * as z from 'zod';

/**
 * The limits of domain D0 that judging needs, with their defaults and bounds. The whole object is stamped on
 * a class session when it is made: changing a setting never re-judges a class that already exists.
 */
const policyLimitsSchema = z
  .strictObject({
    /** Captures count from this long before the start. */
    early_open_minutes: z.int().min(0).max(30).default(10),
    /** Up to start + this, inclusive, is present. */
    grace_period_minutes: z.int().min(0).max(60).default(5),
    /** Up to start + this, inclusive, is late; afterwards absent. */
    late_cutoff_minutes: z.int().min(0).max(240).default(20),
    /** Captures count, and the session stays open, until this long after the end. */
    close_grace_minutes: z.int().min(0).max(60).default(5),
    /** Captures of one person in one room within this time are one presentation. */
    debounce_seconds: z.int().min(0).max(600).default(60),
    /** How long a closed session waits for silent devices before a human is asked. */
    watermark_max_wait_hours: z.int().min(1).max(720).default(48),
  })
  .refine((policy) => policy.late_cutoff_minutes >= policy.grace_period_minutes, {
    path: ['late_cutoff_minutes'],
    message: 'must not be smaller than grace_period_minutes',
  });

export type PolicyLimits = z.infer<typeof policyLimitsSchema>;
export type PolicyKey = keyof PolicyLimits;
export const POLICY_KEYS = Object.keys(policyLimitsSchema.parse({})) as PolicyKey[];

/** Version of the rules in `registry.ts`; a rule that answers differently raises it. */
export const RULES_VERSION = 1;

export const policySchema = z.intersection(
  policyLimitsSchema,
  z.looseObject({ id: z.string().regex(/^[0-9a-f]{12}$/), rules_version: z.literal(RULES_VERSION) }),
);

export interface Policy extends PolicyLimits {
  /** Names the limits: the same limits have the same id everywhere. */
  id: string;
  rules_version: typeof RULES_VERSION;
}

/**
 * Completes limits with the defaults and names them.
 *
 * @throws ZodError for an unknown key and for a value out of bounds
 */
export function makePolicy(limits: Partial<PolicyLimits> = {}): Policy {
  const complete = policyLimitsSchema.parse(limits);
  const canonical = JSON.stringify(POLICY_KEYS.map((key) => [key, complete[key]]));
  const id = createHash('sha256').update(`${RULES_VERSION}:${canonical}`).digest('hex').slice(0, 12);
  return { ...complete, id, rules_version: RULES_VERSION };
}
