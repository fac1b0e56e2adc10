import type { Knex } from '../db/database.js';
import type { SettingKey, Settings } from '../rules/setting-keys.js';
import { COURSE_TYPE_OF_CLASS_SQL, PROGRAMME_OF_CLASS_SQL } from './class-scope.js';
import { loadSettings, type SettingScope } from './settings.js';

/** Classes that these settings treat alike. */
export interface ClassGroup {
  settings: Settings;
  /** Condition on `attendance_session s`. */
  where: string;
  bindings: string[];
}

/**
 * All classes, divided by the settings in force at an instant as far as these keys tell them apart: one group, without
 * a look at any class, where they are those of the campus.
 */
export async function classGroups(
  knex: Knex,
  keys: readonly SettingKey[],
  atMs: number,
): Promise<ClassGroup[]> {
  const settingsAt = await loadSettings(knex);
  const { rows } = await knex.raw<{ rows: { scope_kind: string; scope_id: string }[] }>(
    `SELECT DISTINCT scope_kind, scope_id FROM attendance_configuration
     WHERE is_active AND scope_kind <> 'campus' AND key = ANY(?::text[]) ORDER BY 1, 2`,
    [keys as never],
  );
  const named = (kind: string): string[] =>
    rows.filter((row) => row.scope_kind === kind).map(({ scope_id }) => scope_id);
  const programmes = partsOf(PROGRAMME_OF_CLASS_SQL, named('programme'));
  const types = partsOf(COURSE_TYPE_OF_CLASS_SQL, named('course_type'));
  const groups = new Map<string, ClassGroup>();
  for (const programme of programmes) {
    for (const type of types) {
      const scope: SettingScope = { programmeId: programme.id, courseType: type.id };
      const settings = settingsAt(atMs, scope);
      const where = `(${programme.sql} AND ${type.sql})`;
      const bindings = [...programme.bindings, ...type.bindings];
      const name = keys.map((key) => settings[key]).join('\n');
      const alike = groups.get(name);
      groups.set(
        name,
        alike === undefined
          ? { settings, where, bindings }
          : {
              settings,
              where: `${alike.where} OR ${where}`,
              bindings: [...alike.bindings, ...bindings],
            },
      );
    }
  }
  return [...groups.values()];
}

interface Part {
  id: string | undefined;
  sql: string;
  bindings: string[];
}

/** Each of those that are named, and all the others. */
function partsOf(column: string, ids: readonly string[]): Part[] {
  if (ids.length === 0) return [{ id: undefined, sql: 'true', bindings: [] }];
  return [
    ...ids.map((id) => ({ id, sql: `${column} = ?`, bindings: [id] })),
    {
      id: undefined,
      sql: `coalesce(${column} NOT IN (${ids.map(() => '?').join(', ')}), true)`,
      bindings: [...ids],
    },
  ];
}
