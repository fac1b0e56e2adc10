import { describe, expect, it } from 'vitest';
import {
  ERROR_CODES,
  type ErrorCode,
  hasCode,
  isBug,
  isOperator,
  isRollcallError,
  isTransient,
  RollcallError,
} from './errors.js';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

describe('the error table', () => {
  it('names every code in one upper-case word', () => {
    for (const code of codes) expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
  });

  it.each(codes)('%s is of exactly one kind', (code) => {
    const error = new RollcallError(code, 'Do this');
    const kinds = { transient: isTransient(error), operator: isOperator(error), bug: isBug(error) };
    expect(Object.values(kinds).filter(Boolean)).toHaveLength(error.kind === 'input' ? 0 : 1);
    expect(error.kind).toBe(ERROR_CODES[code]);
  });
});

describe('an error', () => {
  it('carries its code in the text too, a cause and facts', () => {
    const cause = new Error('ENOENT');
    const error = new RollcallError('PORT_ABSENT', 'Plug the reader in', {
      cause,
      context: { port: 'ttyUSB0' },
    });
    expect(String(error)).toBe('RollcallError: Plug the reader in (PORT_ABSENT)');
    expect(error).toMatchObject({ code: 'PORT_ABSENT', cause, context: { port: 'ttyUSB0' } });
  });

  it('has no cause and no facts where none were given', () => {
    const error = new RollcallError('INTERNAL', 'Report this');
    expect('cause' in error).toBe(false);
    expect(error.context).toEqual({});
  });

  it('is told from others, which count as bugs', () => {
    const error = new RollcallError('STORE_FULL', 'Free some space');
    expect(isRollcallError(error)).toBe(true);
    expect(hasCode(error, 'STORE_FULL')).toBe(true);
    expect(hasCode(error, 'STORE_BUSY')).toBe(false);
    for (const other of [new TypeError('x'), { code: 'STORE_FULL' }, 'STORE_FULL', undefined]) {
      expect(isRollcallError(other)).toBe(false);
      expect(hasCode(other, 'STORE_FULL')).toBe(false);
      expect(isTransient(other)).toBe(false);
      expect(isOperator(other)).toBe(false);
      expect(isBug(other)).toBe(true);
    }
  });
});
