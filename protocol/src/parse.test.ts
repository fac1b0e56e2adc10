import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { decodeJson, describeIssues, formatPath, parseJson, parseValue } from './parse.js';

const schema = z.strictObject({ name: z.string(), devices: z.array(z.strictObject({ port: z.string() })) });
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function problemsOf(value: unknown): string {
  const result = schema.safeParse(value);
  return result.success ? '' : describeIssues(result.error);
}

describe('what is wrong with a document', () => {
  it('is said with the exact path', () => {
    expect(problemsOf({ name: 1, devices: [{ port: 'a' }, {}] })).toMatch(/^name: .*; devices\[1\]\.port: /);
    expect(problemsOf(null)).toMatch(/^\(document\): /);
    expect(formatPath(['devices', 2, 'port'])).toBe('devices[2].port');
    expect(formatPath([0, 'a'])).toBe('[0].a');
    expect(formatPath([])).toBe('(document)');
  });

  it('stays short for a document with a million mistakes or one endless key', () => {
    const many = problemsOf({ name: 'x', devices: Array.from({ length: 1_000 }, () => ({})) });
    expect(many.split('; ')).toHaveLength(9);
    expect(many).toMatch(/; and 992 more$/);
    expect(problemsOf({ name: 'x', devices: [], ['k'.repeat(100_000)]: 1 }).length).toBeLessThan(250);
  });

  it('never repeats a value', () => {
    expect(problemsOf({ name: 41_258_963, devices: 'em4100:01026F6C3A' })).not.toMatch(/41258963|01026F6C3A/);
  });
});

describe('validating', () => {
  it('gives the value back or throws the code it was given', () => {
    expect(parseValue(schema, { name: 'x', devices: [] }, 'ROSTER_INVALID', 'The roster')).toEqual({
      name: 'x',
      devices: [],
    });
    expect(() => parseValue(schema, {}, 'ROSTER_INVALID', 'The roster')).toThrow(
      expect.objectContaining({
        code: 'ROSTER_INVALID',
        message: expect.stringContaining('The roster does not fit its contract: name: '),
        cause: expect.any(z.ZodError),
      }),
    );
  });

  it('reads what JSON can say', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const encoded = text(JSON.stringify(value));
        expect(decodeJson(encoded, 'MESSAGE_INVALID', 'It')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('throws the code it was given for any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          parseJson(schema, bytes, 'BATCH_INVALID', 'The batch');
          expect.unreachable('random bytes are no such document');
        } catch (error) {
          expect(error).toMatchObject({ code: 'BATCH_INVALID' });
        }
      }),
    );
  });

  it('says where broken JSON breaks, without quoting it', () => {
    for (const broken of ['{"card": em4100:01026F6C3A}', '{"card":"01026F6C3A"', '01026F6C3A', '']) {
      try {
        decodeJson(text(broken), 'SEED_INVALID', 'The seed file');
        expect.unreachable('it is broken');
      } catch (error) {
        expect(error).toMatchObject({ code: 'SEED_INVALID' });
        expect(String(error)).toContain('The seed file is not UTF-8 JSON');
        expect(String(error)).not.toContain('6F6C3A');
        expect((error as Error).cause).toBeUndefined();
      }
    }
    expect(() => decodeJson(text('{"a":1,}'), 'SEED_INVALID', 'It')).toThrow(/broken at position 7/);
  });

  it('refuses text that is no UTF-8', () => {
    expect(() => decodeJson(Uint8Array.of(0x22, 0xff, 0x22), 'MESSAGE_INVALID', 'It')).toThrow(
      /It is not UTF-8 JSON \(/,
    );
  });
});
