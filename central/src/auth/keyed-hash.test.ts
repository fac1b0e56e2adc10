import { createHmac, randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyedHash } from './keyed-hash.js';

/** What small Buffers are cut from at this moment. */
const sharedMemory = (): Buffer => Buffer.from(Buffer.allocUnsafe(1).buffer);

describe('keyedHash', () => {
  it('is HMAC-SHA-256 as OpenSSL computes it, for every key of a block and every text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.array(fc.string({ unit: 'binary', maxLength: 700 }), { minLength: 1, maxLength: 4 }),
        (key, texts) => {
          for (const encoding of ['hex', 'base64url'] as const) {
            const hmac = keyedHash(key, encoding);
            for (const text of texts) {
              expect(hmac(text)).toBe(createHmac('sha256', key).update(text, 'utf8').digest(encoding));
            }
          }
        },
      ),
    );
  });

  it('leaves neither key nor text in the memory that Buffers share, which goes along when one is posted', () => {
    const key = randomFillSync(new Uint8Array(32));
    // Written into memory of its own, which Buffer.from would not do.
    const text = Buffer.alloc(12);
    text.write('eyJhbGciOi.x');
    const shared = sharedMemory();
    keyedHash(key, 'hex')('eyJhbGciOi.x');
    for (const memory of [shared, sharedMemory()]) {
      expect(memory.includes(text)).toBe(false);
      for (const pad of [0, 0x36, 0x5c]) {
        expect(memory.includes(Buffer.from(key.map((byte) => byte ^ pad).buffer))).toBe(false);
      }
    }
  });

  it('refuses a key longer than a block, of which it would take only the beginning', () => {
    expect(() => keyedHash(new Uint8Array(65), 'hex')).toThrow(/64 bytes.*KEY_INVALID/);
  });
});
