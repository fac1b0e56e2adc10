import type * as z from 'zod';
import { type ErrorCode, RollcallError } from './errors.js';

/** Longest list of problems put into one message; a hostile document can have millions. */
const ISSUES_LISTED_MAX = 8;
/** Characters of one problem; a hostile key can be as long as the document. */
const ISSUE_LENGTH_MAX = 200;

/** Renders zod's findings as `path: what is wrong`, joined with `; `, without any value of the input. */
export function describeIssues(error: z.ZodError): string {
  const lines = error.issues
    .slice(0, ISSUES_LISTED_MAX)
    .map((issue) => cut(`${formatPath(issue.path)}: ${issue.message}`));
  const more = error.issues.length - lines.length;
  return more > 0 ? `${lines.join('; ')}; and ${more} more` : lines.join('; ');
}

/** `['devices', 2, 'port']` → `devices[2].port`; the root is called `(document)`. */
export function formatPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(document)';
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/**
 * Validates an already decoded value against a contract.
 *
 * @throws RollcallError with the given code; the message names every wrong path.
 */
export function parseValue<T>(schema: z.ZodType<T>, value: unknown, code: ErrorCode, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new RollcallError(code, `${what} does not fit its contract: ${describeIssues(result.error)}`, {
    cause: result.error,
  });
}

/**
 * Decodes UTF-8 JSON bytes and validates them.
 *
 * @throws RollcallError with the given code for text that is not JSON and for a value outside the contract.
 */
export function parseJson<T>(schema: z.ZodType<T>, bytes: Uint8Array, code: ErrorCode, what: string): T {
  return parseValue(schema, decodeJson(bytes, code, what), code, what);
}

/** @throws RollcallError with the given code when the bytes are not UTF-8 JSON. */
export function decodeJson(bytes: Uint8Array, code: ErrorCode, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    // No cause: the engine's message quotes the input, which can hold a card number or a key.
    const position = error instanceof SyntaxError ? /at position \d+/.exec(error.message)?.[0] : undefined;
    throw new RollcallError(
      code,
      `${what} is not UTF-8 JSON${position === undefined ? '' : `, broken ${position}`}`,
    );
  }
}

function cut(text: string): string {
  return text.length <= ISSUE_LENGTH_MAX ? text : `${text.slice(0, ISSUE_LENGTH_MAX)}…`;
}
