import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import type { SealedTemplate } from '@rollcall/protocol/template-transfer';
import { readKeyFile } from './key-file.js';

const ALGORITHM = 'aes-256-gcm';
/** First byte of what is sealed; then nonce, tag, ciphertext. */
const VERSION = 1;
/** NIST SP 800-38D: 96-bit nonces, drawn at random for each template; 128-bit tags. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** Whose template it is; one that is moved to another person or finger does not open. */
export type TemplatePlace = Omit<SealedTemplate, 'sealed'>;

/** Seals templates for other gateways of the campus, and opens theirs. */
export interface TemplateSeal {
  seal(record: Uint8Array, place: TemplatePlace): Buffer;
  /** @throws RollcallError `SEAL_BROKEN` */
  open(sealed: Uint8Array, place: TemplatePlace): Buffer;
  /** Another key, 32 bytes, for what this gateway makes of templates for itself. */
  derive(purpose: string): Uint8Array;
}

/**
 * Reads the campus template key, the same on every gateway and nowhere else.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export function loadTemplateSeal(file: string): TemplateSeal {
  return createTemplateSeal(readKeyFile(file, 'template-key'));
}

/** @param key 32 bytes */
export function createTemplateSeal(key: Buffer): TemplateSeal {
  return {
    seal(record, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce);
      cipher.setAAD(placeBytes(place));
      const body = Buffer.concat([cipher.update(record), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed);
      if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) throw broken(place);
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(1, 1 + NONCE_BYTES));
      decipher.setAAD(placeBytes(place));
      decipher.setAuthTag(bytes.subarray(1 + NONCE_BYTES, HEAD_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]);
      } catch (cause) {
        throw broken(place, cause);
      }
    },
    derive: (purpose) => new Uint8Array(hkdfSync('sha256', key, '', purpose, key.length)),
  };
}

const placeBytes = ({ template_id, student_ref, finger_position, format }: TemplatePlace): Buffer =>
  Buffer.from(JSON.stringify([template_id, student_ref, finger_position, format]), 'utf8');

function broken({ template_id }: TemplatePlace, cause?: unknown): RollcallError {
  return new RollcallError(
    'SEAL_BROKEN',
    `Template ${template_id} cannot be opened: it was sealed with another template key, or changed. Copy template-key of the gateway that enrolled it, or enroll again`,
    { cause, context: { template_id } },
  );
}
