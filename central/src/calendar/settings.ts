import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import {
  defaultOf,
  isSettingKey,
  SETTING_KEYS,
  type SettingKey,
  type Settings,
} from '../rules/setting-keys.js';
import { readSettingValue, type SettingValue, unknownKeyProblem } from '../rules/setting-value.js';
import type { ScopeKind } from '../rules/settings/spec.js';

/** What a setting is asked for; what is left out is the campus as a whole. */
export interface SettingScope {
  programmeId?: string | null | undefined;
  /** `lab` for a lab class of any course, otherwise the type of the course. */
  courseType?: string | null | undefined;
}

interface SettingRow {
  key: string;
  value: string;
  scope_kind: ScopeKind;
  scope_id: string;
  /** Null for one that was always in force. */
  effective_from: Date | null;
}

interface LoadedSetting {
  key: SettingKey;
  value: SettingValue;
  kind: ScopeKind;
  id: string;
  fromMs: number;
}

export type SettingsAt = (atMs: number, scope?: SettingScope) => Settings;

/** Who asks in this turn of the loop, by pool. */
const asking = new WeakMap<Knex, Promise<SettingsAt>>();

/**
 * Reads every setting once and answers with those in force at an instant: the narrowest scope counts, in it the
 * newest that has begun, and the default of the table where nobody set anything.
 *
 * Requests that come in one turn of the loop share one reading, which begins after all of them have come; a transaction
 * reads for itself.
 *
 * @throws RollcallError `CONFIG_INVALID` for a key that nothing reads and for a value out of bounds
 */
export function loadSettings(knex: Knex): Promise<SettingsAt> {
  if (knex.isTransaction === true) return readSettings(knex);
  const shared = asking.get(knex);
  if (shared !== undefined) return shared;
  const reading = new Promise((resolve) => setImmediate(resolve)).then(() => {
    asking.delete(knex);
    return readSettings(knex);
  });
  asking.set(knex, reading);
  return reading;
}

async function readSettings(knex: Knex): Promise<SettingsAt> {
  const { rows } = await prepared<{ rows: SettingRow[] }>(
    knex,
    `SELECT key, value, scope_kind, scope_id, nullif(effective_from, '-infinity') AS effective_from
     FROM attendance_configuration WHERE is_active
     ORDER BY array_position(ARRAY['campus', 'programme', 'course_type'], scope_kind),
       attendance_configuration.effective_from, key`,
  );
  const loaded = rows.map(read);
  const defaults = new Map<string | undefined, Record<string, SettingValue>>();
  return (atMs, scope = {}) => {
    const courseType = scope.courseType ?? undefined;
    const known = defaults.get(courseType) ?? defaultsOf(courseType);
    defaults.set(courseType, known);
    const settings = { ...known };
    // From wide to narrow and from old to new: the last one stands.
    for (const { key, value, kind, id, fromMs } of loaded) {
      if (fromMs <= atMs && isWithin(kind, id, scope)) settings[key] = value;
    }
    return settings as unknown as Settings;
  };
}

function defaultsOf(courseType: string | undefined): Record<string, SettingValue> {
  return Object.fromEntries(SETTING_KEYS.map((key) => [key, defaultOf(key, courseType)]));
}

export interface SettingsRequest {
  atMs: number;
  scope?: SettingScope;
}

/** The settings in force at one instant; `loadSettings` where more than one answer is needed. */
export async function settingsAt(knex: Knex, { atMs, scope }: SettingsRequest): Promise<Settings> {
  const at = await loadSettings(knex);
  return at(atMs, scope);
}

function isWithin(kind: ScopeKind, id: string, scope: SettingScope): boolean {
  if (kind === 'campus') return true;
  return id === (kind === 'programme' ? scope.programmeId : scope.courseType);
}

function read({ key, value: text, scope_kind, scope_id, effective_from }: SettingRow): LoadedSetting {
  if (!isSettingKey(key)) {
    throw new RollcallError(
      'CONFIG_INVALID',
      `attendance_configuration names ${unknownKeyProblem([key])}, or set is_active to false`,
    );
  }
  const value = readSettingValue(key, text);
  if (!value.ok) throw new RollcallError('CONFIG_INVALID', `attendance_configuration: ${value.problem}`);
  const fromMs = effective_from?.getTime() ?? Number.NEGATIVE_INFINITY;
  return { key, value: value.value, kind: scope_kind, id: scope_id, fromMs };
}
