import type { CommandResponse, commandArgsSchemas } from '@rollcall/protocol/command';
import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';

/** A gateway that comes back within this time still carries it out; a terminal is changed while somebody looks. */
export const TERMINAL_COMMAND_TTL_S = 900;
/** Of a name on a terminal's display. */
const NAME_CHARACTERS_MAX = 24;
const USER_ID = /^[A-Za-z0-9]{1,24}$/;
/** What would end a field or a line of a terminal's protocol. */
const NOT_IN_NAMES = /[\p{Cc}=&]/gu;

export type TerminalUserArgs = z.infer<(typeof commandArgsSchemas)['terminal_user']>;

export interface WantedChange {
  gatewayId: string;
  deviceId: string;
  action: TerminalUserArgs['action'];
  /** Roll number of whom the terminal is to know. */
  student?: string | undefined;
  /** User id on the terminal, where that is not the roll number. */
  user?: string | undefined;
}

export interface ChangeActor {
  accountId: string | null;
  nowMs: number;
}

/**
 * Writes down that a terminal is to be changed. The command is sent once this is committed, under the same id.
 *
 * @throws RollcallError `NOT_FOUND` (device or student), `REQUEST_INVALID` (no id that a terminal takes)
 */
export async function askTerminal(
  trx: Knex,
  { id, ...wanted }: WantedChange & { id: string },
  { accountId, nowMs }: ChangeActor,
): Promise<TerminalUserArgs> {
  const { gatewayId, deviceId, action } = wanted;
  const device = await trx('attendance_biometric_device')
    .where({ gateway_id: gatewayId, device_id: deviceId })
    .first('device_id');
  if (device === undefined)
    throw new RollcallError('NOT_FOUND', `There is no device ${deviceId} on ${gatewayId}`);
  const student = await studentOf(trx, wanted.student);
  const user = wanted.user ?? wanted.student ?? '';
  if (!USER_ID.test(user)) {
    throw new RollcallError(
      'REQUEST_INVALID',
      'user: a terminal knows people by 1 to 24 letters and digits; name the id that they have there',
    );
  }
  const at = new Date(nowMs);
  await trx('terminal_command').insert({
    id,
    gateway_id: gatewayId,
    device_id: deviceId,
    action,
    terminal_user: user,
    student_id: student?.id ?? null,
    requested_by: accountId,
    requested_at: at,
    expires_at: new Date(nowMs + TERMINAL_COMMAND_TTL_S * 1_000),
  });
  await writeAudit(trx, [
    {
      at,
      entityType: 'terminal_command',
      entityId: id,
      action: 'send',
      performedBy: accountId,
      after: { gateway: gatewayId, device: deviceId, action, user },
      ...(student === undefined ? {} : { studentId: student.id }),
    },
  ]);
  if (action !== 'put') return { action, device_id: deviceId, user };
  return { action, device_id: deviceId, user, name: nameOnDisplay(student?.full_name ?? user) };
}

/**
 * What the terminal said, by its gateway. The first answer counts: a message may come twice, and one of another gateway
 * is no answer.
 */
export async function noteTerminalAnswer(
  knex: Knex,
  { gatewayId, response, at }: { gatewayId: string; response: CommandResponse; at: Date },
): Promise<void> {
  const { id, status, error } = response;
  const isDone = status === 'ok';
  const after = {
    state: isDone ? 'done' : 'failed',
    error_code: isDone ? null : (error?.code ?? 'INTERNAL'),
    error_message: isDone ? null : (error?.message ?? null),
  };
  await knex.transaction(async (trx) => {
    const [row] = (await trx('terminal_command')
      .whereRaw('id::text = ?', [id])
      .where({ gateway_id: gatewayId, state: 'sent' })
      .update({ ...after, answered_at: at })
      .returning(['id', 'student_id'])) as { id: string; student_id: string | null }[];
    if (row === undefined) return;
    await writeAudit(trx, [
      {
        at,
        entityType: 'terminal_command',
        entityId: row.id,
        action: 'answer',
        performedBy: `gateway:${gatewayId}`,
        source: 'system',
        before: { state: 'sent' },
        after,
        ...(row.student_id === null ? {} : { studentId: row.student_id }),
      },
    ]);
  });
}

interface Student {
  id: string;
  full_name: string;
}

async function studentOf(trx: Knex, rollNumber: string | undefined): Promise<Student | undefined> {
  if (rollNumber === undefined) return undefined;
  const student = await trx('student')
    .where({ roll_number: rollNumber })
    .first<Student | undefined>('id', 'full_name');
  if (student === undefined) throw new RollcallError('NOT_FOUND', `There is no student ${rollNumber}`);
  return student;
}

function nameOnDisplay(name: string): string {
  return [...name.replaceAll(NOT_IN_NAMES, ' ')].slice(0, NAME_CHARACTERS_MAX).join('').trim();
}
