import { randomUUID } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import type { Knex } from '../../db/database.js';
import { askTerminal, TERMINAL_COMMAND_TTL_S } from '../../devices/terminal-commands.js';
import { Conditions } from '../conditions.js';
import { API, toInstant, toInstantOrNull } from '../contracts/fields.js';
import {
  terminalCommandBody,
  terminalCommandParams,
  terminalCommandSchema,
  terminalCommandsQuery,
  terminalParams,
} from '../contracts/terminal-commands.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Gateways and devices';
const PATH = `${API}/gateways/{id}/devices/{device}/user-commands/` as const;

export const askTerminalUser = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'askTerminalUser',
    tag: TAG,
    summary: 'Has a terminal know a student, know a user no more, or forget the fingers and faces of a user',
    access: 'devices.write',
    status: 202,
    params: terminalParams,
    body: terminalCommandBody,
    reply: { schema: terminalCommandSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock, commands }) => {
    const { params, body, principal } = input;
    const id = randomUUID();
    const nowMs = clock.wallMs();
    const wanted = { id, gatewayId: params.id, deviceId: params.device, ...body };
    const args = await writeAs(db.knex, input, (trx) =>
      askTerminal(trx, wanted, { accountId: principal.accountId, nowMs }),
    );
    commands.send(params.id, 'terminal_user', args, { id, ttlSeconds: TERMINAL_COMMAND_TTL_S });
    const item = toItem(await loadCommand(db.knex, { ...params, command: id }), nowMs);
    const list = `${API}/gateways/${params.id}/devices/${params.device}/user-commands/`;
    return { body: item, headers: { Location: `${list}${id}/` } };
  },
);

export const listTerminalCommands = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listTerminalCommands',
    tag: TAG,
    summary: 'What a terminal was told about its users, newest first, and what it answered',
    access: 'devices.write',
    params: terminalParams,
    query: terminalCommandsQuery,
    reply: { schema: pageOf(terminalCommandSchema) },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async ({ params, query }, { db, clock }) => {
    await requireDevice(db.knex, params);
    const conditions = new Conditions()
      .equal('c.gateway_id', params.id)
      .equal('c.device_id', params.device)
      .equal('s.roll_number', query.student);
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined)
      conditions.add('(c.requested_at, c.id) < (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: CommandRow[] }>(
      `SELECT ${COLUMNS} FROM ${JOINS} WHERE ${conditions.where}
       ORDER BY c.requested_at DESC, c.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    const nowMs = clock.wallMs();
    return {
      body: pageFrom(rows, query.limit, {
        item: (row) => toItem(row, nowMs),
        position: (row) => [row.requested_text, row.id],
      }),
    };
  },
);

export const readTerminalCommand = defineRoute(
  {
    method: 'get',
    path: `${PATH}{command}/`,
    operationId: 'readTerminalCommand',
    tag: TAG,
    summary: 'What became of one change of a terminal',
    access: 'devices.write',
    params: terminalCommandParams,
    reply: { schema: terminalCommandSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async ({ params }, { db, clock }) => ({
    body: toItem(await loadCommand(db.knex, params), clock.wallMs()),
  }),
);

interface CommandRow {
  id: string;
  gateway_id: string;
  device_id: string;
  action: 'put' | 'remove' | 'forget_biometrics';
  terminal_user: string;
  roll_number: string | null;
  full_name: string | null;
  login: string | null;
  state: 'sent' | 'done' | 'failed';
  error_code: string | null;
  error_message: string | null;
  requested_at: Date;
  requested_text: string;
  expires_at: Date;
  answered_at: Date | null;
}

const COLUMNS = `c.*, c.requested_at::text AS requested_text, s.roll_number, s.full_name, a.login`;
const JOINS = `terminal_command c LEFT JOIN student s ON s.id = c.student_id LEFT JOIN account a ON a.id = c.requested_by`;

async function requireDevice(knex: Knex, { id, device }: z.infer<typeof terminalParams>): Promise<void> {
  const row = await knex('attendance_biometric_device')
    .where({ gateway_id: id, device_id: device })
    .first('device_id');
  if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no device ${device} on ${id}`);
}

async function loadCommand(
  knex: Knex,
  { id, device, command }: z.infer<typeof terminalCommandParams>,
): Promise<CommandRow> {
  const { rows } = await knex.raw<{ rows: CommandRow[] }>(
    `SELECT ${COLUMNS} FROM ${JOINS} WHERE c.id = ? AND c.gateway_id = ? AND c.device_id = ?`,
    [command, id, device],
  );
  const [row] = rows;
  if (row === undefined) throw new RollcallError('NOT_FOUND', 'This terminal was not told that');
  return row;
}

function toItem(row: CommandRow, nowMs: number): z.infer<typeof terminalCommandSchema> {
  const isLate = row.state === 'sent' && nowMs > row.expires_at.getTime();
  return {
    id: row.id,
    gateway_id: row.gateway_id,
    device_id: row.device_id,
    action: row.action,
    user: row.terminal_user,
    student: row.roll_number === null ? null : { roll_number: row.roll_number, name: row.full_name ?? '' },
    state: isLate ? 'expired' : row.state,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    requested_at: toInstant(row.requested_at),
    requested_by: row.login,
    expires_at: toInstant(row.expires_at),
    answered_at: toInstantOrNull(row.answered_at),
  };
}
