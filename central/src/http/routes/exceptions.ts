import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { type Permission, reachesOf } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import type { Knex } from '../../db/database.js';
import { decisionsOf, ruleOf } from '../../exceptions/item-rules.js';
import { visibleItems } from '../../exceptions/item-scope.js';
import { resolveItem } from '../../exceptions/resolve-item.js';
import { Conditions } from '../conditions.js';
import {
  type ExceptionItem,
  itemParams,
  itemSchema,
  itemsQuery,
  resolveBody,
} from '../contracts/exceptions.js';
import { API, toInstant, toInstantOrNull } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, timestampText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Exceptions';

interface ItemRow {
  id: number;
  at: Date;
  at_text: string;
  code: string;
  message: string;
  gateway_id: string | null;
  session_id: string | null;
  course_code: string;
  scheduled_date: string;
  start_at: Date;
  roll_number: string | null;
  full_name: string;
  detail: Record<string, unknown>;
  resolved_at: Date | null;
  resolved_by: string | null;
  decision: string;
  decision_reason: string;
}

const COLUMNS = `e.id, e.at, e.at::text AS at_text, e.code, e.message, e.gateway_id, s.id AS session_id, s.course_code,
  s.scheduled_date, s.start_at, st.roll_number, st.full_name, e.detail, e.resolved_at, a.display_name AS resolved_by,
  e.decision, e.decision_reason`;
const JOINS = `exception_item e LEFT JOIN attendance_session s ON s.id = e.session_id
  LEFT JOIN student st ON st.id = e.student_id LEFT JOIN account a ON a.id = e.resolved_by`;

export const listExceptions = defineRoute(
  {
    method: 'get',
    path: `${API}/exception-items/`,
    operationId: 'listExceptionItems',
    tag: TAG,
    summary: 'What people have to look at, newest first, with what can be answered',
    access: 'exceptions.read',
    query: itemsQuery,
    reply: { schema: pageOf(itemSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleItems(principal, 'exceptions.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('e.code', query.code)
      .equal('e.session_id', query.session)
      .equal('st.roll_number', query.student)
      .equal('e.gateway_id', query.gateway);
    if (query.open !== undefined) conditions.add(`e.resolved_at IS ${query.open ? '' : 'NOT '}NULL`);
    const position = decodeCursor(query.cursor, [timestampText, itemNumber]);
    if (position !== undefined) conditions.add('(e.at, e.id) < (?::timestamptz, ?::bigint)', ...position);
    const { rows } = await db.knex.raw<{ rows: ItemRow[] }>(
      `SELECT ${COLUMNS} FROM ${JOINS} WHERE ${conditions.where} ORDER BY e.at DESC, e.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    const item = itemFor(principal);
    return { body: pageFrom(rows, query.limit, { item, position: (row) => [row.at_text, String(row.id)] }) };
  },
);

const itemNumber = z.string().regex(/^\d{1,15}$/);

export const readException = defineRoute(
  {
    method: 'get',
    path: `${API}/exception-items/{id}/`,
    operationId: 'readExceptionItem',
    tag: TAG,
    summary: 'One item',
    access: 'exceptions.read',
    params: itemParams,
    reply: { schema: itemSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => ({ body: await requireItem(db.knex, principal, params.id) }),
);

export const resolveException = defineRoute(
  {
    method: 'post',
    path: `${API}/exception-items/{id}/resolve/`,
    operationId: 'resolveExceptionItem',
    tag: TAG,
    summary: 'Answers an item with one of its decisions and a reason; what follows from it is done',
    access: 'exceptions.resolve',
    params: itemParams,
    body: resolveBody,
    reply: { schema: itemSchema },
    errors: [
      'NOT_FOUND',
      'FORBIDDEN',
      'HIGHER_DECIDER_NEEDED',
      'ALREADY_DECIDED',
      'SESSION_LOCKED',
      'SESSION_CANCELLED',
      'SESSION_NOT_OPEN',
      'INVALID_TRANSITION',
      'NOT_ON_ROSTER',
      'CORRECTION_PENDING',
      'REREQUEST_USED',
      'STALE',
    ],
  },
  async (input, { db, clock, capture }) => {
    const { principal, params, body } = input;
    await requireItem(db.knex, principal, params.id, 'exceptions.resolve');
    await writeAs(db.knex, input, (trx) =>
      resolveItem(trx, { ...body, id: params.id, principal, seal: capture.seal, nowMs: clock.wallMs() }),
    );
    return { body: await requireItem(db.knex, principal, params.id) };
  },
);

/** @throws RollcallError `NOT_FOUND` where it may not even be seen, `FORBIDDEN` where the act is not allowed */
async function requireItem(
  knex: Knex,
  principal: Principal,
  id: string,
  permission: Permission = 'exceptions.read',
): Promise<ExceptionItem> {
  const seen = visibleItems(principal, 'exceptions.read');
  const reached = visibleItems(principal, permission);
  const { rows } = await knex.raw<{ rows: (ItemRow & { is_reached: boolean })[] }>(
    `SELECT ${COLUMNS}, (${reached.sql}) AS is_reached FROM ${JOINS} WHERE e.id = ?::bigint AND (${seen.sql})`,
    [...reached.bindings, id, ...seen.bindings],
  );
  const [row] = rows;
  if (row === undefined)
    throw new RollcallError('NOT_FOUND', `There is no item ${id}; look it up in the list`);
  if (row.is_reached) return itemFor(principal)(row);
  throw new RollcallError('FORBIDDEN', 'You may see this item, but none of your roles answers it');
}

/** Whoever sees no marks sees none here either (domain case 157). */
function itemFor(principal: Principal): (row: ItemRow) => ExceptionItem {
  const seesMarks = reachesOf(principal, 'records.read').length > 0;
  return (row) => {
    const { mark: _mark, reason: _reason, would_be: _wouldBe, derivation: _why, ...device } = row.detail;
    return {
      id: String(row.id),
      at: toInstant(row.at),
      code: row.code,
      message: row.message,
      gateway_id: row.gateway_id,
      session:
        row.session_id === null
          ? null
          : {
              id: row.session_id,
              course_code: row.course_code,
              scheduled_date: row.scheduled_date,
              start_at: toInstant(row.start_at),
            },
      student: row.roll_number === null ? null : { roll_number: row.roll_number, name: row.full_name },
      detail: seesMarks ? row.detail : device,
      decisions: [...decisionsOf(row)],
      decider_level: ruleOf(row.code).level,
      resolved_at: toInstantOrNull(row.resolved_at),
      resolved_by: row.resolved_by,
      decision: row.decision,
      decision_reason: row.decision_reason,
    };
  };
}
