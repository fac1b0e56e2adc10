import { Conditions } from '../conditions.js';
import { emptySchema } from '../contracts/auth.js';
import { decodeCursor, pageFrom, pageOf, shortText, uuidText } from '../cursor.js';
import { etagOf } from '../etag.js';
import { defineRoute, type Route } from '../route.js';
import type { Item, Master, Operation } from './master.js';
import { pascal } from './master.js';
import { contractOf, type MasterContract } from './master-contract.js';
import { columnType, type Row, scopeOf, selectRows, toItem } from './master-rows.js';
import { changeRow, createRow, deleteRow, keyConditions, unknownRow } from './master-writes.js';

const IF_MATCH = { 'If-Match': 'The ETag you read; if it has changed since, the answer is STALE' } as const;

/** The five routes of a master, or those of them that it has. */
export function masterRoutes(master: Master): Route[] {
  const contract = contractOf(master);
  const all: Record<Operation, () => Route> = {
    list: () => listRoute(master, contract),
    create: () => createRoute(master, contract),
    read: () => readRoute(master, contract),
    update: () => updateRoute(master, contract),
    delete: () => deleteRoute(master, contract),
  };
  const { operations = ['list', 'create', 'read', 'update', 'delete'] } = master;
  return operations.map((operation) => all[operation]());
}

function listRoute(master: Master, { collection, query, item }: MasterContract): Route {
  const order = master.order ?? master.key;
  return defineRoute(
    {
      method: 'get',
      path: collection,
      operationId: `list${pascal(master.many)}`,
      tag: master.tag,
      summary: `${capital(master.many)} that you may see`,
      access: master.read,
      query,
      reply: { schema: pageOf(item) },
    },
    async (input, { db, capture }) => {
      const asked = input.query as Row & { cursor?: string; limit: number; q?: string };
      const conditions = new Conditions();
      const scope = scopeOf(master, input.principal, master.read);
      conditions.add(scope.sql, ...scope.bindings);
      for (const [name, { column, isFilter }] of Object.entries(master.fields)) {
        if (isFilter === true) conditions.equal(`t.${column}`, asked[name] as string | undefined);
      }
      for (const [name, { sql }] of Object.entries(master.filters ?? {})) {
        if (asked[name] !== undefined) conditions.add(sql, asked[name] as string);
      }
      if (asked.q !== undefined) {
        const like = `%${asked.q.replaceAll(/[\\%_]/g, '\\$&')}%`;
        const { search = [] } = master;
        conditions.add(search.map((column) => `t.${column} ILIKE ?`).join(' OR '), ...search.map(() => like));
      }
      const position = decodeCursor(
        asked.cursor,
        order.map(({ kind }) => (kind === 'uuid' ? uuidText : shortText)),
      );
      if (position !== undefined) {
        const columns = order.map(({ column }) => `t.${column}`).join(', ');
        const values = order.map(({ kind }) => `?::${columnType(kind)}`).join(', ');
        conditions.add(`(${columns}) > (${values})`, ...position);
      }
      const rows = await selectRows(db.knex, master, {
        principal: input.principal,
        conditions,
        tail: `ORDER BY ${order.map(({ column }) => `t.${column}`).join(', ')} LIMIT ${asked.limit + 1}`,
      });
      return {
        body: pageFrom(rows, asked.limit, {
          item: (row) => toItem(master, capture.seal, row),
          position: (row) => order.map(({ column }) => String(row[nameOf(master, column)])),
        }),
      };
    },
  );
}

function createRoute(master: Master, { collection, created, item }: MasterContract): Route {
  return defineRoute(
    {
      method: 'post',
      path: collection,
      operationId: `create${pascal(master.idName ?? master.one)}`,
      tag: master.tag,
      summary: `Makes a new ${master.one}`,
      access: master.write,
      status: 201,
      body: created,
      reply: { schema: item },
      errors: ['ALREADY_EXISTS', 'FORBIDDEN'],
    },
    async (input, context) => reply(await createRow(master, input, context)),
  );
}

function readRoute(master: Master, { member, params, item }: MasterContract): Route {
  return defineRoute(
    {
      method: 'get',
      path: member,
      operationId: `read${pascal(master.idName ?? master.one)}`,
      tag: master.tag,
      summary: `One ${master.one}; its version is the ETag`,
      access: master.read,
      params,
      reply: { schema: item },
      errors: ['NOT_FOUND'],
    },
    async (input, { db, capture }) => {
      const scope = scopeOf(master, input.principal, master.read);
      const conditions = keyConditions(master, input.params).add(scope.sql, ...scope.bindings);
      const [row] = await selectRows(db.knex, master, { principal: input.principal, conditions, tail: '' });
      if (row === undefined) throw unknownRow(master, input.params);
      return reply(toItem(master, capture.seal, row));
    },
  );
}

function updateRoute(master: Master, { member, params, changed, item }: MasterContract): Route {
  return defineRoute(
    {
      method: 'patch',
      path: member,
      operationId: `update${pascal(master.idName ?? master.one)}`,
      tag: master.tag,
      summary: `Changes a ${master.one}: what the body leaves out stays`,
      access: master.write,
      params,
      body: changed,
      headers: IF_MATCH,
      reply: { schema: item },
      errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'ALREADY_EXISTS', 'MASTER_IN_USE'],
    },
    async (input, context) => reply(await changeRow(master, input, context)),
  );
}

function deleteRoute(master: Master, { member, params }: MasterContract): Route {
  return defineRoute(
    {
      method: 'delete',
      path: member,
      operationId: `delete${pascal(master.idName ?? master.one)}`,
      tag: master.tag,
      summary: `Removes a ${master.one} that nothing uses; otherwise the answer says what does`,
      access: master.write,
      params,
      headers: IF_MATCH,
      reply: { schema: emptySchema },
      errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'MASTER_IN_USE'],
    },
    async (input, context) => {
      await deleteRow(master, input, context);
      return { body: {} };
    },
  );
}

const reply = (item: Item) => ({ body: item, headers: { ETag: etagOf(Number(item['version'])) } });

/** The name in answers of a column that lists are ordered by. */
function nameOf({ key, fields }: Master, column: string): string {
  const field = Object.entries(fields).find(([, one]) => one.column === column)?.[0];
  return field ?? key.find((part) => part.column === column)?.name ?? column;
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
