import { describe, expect, it } from 'vitest';
import { factorUri, newFactorSecret, stepOfCode } from './one-time-password.js';

/** RFC 6238, appendix B, SHA-1; ours are the last six of its eight digits (RFC 4226, section 5.3: modulo). */
const SECRET = Buffer.from('12345678901234567890', 'ascii');
const VECTORS: [seconds: number, code: string][] = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
];

describe('one-time passwords', () => {
  it.each(VECTORS)('at %i s the code of RFC 6238 is %s', (seconds, code) => {
    expect(stepOfCode(SECRET, code, seconds * 1_000)).toBe(Math.floor(seconds / 30));
  });

  it('are taken one step early or late, as the step that they are of, and no further', () => {
    const [seconds, code] = [1_234_567_890, '005924'];
    const step = Math.floor(seconds / 30);
    for (const [steps, found] of [
      [-2, undefined],
      [-1, step],
      [1, step],
      [2, undefined],
    ] as const) {
      expect(stepOfCode(SECRET, code, (seconds + steps * 30) * 1_000)).toBe(found);
    }
  });

  it.each(['', '5924', '0005924', '005925', 'abcdef', '００５９２４', '00592 4'])('%j is no code', (code) => {
    expect(stepOfCode(SECRET, code, 1_234_567_890_000)).toBeUndefined();
  });

  it('have secrets of 160 bits, told to the application with its shape', () => {
    expect(newFactorSecret()).toHaveLength(20);
    const uri = new URL(factorUri(SECRET, '24b81a0501'));
    expect([uri.protocol, uri.host, uri.pathname]).toEqual(['otpauth:', 'totp', '/Rollcall:24b81a0501']);
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: 'Rollcall',
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});
