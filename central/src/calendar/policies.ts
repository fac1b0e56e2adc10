import { RollcallError } from '@rollcall/protocol/errors';
import { describeIssues } from '@rollcall/protocol/parse';
import { ZodError } from 'zod';
import type { Knex } from '../db/database.js';
import { makePolicy, POLICY_KEYS, type Policy, type PolicyLimits } from '../rules/policy.js';

const WHOLE_NUMBER = /^-?\d{1,9}$/;
const KNOWN_KEYS: ReadonlyMap<string, keyof PolicyLimits> = new Map(
  POLICY_KEYS.map((key) => [key.toUpperCase(), key]),
);

interface Setting {
  key: string;
  value: string;
  /** Null for one that was always in force. */
  effective_from: Date | null;
}

export type PolicyAt = (atMs: number) => Policy;

/**
 * Reads the settings once and answers with the policy that they give at an instant; what no setting names has
 * the default of domain D0. Settings are called as there, in capitals.
 *
 * @returns a function that throws RollcallError `CONFIG_INVALID` where the settings in force are out of bounds
 * @throws RollcallError `CONFIG_INVALID` for a setting that nothing reads
 */
export async function loadPolicies(knex: Knex): Promise<PolicyAt> {
  const { rows } = await knex.raw<{ rows: Setting[] }>(
    `SELECT key, value, nullif(effective_from, '-infinity') AS effective_from
     FROM attendance_configuration WHERE is_active ORDER BY attendance_configuration.effective_from, key`,
  );
  refuseUnknownKeys(rows);
  const made = new Map<string, Policy>();
  return (atMs) => {
    const limits: Partial<PolicyLimits> = {};
    for (const { key, value, effective_from: from } of rows) {
      const known = KNOWN_KEYS.get(key);
      if (known !== undefined && (from === null || from.getTime() <= atMs))
        limits[known] = numberOf(key, value);
    }
    const name = JSON.stringify(limits);
    const policy = made.get(name) ?? checked(limits);
    made.set(name, policy);
    return policy;
  };
}

/** A misspelt setting that is silently without effect is worse than none. */
function refuseUnknownKeys(rows: readonly Setting[]): void {
  const unknown = [...new Set(rows.map(({ key }) => key).filter((key) => !KNOWN_KEYS.has(key)))];
  if (unknown.length === 0) return;
  throw new RollcallError(
    'CONFIG_INVALID',
    `attendance_configuration names ${unknown.join(', ')}, which nothing reads. Correct the key to one of ` +
      `${[...KNOWN_KEYS.keys()].join(', ')}, or set is_active to false`,
  );
}

function numberOf(key: string, value: string): number {
  if (WHOLE_NUMBER.test(value)) return Number(value);
  throw new RollcallError(
    'CONFIG_INVALID',
    `attendance_configuration gives ${key} the value "${value}"; write a whole number, for example 5`,
  );
}

function checked(limits: Partial<PolicyLimits>): Policy {
  try {
    return makePolicy(limits);
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    throw new RollcallError(
      'CONFIG_INVALID',
      `attendance_configuration holds a policy that cannot be used: ${describeIssues(error)}. Correct the row and try again`,
      { cause: error },
    );
  }
}
