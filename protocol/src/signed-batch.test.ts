import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_BYTES_MAX } from './batch.js';
import { ERROR_CODES, isRollcallError } from './errors.js';
import { batch } from './sample-messages.test-support.js';
import { decodeSignedBatch, encodeSignedBatch, keyIdSchema } from './signed-batch.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const KEY_ID = '0123456789abcdef';
const header = { v: 1, key_id: KEY_ID, signature: 'A'.repeat(86) };
const withHeader = (change: object): Uint8Array => text(`${JSON.stringify({ ...header, ...change })}\n{}`);
const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('a signed batch', () => {
  it('arrives as the very bytes that were signed', () => {
    const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(signature, fc.uint8Array({ maxLength: 300 }), (bytes, body) => {
        const decoded = decodeSignedBatch(encodeSignedBatch({ keyId: KEY_ID, signature: bytes, body }));
        expect(decoded.keyId).toBe(KEY_ID);
        expect([...decoded.signature]).toEqual([...bytes]);
        expect([...decoded.body]).toEqual([...body]);
      }),
    );
  });

  it('verifies with Ed25519 after the wire and no longer with one byte changed', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const body = text(JSON.stringify(batch));
    const wire = encodeSignedBatch({ keyId: KEY_ID, signature: sign(null, body, privateKey), body });
    const decoded = decodeSignedBatch(wire);
    expect(verify(null, decoded.body, publicKey, decoded.signature)).toBe(true);
    wire[wire.length - 1] = 0x20;
    const changed = decodeSignedBatch(wire);
    expect(verify(null, changed.body, publicKey, changed.signature)).toBe(false);
  });

  it('is one line of JSON, a newline and the body', () => {
    const wire = encodeSignedBatch({ keyId: KEY_ID, signature: new Uint8Array(64), body: text('{"a":\n1}') });
    expect(new TextDecoder().decode(wire)).toBe(`${JSON.stringify(header)}\n{"a":\n1}`);
  });

  it.each([
    ['an unsigned body', text(JSON.stringify(batch)), /no signature header/],
    [
      'an unsigned body over several lines',
      text(JSON.stringify(batch, null, 2)),
      /header of the batch is not UTF-8 JSON/,
    ],
    ['nothing', new Uint8Array(), /no signature header/],
    ['an endless first line', text('x'.repeat(2_000)), /no signature header/],
    ['a newline that comes too late', text(`${' '.repeat(512)}\n{}`), /no signature header/],
    ['a header without a signature', text(`{"v":1,"key_id":"${KEY_ID}"}\n{}`), /carries no signature/],
    ['a header that is no object', text('[1]\n{}'), /does not fit its contract/],
    ['a header without a version', text('{"signature":"x"}\n{}'), /v: /],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x0a, 0x7b), /not UTF-8 JSON/],
  ])('is refused as unsigned for %s', (_name, bytes, message) => {
    expect(() => decodeSignedBatch(bytes)).toThrow(refusal('SIGNATURE_MISSING', message));
  });

  it.each([
    [{ signature: 'A'.repeat(85) }, /64 bytes in base64url/],
    [{ signature: `${'A'.repeat(85)}=` }, /64 bytes in base64url/],
    [{ signature: `${'A'.repeat(85)}+` }, /64 bytes in base64url/],
    [{ signature: null }, /signature/],
    [{ key_id: 'KEY' }, /16 lower-case hex digits/],
    [{ algorithm: 'none' }, /algorithm/],
  ])('is refused as wrongly signed for the header with %j', (change, message) => {
    expect(() => decodeSignedBatch(withHeader(change))).toThrow(refusal('SIGNATURE_INVALID', message));
  });

  it.each([0, 2, 1.5])('is refused for the contract version %d', (v) => {
    expect(() => decodeSignedBatch(withHeader({ v }))).toThrow(
      refusal('SCHEMA_VERSION_UNSUPPORTED', /this side speaks 1/),
    );
  });

  it('may be as large as the limit and no larger', () => {
    const fit = new Uint8Array(BATCH_BYTES_MAX);
    fit.set(withHeader({}));
    expect(decodeSignedBatch(fit).body.length).toBeGreaterThan(BATCH_BYTES_MAX - 512);
    expect(() => decodeSignedBatch(new Uint8Array(BATCH_BYTES_MAX + 1))).toThrow(
      refusal('BATCH_TOO_LARGE', /send fewer rows/),
    );
  });

  it('is refused with a code and never with anything else, whatever the bytes', () => {
    const mutated = fc
      .tuple(fc.nat({ max: 160 }), fc.integer({ min: 0, max: 255 }))
      .map(([at, byte]) => withHeader({}).with(at % withHeader({}).length, byte));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 700 }), mutated), (bytes) => {
        try {
          expect(decodeSignedBatch(bytes).signature).toHaveLength(64);
        } catch (error) {
          expect(isRollcallError(error) && ERROR_CODES[error.code]).toBe('input');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a key id', () => {
  it('is 16 lower-case hex digits', () => {
    expect(keyIdSchema.safeParse(KEY_ID).success).toBe(true);
    expect(keyIdSchema.safeParse(KEY_ID.toUpperCase()).success).toBe(false);
  });
});
