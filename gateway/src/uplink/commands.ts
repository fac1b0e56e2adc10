import type { Clock } from '@rollcall/protocol/clock';
import {
  type Command,
  type CommandName,
  type CommandResponse,
  commandArgsSchemas,
  commandSchema,
  isExpired,
} from '@rollcall/protocol/command';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { parseJson, parseValue } from '@rollcall/protocol/parse';
import type * as z from 'zod';
import type { Log } from '../log.js';

const MESSAGE_CHARS_MAX = 500;

type Args<Name extends CommandName> = z.infer<(typeof commandArgsSchemas)[Name]>;

/** What each command does; the result travels as `data`. A new command is one entry here. */
export type CommandHandlers = { [Name in CommandName]: (args: Args<Name>) => unknown };

export interface CommandsOptions {
  handlers: CommandHandlers;
  clock: Clock;
  log: Log;
  respond: (name: string, response: CommandResponse) => Promise<void>;
}

/** Carries out `down/cmd/<name>` and answers every command that can be answered. */
export async function takeCommand(
  name: string,
  payload: Uint8Array,
  options: CommandsOptions,
): Promise<void> {
  const { log, respond } = options;
  let command: Command;
  try {
    command = parseJson(commandSchema, payload, 'COMMAND_INVALID', `The command ${name}`);
  } catch (error) {
    // Without an id there is nobody to answer.
    log.warn({ code: 'COMMAND_INVALID', err: error, name }, 'a command was not understood');
    return;
  }
  const response = await answer(name, command, options);
  log.info(
    { name, id: command.id, status: response.status, code: response.error?.code },
    'a command was answered',
  );
  try {
    await respond(name, response);
  } catch (error) {
    log.warn({ err: error, name, id: command.id }, 'the answer to a command was not taken by the broker');
  }
}

async function answer(name: string, command: Command, options: CommandsOptions): Promise<CommandResponse> {
  const { id } = command;
  try {
    const data = await run(name, command, options);
    return { v: 1, id, status: 'ok', ...(data === undefined ? {} : { data }) };
  } catch (error) {
    const code = isRollcallError(error) ? error.code : 'INTERNAL';
    if (code === 'INTERNAL') options.log.error({ err: error, name, id }, 'a command failed');
    const message = error instanceof Error ? error.message.slice(0, MESSAGE_CHARS_MAX) : 'unknown';
    return { v: 1, id, status: 'error', error: { code, message } };
  }
}

async function run(name: string, command: Command, { handlers, clock }: CommandsOptions): Promise<unknown> {
  if (!isCommandName(name)) {
    const known = Object.keys(commandArgsSchemas).join(', ');
    throw new RollcallError('COMMAND_UNKNOWN', `This gateway has no command ${name}; it knows ${known}`);
  }
  if (isExpired(command, clock.wallMs())) {
    throw new RollcallError(
      'COMMAND_EXPIRED',
      `The command of ${command.issued_at} was to be carried out within ${command.ttl_s} s; send it again`,
    );
  }
  return invoke(name, command.args, handlers);
}

function invoke<Name extends CommandName>(name: Name, args: unknown, handlers: CommandHandlers): unknown {
  const schema = commandArgsSchemas[name] as unknown as z.ZodType<Args<Name>>;
  const handler = handlers[name] as (args: Args<Name>) => unknown;
  return handler(parseValue(schema, args, 'COMMAND_INVALID', `The arguments of ${name}`));
}

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandArgsSchemas, name);
}
