import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TIME_MAX_MS, TIME_MIN_MS } from './canonical-order.js';
import { instantText } from './instant-text.js';

describe('the text of an instant', () => {
  it('is what a date says, at the ends of days and of the years, and between them in any order', () => {
    for (const ms of [TIME_MIN_MS, TIME_MAX_MS, -1, 0, 1, 86_399_999, 86_400_000, Date.UTC(2028, 1, 29)])
      expect(instantText(ms)).toBe(new Date(ms).toISOString());
    fc.assert(
      fc.property(fc.integer({ min: TIME_MIN_MS, max: TIME_MAX_MS }), (ms) => {
        expect(instantText(ms)).toBe(new Date(ms).toISOString());
      }),
    );
  });
});
