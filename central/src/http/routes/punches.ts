import { visibleRecords } from '../../auth/scope.js';
import { Conditions } from '../conditions.js';
import { API } from '../contracts/fields.js';
import { punchesQuery, punchSchema } from '../contracts/punches.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { PUNCH_COLUMNS, PUNCH_JOINS, type PunchRow, toPunchItem } from '../views/punch-view.js';

export const listPunches = defineRoute(
  {
    method: 'get',
    path: `${API}/punches/`,
    operationId: 'listPunches',
    tag: 'Evidence',
    summary: 'Punches as they reached central, newest first',
    access: 'evidence.read',
    query: punchesQuery,
    reply: { schema: pageOf(punchSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleRecords(principal, 'evidence.read', { session: 'cs', studentId: 'p.student_id' });
    const conditions = new Conditions()
      .equal('p.gateway_id', query.gateway)
      .equal('p.device_id', query.device)
      .equal('p.outcome', query.outcome)
      .add(scope.sql, ...scope.bindings);
    if (query.student !== undefined) {
      conditions.add('p.student_id = (SELECT id FROM student WHERE roll_number = ?)', query.student);
    }
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined) {
      conditions.add('(p.received_at, p.punch_id) < (?::timestamptz, ?::uuid)', ...position);
    }
    const { rows } = await db.knex.raw<{ rows: PunchRow[] }>(
      `SELECT ${PUNCH_COLUMNS} FROM ${PUNCH_JOINS}
         LEFT JOIN attendance_session cs ON cs.id = concerned.session_id
       WHERE ${conditions.where}
       ORDER BY p.received_at DESC, p.punch_id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, {
        item: toPunchItem,
        position: (row) => [row.received_text, row.punch_id],
      }),
    };
  },
);
