import * as z from 'zod';
import { BATCH_BYTES_MAX } from './batch.js';
import { RollcallError } from './errors.js';
import { contractVersionSchema } from './ids.js';
import { parseJson } from './parse.js';

const NEWLINE = 0x0a;
const HEADER_BYTES_MAX = 512;

/** First 16 hex digits of SHA-256 over the raw 32-byte public key. */
export const keyIdSchema = z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 lower-case hex digits');

const headerSchema = z.strictObject({
  v: contractVersionSchema,
  key_id: keyIdSchema,
  /** Ed25519 (RFC 8032) over the body's exact bytes, base64url without padding. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/, 'must be 64 bytes in base64url'),
});

/** Read first, so that another version is named as such and not as a header that does not fit. */
const versionSchema = z.looseObject({ v: z.number() });

export interface SignedBatch {
  keyId: string;
  signature: Uint8Array;
  /** The signed bytes exactly as they travelled: a re-encoded body would no longer verify. */
  body: Uint8Array;
}

/**
 * A signed batch is two lines: the header as one line of JSON, a newline, and the body's bytes. The body is
 * not nested in the header, so that what is verified is what arrived, byte for byte.
 */
export function encodeSignedBatch({ keyId, signature, body }: SignedBatch): Uint8Array {
  const header = JSON.stringify({ v: 1, key_id: keyId, signature: toBase64Url(signature) });
  const head = new TextEncoder().encode(`${header}\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/**
 * Splits a signed batch; does not verify it.
 *
 * @throws RollcallError `SIGNATURE_MISSING` when there is no header line, `BATCH_TOO_LARGE`,
 *   `SCHEMA_VERSION_UNSUPPORTED` or `BATCH_INVALID`.
 */
export function decodeSignedBatch(bytes: Uint8Array): SignedBatch {
  if (bytes.length > BATCH_BYTES_MAX) {
    throw new RollcallError(
      'BATCH_TOO_LARGE',
      `A batch of ${bytes.length} bytes exceeds ${BATCH_BYTES_MAX}; send fewer rows`,
    );
  }
  const end = bytes.subarray(0, HEADER_BYTES_MAX).indexOf(NEWLINE);
  if (end < 0) {
    throw new RollcallError('SIGNATURE_MISSING', 'The batch has no signature header in its first line');
  }
  const header = parseHeader(bytes.subarray(0, end));
  return { keyId: header.key_id, signature: fromBase64Url(header.signature), body: bytes.subarray(end + 1) };
}

function parseHeader(line: Uint8Array): z.infer<typeof headerSchema> {
  const versioned = parseJson(versionSchema, line, 'SIGNATURE_MISSING', 'The header of the batch');
  if (versioned.v !== 1) {
    throw new RollcallError(
      'SCHEMA_VERSION_UNSUPPORTED',
      `The batch has contract version ${versioned.v}; this side speaks 1`,
    );
  }
  if (!('signature' in versioned)) {
    throw new RollcallError('SIGNATURE_MISSING', 'The header of the batch carries no signature');
  }
  return parseJson(headerSchema, line, 'SIGNATURE_INVALID', 'The header of the batch');
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}
