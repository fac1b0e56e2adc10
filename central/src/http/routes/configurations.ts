import { RollcallError } from '@rollcall/protocol/errors';
import { changeSetting, deactivateSetting } from '../../calendar/change-setting.js';
import { settingsAt } from '../../calendar/settings.js';
import type { Knex } from '../../db/database.js';
import { defaultOf, SETTING_KEYS, specOf } from '../../rules/setting-keys.js';
import { Conditions } from '../conditions.js';
import {
  type ConfigurationItem,
  configurationBody,
  configurationHistorySchema,
  configurationSchema,
  configurationsQuery,
  effectiveQuery,
  effectiveSchema,
} from '../contracts/configurations.js';
import { API, toInstant, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Configuration';

interface Row extends Omit<ConfigurationItem, 'effective_from' | 'updated_at'> {
  effective_from: Date | null;
  updated_at: Date;
}

const COLUMNS = `c.id, c.key, c.value, c.data_type, c.description, c.scope_kind, c.scope_id,
  nullif(c.effective_from, '-infinity') AS effective_from, c.is_active, c.updated_at, c.version`;

const toItem = (row: Row): ConfigurationItem => ({
  ...row,
  effective_from: toInstantOrNull(row.effective_from),
  updated_at: toInstant(row.updated_at),
});

async function loadItem(knex: Knex, id: string): Promise<ConfigurationItem> {
  const { rows } = await knex.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM attendance_configuration c WHERE c.id = ?::uuid`,
    [id],
  );
  if (rows[0] === undefined) {
    throw new RollcallError(
      'NOT_FOUND',
      `There is no setting ${id}; look it up in the list of configurations`,
    );
  }
  return toItem(rows[0]);
}

export const listConfigurations = defineRoute(
  {
    method: 'get',
    path: `${API}/configurations/`,
    operationId: 'listConfigurations',
    tag: TAG,
    summary: 'What was set, by key; keys that nobody set have their default (see effective)',
    access: 'configuration.read',
    query: configurationsQuery,
    reply: { schema: pageOf(configurationSchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions().equal('c.key', query.key).equal('c.is_active', query.is_active);
    const position = decodeCursor(query.cursor, [shortText, uuidText]);
    if (position !== undefined) conditions.add('(c.key, c.id) > (?, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `SELECT ${COLUMNS} FROM attendance_configuration c WHERE ${conditions.where} ORDER BY c.key, c.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.key, row.id] }) };
  },
);

export const readEffective = defineRoute(
  {
    method: 'get',
    path: `${API}/configurations/effective/`,
    operationId: 'readEffectiveConfiguration',
    tag: TAG,
    summary: 'Every key with the value in force, its default, bounds and meaning',
    access: 'configuration.read',
    query: effectiveQuery,
    reply: { schema: effectiveSchema },
  },
  async ({ query }, { db, clock }) => {
    const atMs = query.at === undefined ? clock.wallMs() : Date.parse(query.at);
    const scope = { programmeId: query.programme, courseType: query.course_type };
    const settings = await settingsAt(db.knex, { atMs, scope });
    return {
      body: {
        at: toInstant(new Date(atMs)),
        settings: SETTING_KEYS.map((key) => {
          const spec = specOf(key);
          const bounds = spec.type === 'integer' ? spec : undefined;
          return {
            key,
            value: settings[key],
            default: defaultOf(key, query.course_type),
            data_type: spec.type,
            unit: bounds?.unit ?? null,
            min: bounds?.min ?? null,
            max: bounds?.max ?? null,
            meaning: spec.meaning,
          };
        }),
      },
    };
  },
);

export const readConfiguration = defineRoute(
  {
    method: 'get',
    path: `${API}/configurations/{id}/`,
    operationId: 'readConfiguration',
    tag: TAG,
    summary: 'One setting with the history of its key in its scope',
    access: 'configuration.read',
    params: uuidParams,
    reply: { schema: configurationHistorySchema },
    errors: ['NOT_FOUND'],
  },
  async ({ params }, { db }) => {
    const item = await loadItem(db.knex, params.id);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `SELECT ${COLUMNS} FROM attendance_configuration c WHERE c.key = ? AND c.scope_kind = ? AND c.scope_id = ?
       ORDER BY c.effective_from DESC, c.updated_at DESC`,
      [item.key, item.scope_kind, item.scope_id],
    );
    return { body: { ...item, history: rows.map(toItem) } };
  },
);

export const createConfiguration = defineRoute(
  {
    method: 'post',
    path: `${API}/configurations/`,
    operationId: 'createConfiguration',
    tag: TAG,
    summary: 'Sets a key from an instant on; classes that were held keep their rules',
    access: 'configuration.write',
    status: 201,
    body: configurationBody,
    reply: { schema: configurationSchema },
    errors: ['SETTING_UNKNOWN', 'SETTING_INVALID'],
  },
  async ({ body, principal, request }, { db, clock }) => {
    const item = await writeAs(db.knex, { principal, request }, async (trx) => {
      const id = await changeSetting(trx, {
        key: body.key,
        value: body.value,
        description: body.description,
        scopeKind: body.scope_kind,
        scopeId: body.scope_id,
        effectiveFromMs: body.effective_from === undefined ? undefined : Date.parse(body.effective_from),
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
      return loadItem(trx, id);
    });
    return { status: 201, body: item };
  },
);

export const deactivateConfiguration = defineRoute(
  {
    method: 'delete',
    path: `${API}/configurations/{id}/`,
    operationId: 'deactivateConfiguration',
    tag: TAG,
    summary: 'Takes a setting out of force; it stays in the history',
    access: 'configuration.write',
    params: uuidParams,
    reply: { schema: configurationSchema },
    errors: ['NOT_FOUND', 'SETTING_INVALID'],
  },
  async ({ params, principal, request }, { db, clock }) => {
    const item = await writeAs(db.knex, { principal, request }, async (trx) => {
      await deactivateSetting(trx, { id: params.id, accountId: principal.accountId, nowMs: clock.wallMs() });
      return loadItem(trx, params.id);
    });
    return { body: item };
  },
);
