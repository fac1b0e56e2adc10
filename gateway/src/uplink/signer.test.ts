import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../store/store.fixture.js';
import { openBatch } from './broker.fixture.js';
import { KEY_FILE, loadSigner } from './signer.js';

describe('loadSigner', () => {
  it('makes a key that only its owner can read, and finds it again', () => {
    const file = join(tempDir(), 'data', KEY_FILE);
    const made = loadSigner(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const raw = Buffer.from(made.publicKey, 'base64');
    expect(raw).toHaveLength(32);
    expect(made.keyId).toBe(createHash('sha256').update(raw).digest('hex').slice(0, 16));
    expect(loadSigner(file)).toMatchObject({ keyId: made.keyId, publicKey: made.publicKey });
  });

  it('signs the exact bytes', () => {
    const signer = loadSigner(join(tempDir(), KEY_FILE));
    const body = Buffer.from(
      JSON.stringify({
        v: 1,
        gateway_id: 'gw',
        store_id: 'b9b27f1c-5a3a-4a7f-a4a8-0b9a6f8f6a11',
        rows: [{ seq: 1 }],
      }),
    );
    const payload = Buffer.from(signer.seal(body));
    expect(openBatch({ topic: 'rollcall/v1/gw/up/punch', payload }, signer.publicKey).seqs).toEqual([1]);
    payload[payload.length - 3] = 0x39;
    expect(() => openBatch({ topic: 'rollcall/v1/gw/up/punch', payload }, signer.publicKey)).toThrow();
  });

  it.each([
    ['text', () => 'not a key'],
    [
      'a key of another kind',
      () => generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ],
    ['nothing', () => ''],
  ])('refuses a file with %s and leaves it alone', (_what, make) => {
    const file = join(tempDir(), KEY_FILE);
    const text = make().toString();
    writeFileSync(file, text, { mode: 0o600 });
    expect(() => loadSigner(file)).toThrow(/restore it from the backup.*KEY_INVALID/);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('refuses a key that others can read', () => {
    const file = join(tempDir(), KEY_FILE);
    loadSigner(file);
    chmodSync(file, 0o644);
    expect(() => loadSigner(file)).toThrow(/chmod 600.*KEY_INVALID/);
  });

  it('says what to do when the folder cannot be made or the key is not readable', () => {
    const folder = tempDir();
    const plain = join(folder, 'plain');
    writeFileSync(plain, '');
    expect(() => loadSigner(join(plain, 'data', KEY_FILE))).toThrow(/gateway\.data_dir.*KEY_INVALID/);
    const unreadable = join(folder, KEY_FILE);
    mkdirSync(unreadable, { mode: 0o700 });
    expect(() => loadSigner(unreadable)).toThrow(/chown rollcall.*KEY_INVALID/);
  });
});
