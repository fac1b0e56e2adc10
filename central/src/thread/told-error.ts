import { ERROR_CODES, type ErrorCode, isRollcallError, RollcallError } from '@rollcall/protocol/errors';

/** An error on its way between threads: cloning keeps neither its class nor its code. */
export interface ToldError {
  /** What libraries tell some of their errors apart by. */
  name: string;
  message: string;
  stack: string | undefined;
  /** Of this project, of PostgreSQL, or of the operating system. */
  code: string | undefined;
  context: Record<string, unknown> | undefined;
  /** What PostgreSQL says of a refused row without its values. */
  table: string | undefined;
  constraint: string | undefined;
}

export function tellError(error: unknown): ToldError {
  if (!(error instanceof Error)) {
    return { ...NOTHING, name: 'Error', message: String(error) };
  }
  const text = (member: string): string | undefined => {
    const value: unknown = Reflect.get(error, member);
    return typeof value === 'string' ? value : undefined;
  };
  // Of others the context may hold anything, a password too; ours is made to be told.
  const context = isRollcallError(error) ? { ...error.context } : undefined;
  const { name, message, stack } = error;
  return {
    name,
    message,
    stack,
    code: text('code'),
    context,
    table: text('table'),
    constraint: text('constraint'),
  };
}

const NOTHING = {
  stack: undefined,
  code: undefined,
  context: undefined,
  table: undefined,
  constraint: undefined,
};

/** The error again, as whoever caught it knows it. */
export function hearError({ name, message, stack, code, context, table, constraint }: ToldError): Error {
  if (code !== undefined && context !== undefined && Object.hasOwn(ERROR_CODES, code)) {
    // The message names the code already.
    return withStack(
      new RollcallError(code as ErrorCode, message.replace(` (${code})`, ''), { context }),
      stack,
    );
  }
  const known = Object.entries({ code, table, constraint }).filter(([, value]) => value !== undefined);
  return withStack(Object.assign(new Error(message), { name, ...Object.fromEntries(known) }), stack);
}

/** Where it happened, and not where it was heard. */
function withStack<E extends Error>(error: E, stack: string | undefined): E {
  if (stack !== undefined) error.stack = stack;
  return error;
}
