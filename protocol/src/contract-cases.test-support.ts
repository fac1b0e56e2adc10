import { expect } from 'vitest';
import type * as z from 'zod';
import type { ErrorCode } from './errors.js';
import { parseJson } from './parse.js';

/** One thing wrong with a valid message: where it is put, what is put there, and what the error has to name. */
export type Break = [path: string, value: unknown, named: string | RegExp];

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Expects a message to survive the wire unchanged. */
export function expectRoundTrip<T>(schema: z.ZodType<T>, message: T): void {
  expect(parseJson(schema, encode(message), 'MESSAGE_INVALID', 'The message')).toEqual(message);
}

/** Expects each break to be refused with the code, naming the place. `undefined` removes a member. */
export function expectRefusals<T>(schema: z.ZodType<T>, message: T, breaks: readonly Break[]): void {
  const code: ErrorCode = 'MESSAGE_INVALID';
  for (const [path, value, named] of breaks) {
    const broken = withValue(structuredClone(message), path.split('.'), value);
    expect(
      () => parseJson(schema, encode(broken), code, 'The message'),
      `${path} = ${JSON.stringify(value)}`,
    ).toThrow(
      expect.objectContaining({
        code,
        message: typeof named === 'string' ? expect.stringContaining(named) : expect.stringMatching(named),
      }),
    );
  }
}

function withValue(message: unknown, [first = '', ...rest]: string[], value: unknown): unknown {
  const target = message as Record<string, unknown>;
  if (rest.length > 0) withValue(target[first], rest, value);
  else if (value === undefined) delete target[first];
  else target[first] = value;
  return message;
}
