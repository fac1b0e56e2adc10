import type * as z from 'zod';
import { Conditions } from '../conditions.js';
import { quarantineItemSchema, quarantineQuery } from '../contracts/devices.js';
import { API, toInstant, toInstantOrNull } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText, timestampText } from '../cursor.js';
import { defineRoute } from '../route.js';

interface QuarantineRow {
  id: string;
  kind: 'row' | 'message';
  gateway_id: string | null;
  store_id: string | null;
  seq: number | null;
  code: string;
  problem: string;
  received_at: Date;
  received_text: string;
  resolved_at: Date | null;
}

/** Bodies stay in the database: they may hold what no list should show. */
const ALL_SQL = `(
  SELECT 'row/' || gateway_id || '/' || store_id || '/' || seq AS id, 'row' AS kind, gateway_id, store_id, seq, code,
    problem, received_at, resolved_at FROM quarantine_row
  UNION ALL
  SELECT 'message/' || id, 'message', claimed_gateway_id, NULL, NULL, code, problem, received_at, resolved_at
  FROM quarantine_message) q`;

export const listQuarantine = defineRoute(
  {
    method: 'get',
    path: `${API}/quarantine/`,
    operationId: 'listQuarantine',
    tag: 'Evidence',
    summary: 'What gateways sent and could not become evidence, newest first',
    access: 'quarantine.read',
    query: quarantineQuery,
    reply: { schema: pageOf(quarantineItemSchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions().equal('q.gateway_id', query.gateway).equal('q.code', query.code);
    const position = decodeCursor(query.cursor, [timestampText, shortText]);
    if (position !== undefined) conditions.add('(q.received_at, q.id) < (?::timestamptz, ?)', ...position);
    const { rows } = await db.knex.raw<{ rows: QuarantineRow[] }>(
      `SELECT q.*, q.received_at::text AS received_text FROM ${ALL_SQL} WHERE ${conditions.where}
       ORDER BY q.received_at DESC, q.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.received_text, row.id] }),
    };
  },
);

function toItem({ received_text: _, ...row }: QuarantineRow): z.infer<typeof quarantineItemSchema> {
  return { ...row, received_at: toInstant(row.received_at), resolved_at: toInstantOrNull(row.resolved_at) };
}
