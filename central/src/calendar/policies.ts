import { RollcallError } from '@rollcall/protocol/errors';
import { describeIssues } from '@rollcall/protocol/parse';
import { ZodError } from 'zod';
import type { Knex } from '../db/database.js';
import { makePolicy, type Policy, policyKeyOf } from '../rules/policy.js';
import { type Settings, STAMPED_KEYS } from '../rules/setting-keys.js';
import { loadSettings, type SettingScope } from './settings.js';

export type PolicyAt = (atMs: number, scope?: SettingScope) => Policy;

/**
 * Reads the settings once and answers with the policy that they give at an instant.
 *
 * @returns a function that throws RollcallError `CONFIG_INVALID` where settings contradict each other
 * @throws RollcallError `CONFIG_INVALID` for a setting that nothing reads or whose value is out of bounds
 */
export async function loadPolicies(knex: Knex): Promise<PolicyAt> {
  const settingsAt = await loadSettings(knex);
  const made = new Map<string, Policy>();
  return (atMs, scope) => {
    const settings = settingsAt(atMs, scope);
    const name = STAMPED_KEYS.map((key) => settings[key]).join('\n');
    const policy = made.get(name) ?? policyOf(settings);
    made.set(name, policy);
    return policy;
  };
}

/** @throws RollcallError `CONFIG_INVALID` where settings contradict each other */
export function policyOf(settings: Settings): Policy {
  try {
    return makePolicy(Object.fromEntries(STAMPED_KEYS.map((key) => [policyKeyOf(key), settings[key]])));
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    throw new RollcallError(
      'CONFIG_INVALID',
      `attendance_configuration holds a policy that cannot be used: ${describeIssues(error)}. Correct the row and try again`,
      { cause: error },
    );
  }
}
