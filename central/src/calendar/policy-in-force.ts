import { RollcallError } from '@rollcall/protocol/errors';
import { describeIssues } from '@rollcall/protocol/parse';
import { ZodError } from 'zod';
import type { Knex } from '../db/database.js';
import { makePolicy, POLICY_KEYS, type Policy, type PolicyLimits } from '../rules/policy.js';

/**
 * The policy that settings give at an instant; what no setting names has the default of domain D0. Settings
 * are called as there, in capitals.
 *
 * @throws RollcallError `CONFIG_INVALID` for a stored value outside its bounds
 */
export async function policyInForce(knex: Knex, atMs: number): Promise<Policy> {
  const { rows } = await knex.raw<{ rows: { key: string; value: string }[] }>(
    `SELECT DISTINCT ON (key) key, value FROM attendance_configuration
     WHERE is_active AND effective_from <= ? AND key = ANY(?)
     ORDER BY key, effective_from DESC`,
    [new Date(atMs), POLICY_KEYS.map((key) => key.toUpperCase())],
  );
  const limits = Object.fromEntries(rows.map(({ key, value }) => [key.toLowerCase(), Number(value)]));
  try {
    return makePolicy(limits as Partial<PolicyLimits>);
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    throw new RollcallError(
      'CONFIG_INVALID',
      `attendance_configuration holds a policy that cannot be used: ${describeIssues(error)}. Correct the row and try again`,
      { cause: error },
    );
  }
}
