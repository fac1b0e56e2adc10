import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../store/store.fixture.js';
import { loadCardHashKey } from './card-hash-key.js';

function keyFile(text: string): string {
  const file = join(tempDir(), 'card-hash-key');
  writeFileSync(file, text);
  return file;
}

/** What small Buffers are cut from at this moment. */
const sharedMemory = (): Buffer => Buffer.from(Buffer.allocUnsafe(1).buffer);

describe('loadCardHashKey', () => {
  it('computes HMAC-SHA-256, equal on every gateway with the key', () => {
    // RFC 4231, test case 2 uses a short key; this is its construction with the key padded to 32 bytes.
    const hmacHex = loadCardHashKey(keyFile(`${Buffer.from('Jefe').toString('hex').padEnd(64, '0')}\n`));
    expect(hmacHex('what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it.each([
    ['too short', 'ab'.repeat(31)],
    ['not hex', 'zz'.repeat(32)],
    ['empty', ''],
  ])('refuses a key that is %s and names the remedy, not the key', (_what, text) => {
    expect(() => loadCardHashKey(keyFile(text))).toThrow(/64 hex digits.*--provision-dir.*KEY_INVALID/);
    if (text !== '') expect(() => loadCardHashKey(keyFile(text))).not.toThrow(new RegExp(text));
  });

  it('leaves the key out of the memory that Buffers share, which goes along when one is posted', () => {
    const key = randomFillSync(Buffer.alloc(32));
    const file = keyFile(Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join(''));
    const shared = sharedMemory();
    loadCardHashKey(file);
    for (const memory of [shared, sharedMemory()]) expect(memory.includes(key)).toBe(false);
  });

  it('refuses a missing file', () => {
    expect(() => loadCardHashKey('/nowhere/key')).toThrow(/cannot be read.*KEY_INVALID/);
  });
});
