import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyedHash } from './keyed-hash.js';

describe('keyedHash', () => {
  it('is HMAC-SHA-256 as OpenSSL computes it, for every key of a block and every text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { minLength: 1, maxLength: 4 }),
        (key, texts) => {
          const hmacHex = keyedHash(key);
          for (const text of texts) {
            expect(hmacHex(text)).toBe(createHmac('sha256', key).update(text, 'utf8').digest('hex'));
          }
        },
      ),
    );
  });
});
