import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { Conditions } from '../conditions.js';
import { API, toInstant, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import { notificationSchema, notificationsQuery, readAllSchema } from '../contracts/notifications.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';

const TAG = 'Notifications';

interface NotificationRow {
  id: string;
  kind: string;
  subject_id: string;
  body: Record<string, unknown>;
  created_at: Date;
  created_text: string;
  read_at: Date | null;
}

const COLUMNS =
  'n.id, n.kind, n.subject_id, n.body, n.created_at, n.created_at::text AS created_text, n.read_at';

export const listNotifications = defineRoute(
  {
    method: 'get',
    path: `${API}/notifications/`,
    operationId: 'listNotifications',
    tag: TAG,
    summary: 'What you were told, newest first',
    access: 'signed_in',
    query: notificationsQuery,
    reply: { schema: pageOf(notificationSchema) },
  },
  async ({ principal, query }, { db }) => {
    const conditions = new Conditions()
      .add('n.account_id = ?', principal.accountId)
      .equal('n.kind', query.kind);
    if (query.unread !== undefined) conditions.add(`n.read_at IS ${query.unread ? '' : 'NOT '}NULL`);
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined)
      conditions.add('(n.created_at, n.id) < (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: NotificationRow[] }>(
      `SELECT ${COLUMNS} FROM notification n WHERE ${conditions.where} ORDER BY n.created_at DESC, n.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.created_text, row.id] }),
    };
  },
);

export const readNotification = defineRoute(
  {
    method: 'post',
    path: `${API}/notifications/{id}/read/`,
    operationId: 'readNotification',
    tag: TAG,
    summary: 'Marks one as read; once more changes nothing',
    access: 'signed_in',
    params: uuidParams,
    reply: { schema: notificationSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db, clock }) => {
    const { rows } = await db.knex.raw<{ rows: NotificationRow[] }>(
      `UPDATE notification n SET read_at = coalesce(n.read_at, ?::timestamptz)
       WHERE n.id = ?::uuid AND n.account_id = ?::uuid RETURNING ${COLUMNS}`,
      [new Date(clock.wallMs()), params.id, principal.accountId],
    );
    const [row] = rows;
    if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no notification ${params.id}`);
    return { body: toItem(row) };
  },
);

export const readAllNotifications = defineRoute(
  {
    method: 'post',
    path: `${API}/notifications/read-all/`,
    operationId: 'readAllNotifications',
    tag: TAG,
    summary: 'Marks everything as read',
    access: 'signed_in',
    reply: { schema: readAllSchema },
  },
  async ({ principal }, { db, clock }) => {
    const read = await db
      .knex('notification')
      .where({ account_id: principal.accountId })
      .whereNull('read_at')
      .update({ read_at: new Date(clock.wallMs()) });
    return { body: { read } };
  },
);

const toItem = ({ created_text: _, ...row }: NotificationRow): z.output<typeof notificationSchema> => ({
  ...row,
  created_at: toInstant(row.created_at),
  read_at: toInstantOrNull(row.read_at),
});
