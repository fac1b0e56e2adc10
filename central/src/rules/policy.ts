import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Settings, STAMPED_KEYS, type StampedKey, specOf } from './setting-keys.js';

/**
 * The limits that judging needs, under the names of their settings. The whole object is stamped on a class
 * session when it is made: changing a setting never re-judges a class that was held.
 */
export type PolicyLimits = { -readonly [K in StampedKey as Lowercase<K>]: Settings[K] };
export type PolicyKey = keyof PolicyLimits;

export const policyKeyOf = (key: StampedKey): PolicyKey => key.toLowerCase() as PolicyKey;
export const POLICY_KEYS: readonly PolicyKey[] = STAMPED_KEYS.map(policyKeyOf);

/**
 * Version of the rules in `registry.ts`; a rule that answers the same facts differently raises it, once in a release, and
 * gives classes with an earlier stamp the earlier answer (ADR 70). 2: times of staying, the strongest evidence, presences of
 * one kind. 3: a confirmation needs a capture (case 92); who has left waits for no scheduled class (case 38).
 */
export const RULES_VERSION = 3;

export interface Policy extends PolicyLimits {
  /** Names the limits: the same limits have the same id everywhere. */
  id: string;
  rules_version: number;
}

function valueSchema(key: StampedKey): z.ZodType {
  const spec = specOf(key);
  if (spec.type === 'boolean') return z.boolean().default(spec.default);
  if (spec.type === 'integer') return z.int().min(spec.min).max(spec.max).default(spec.default);
  const text = spec.choices === undefined ? z.string().regex(spec.pattern ?? /^$/) : z.enum(spec.choices);
  return text.default(spec.default);
}

const limitsSchema = z
  .strictObject(Object.fromEntries(STAMPED_KEYS.map((key) => [policyKeyOf(key), valueSchema(key)])))
  .transform((limits) => limits as unknown as PolicyLimits)
  .refine((policy) => policy.late_cutoff_minutes >= policy.grace_period_minutes, {
    path: ['late_cutoff_minutes'],
    message: 'must not be smaller than grace_period_minutes',
  });

/**
 * What version 1 did where it had no limit: it knew neither exits nor carrying over. A class that was held
 * under it keeps its marks.
 */
const VERSION_1_LIMITS: Partial<PolicyLimits> = {
  min_duration_for_present_minutes: 0,
  min_duration_for_present_percent: 0,
  carry_early: false,
  contiguous_carry: false,
  capture_per_period: false,
  partial_periods: false,
  card_and_finger: false,
  walk_minutes: 0,
};

const stampSchema = z.looseObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  rules_version: z.int().min(1).max(RULES_VERSION),
});

/**
 * Reads what is stamped on a class session, by this version or an earlier one.
 *
 * @throws ZodError for what no version has stamped
 */
export function readPolicy(stamped: unknown): Policy {
  const { id, rules_version, ...limits } = stampSchema.parse(stamped);
  const missing = rules_version === 1 ? VERSION_1_LIMITS : {};
  return { ...limitsSchema.parse({ ...missing, ...limits }), id, rules_version };
}

/**
 * Completes limits with the defaults and names them.
 *
 * @throws ZodError for an unknown key and for a value out of bounds
 */
export function makePolicy(limits: Partial<PolicyLimits> = {}): Policy {
  const complete = limitsSchema.parse(limits);
  const canonical = JSON.stringify(POLICY_KEYS.map((key) => [key, complete[key]]));
  const id = createHash('sha256').update(`${RULES_VERSION}:${canonical}`).digest('hex').slice(0, 12);
  return { ...complete, id, rules_version: RULES_VERSION };
}
