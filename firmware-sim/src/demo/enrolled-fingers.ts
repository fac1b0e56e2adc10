import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Campus, type EnrolledFinger, enrolledFingers } from '../campus/campus.js';
import type { SeededFinger } from '../campus/campus-file.js';
import { makeTemplate } from '../devices/simulated-finger.js';
import { makeFolder } from '../make-folder.js';
import { Random } from '../random.js';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
/** First byte of what gateways seal. */
const SEAL_VERSION = 1;
const QUALITY = 0.8;
const NOTICE = 'Demonstration: these fingers belong to nobody.';
const NOTICE_VERSION = 'demo-1';

/**
 * The fingers of the demo campus as its gateways would have enrolled them: opaque templates of the modules, sealed under
 * the template key of the campus. The key is made here where there is none: whoever provisions the gateways keeps it.
 */
export function sealEnrolledFingers(campus: Campus, keyFile: string): Map<string, SeededFinger[]> {
  const key = keepKey(keyFile);
  const sealed = new Map<string, SeededFinger[]>();
  for (const finger of enrolledFingers(campus)) {
    const { rollNumber } = finger.student;
    sealed.set(rollNumber, [...(sealed.get(rollNumber) ?? []), seededFinger(finger, campus.seed, key)]);
  }
  return sealed;
}

function seededFinger(finger: EnrolledFinger, seed: number, key: Buffer): SeededFinger {
  const { name, position, format, templateBytes, student } = finger;
  const place = {
    template_id: idOf(`${seed} ${name}`),
    student_ref: student.rollNumber,
    finger_position: position,
    format,
  };
  const template = makeTemplate(name, templateBytes, Random.of(seed, name));
  const { student_ref: _owner, ...rest } = place;
  return {
    ...rest,
    sealed: seal(template, Object.values(place), key).toString('base64'),
    quality: QUALITY,
    consent: {
      notice_version: NOTICE_VERSION,
      notice_sha256: createHash('sha256').update(NOTICE).digest('hex'),
    },
  };
}

/** Version, nonce, tag, ciphertext; bound to its place (AES-256-GCM, as `gateway/src/identify/template-seal.ts`). */
function seal(template: Uint8Array, place: readonly unknown[], key: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(JSON.stringify(place), 'utf8'));
  const body = Buffer.concat([cipher.update(template), cipher.final()]);
  return Buffer.concat([Buffer.of(SEAL_VERSION), nonce, cipher.getAuthTag(), body]);
}

function keepKey(path: string): Buffer {
  if (!existsSync(path)) {
    makeFolder(dirname(path), 0o700);
    writeFileSync(path, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  }
  return Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
}

/** The same template has the same id at every start (RFC 9562, version 8). */
function idOf(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
