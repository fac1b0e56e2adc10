import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fallbackCode, goodSteps, isGenuine, isInTime, makeToken, readToken, stepAt } from './qr-code.js';

const TIMES = { rotateSeconds: 10, skewSeconds: 5 };
const STEP_START_MS = 1_783_000_000_000;
const step = stepAt(STEP_START_MS, TIMES);

describe('the code on the screen', () => {
  it.each([
    [0, true],
    [9_999, true],
    [10_000, true],
    [15_000, true],
    [15_001, false],
    [16_000, false],
    [30_000, false],
    [-1, false],
  ])('case 98: %i ms after the beginning of its step it is accepted: %s', (afterMs, expected) => {
    expect(isInTime(step, STEP_START_MS + afterMs, TIMES)).toBe(expected);
  });

  it('is read back as what was written, and is genuine only with its own secret', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (id, at) => {
        const secret = randomBytes(32);
        const text = makeToken(id, at, secret);
        const token = readToken(text);
        expect(token).toMatchObject({ sessionId: id, step: at });
        if (token === undefined) throw new Error('unreadable');
        expect(isGenuine(token, secret)).toBe(true);
        expect(isGenuine(token, randomBytes(32))).toBe(false);
        expect(isGenuine({ ...token, step: (at + 1) % 2 ** 32 }, secret)).toBe(false);
        expect(text.length).toBeLessThanOrEqual(60);
      }),
    );
  });

  it('is nothing for any other text, and never an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 80 }), fc.base64String({ maxLength: 60 })), (text) => {
        const token = readToken(text);
        if (token !== undefined) expect(isGenuine(token, randomBytes(32))).toBe(false);
      }),
    );
  });

  it('case 110: has six characters for typing that nobody mistakes, with the same life', () => {
    const secret = randomBytes(32);
    const id = randomUUID();
    const codes = new Set(Array.from({ length: 500 }, (_, index) => fallbackCode(id, step + index, secret)));
    expect(codes.size).toBe(500);
    for (const code of codes) expect(code).toMatch(/^[2-9A-HJKMNP-Z]{6}$/);
    expect(goodSteps(STEP_START_MS + 4_000, TIMES)).toEqual([step, step - 1]);
    expect(goodSteps(STEP_START_MS + 6_000, TIMES)).toEqual([step]);
  });
});
