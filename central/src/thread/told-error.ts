import { ERROR_CODES, type ErrorCode, isRollcallError, RollcallError } from '@rollcall/protocol/errors';

/** An error on its way between threads: cloning keeps neither its class nor its code. */
export interface ToldError {
  message: string;
  stack: string | undefined;
  /** Of this project, of PostgreSQL, or of the operating system. */
  code: string | undefined;
  context: Record<string, unknown> | undefined;
}

export function tellError(error: unknown): ToldError {
  if (!(error instanceof Error)) {
    return { message: String(error), stack: undefined, code: undefined, context: undefined };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  // Of others the context may hold anything, a password too; ours is made to be told.
  const context = isRollcallError(error) ? { ...error.context } : undefined;
  return { message: error.message, stack: error.stack, code, context };
}

/** The error again, as whoever caught it knows it. */
export function hearError({ message, stack, code, context }: ToldError): Error {
  if (code !== undefined && context !== undefined && Object.hasOwn(ERROR_CODES, code)) {
    // The message names the code already.
    return new RollcallError(code as ErrorCode, message.replace(` (${code})`, ''), { context });
  }
  const error = Object.assign(new Error(message), code === undefined ? {} : { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}
