import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { RollcallError } from '@rollcall/protocol/errors';
import type { PackedTemplates } from './shard-messages.js';

/*
 * A file of the codes that take long to make, sealed with AES-256-GCM:
 *   "RCGC" | version of the file | version of the codes | salt
 *   pieces: length u32 | sealed names and templates | tag
 * Key: HKDF-SHA256 of the gateway's secret with the salt, so every file has its own, and the number of a piece is its
 * nonce. The header, the number and whether it is the last piece are authenticated with it: nothing can be changed,
 * left out, moved or cut off.
 */
const MAGIC = 'RCGC';
const FILE_VERSION = 1;
/** To be raised whenever another program would make other codes of the same template. */
export const CODES_VERSION = 1;
const SALT_BYTES = 16;
const HEADER_BYTES = MAGIC.length + 2 + SALT_BYTES;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;
/** One piece; 256 templates take about 1.2 MB. */
const PIECE_BYTES_MAX = 8 * 1024 * 1024;
const KEY_INFO = 'rollcall gallery cache';
/** Shorter secrets are no keys. */
const SECRET_BYTES_MIN = 32;

/**
 * Writes all templates to a file that is there whole or not at all; the one before it cannot be read any more. Throws
 * `KEY_INVALID` for a secret that is too short.
 */
export async function writeGalleryCache(
  path: string,
  secret: Uint8Array,
  pieces: AsyncIterable<PackedTemplates>,
): Promise<void> {
  const header = Buffer.concat([
    Buffer.from(MAGIC),
    Buffer.from([FILE_VERSION, CODES_VERSION]),
    randomBytes(SALT_BYTES),
  ]);
  const key = keyFor(secret, header);
  const fresh = freshOf(path);
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.write(header);
    let number = 0;
    for await (const piece of pieces) {
      await file.write(sealed(key, header, { number, isLast: false }, packed(piece)));
      number += 1;
    }
    await file.write(sealed(key, header, { number, isLast: true }, Buffer.alloc(0)));
    await file.sync();
  } catch (error) {
    await file.close();
    erase(fresh);
    throw error;
  }
  await file.close();
  erase(path);
  await rename(fresh, path);
}

/**
 * Leaves nothing of a cache that could be opened, also with the secret: what its keys come from is overwritten before the
 * name goes. Done when it returns, because somebody was promised that these templates are gone.
 */
export function eraseGalleryCache(path: string): void {
  for (const one of [path, freshOf(path)]) erase(one);
}

const freshOf = (path: string): string => `${path}.new`;

function erase(path: string): void {
  try {
    const file = openSync(path, 'r+');
    try {
      writeSync(file, Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    rmSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * The templates of a file, piece by piece; each is authentic, but only the end says that none is missing. Throws
 * `GALLERY_CACHE_INVALID` for a file that is damaged, forged, of another version or sealed with another secret.
 */
export async function* readGalleryCache(path: string, secret: Uint8Array): AsyncGenerator<PackedTemplates> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw invalid('cannot be opened', cause);
  });
  try {
    const header = await exactly(file, HEADER_BYTES);
    if (header.subarray(0, MAGIC.length).toString() !== MAGIC) throw invalid('is none');
    const [version, codes] = [header[MAGIC.length], header[MAGIC.length + 1]];
    if (version !== FILE_VERSION || codes !== CODES_VERSION) throw invalid('has another version');
    const key = keyFor(secret, header);
    for (let number = 0; ; number += 1) {
      const length = (await exactly(file, LENGTH_BYTES)).readUInt32BE();
      if (length > PIECE_BYTES_MAX) throw invalid('is damaged');
      const body = await exactly(file, length + TAG_BYTES);
      const isLast = length === 0;
      const content = opened(key, header, { number, isLast }, body);
      if (isLast) return;
      yield unpacked(content);
    }
  } finally {
    await file.close();
  }
}

interface PieceMark {
  number: number;
  isLast: boolean;
}

function keyFor(secret: Uint8Array, header: Buffer): Buffer {
  if (secret.length < SECRET_BYTES_MIN) {
    throw new RollcallError('KEY_INVALID', `The secret of the gallery cache needs ${SECRET_BYTES_MIN} bytes`);
  }
  const salt = header.subarray(HEADER_BYTES - SALT_BYTES);
  return Buffer.from(hkdfSync('sha256', secret, salt, KEY_INFO, KEY_BYTES));
}

function sealed(key: Buffer, header: Buffer, mark: PieceMark, content: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(mark));
  cipher.setAAD(authenticated(header, mark));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

function opened(key: Buffer, header: Buffer, mark: PieceMark, body: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(mark));
  decipher.setAAD(authenticated(header, mark));
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, body.length - TAG_BYTES)), decipher.final()]);
  } catch {
    throw invalid('is damaged, forged or sealed with another secret');
  }
}

function nonceOf({ number }: PieceMark): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(number, NONCE_BYTES - 4);
  return nonce;
}

function authenticated(header: Buffer, { number, isLast }: PieceMark): Buffer {
  const mark = Buffer.alloc(5);
  mark.writeUInt32BE(number);
  mark[4] = isLast ? 1 : 0;
  return Buffer.concat([header, mark]);
}

function packed({ names, bytes }: PackedTemplates): Buffer {
  const list = Buffer.from(JSON.stringify(names));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(list.length);
  return Buffer.concat([length, list, bytes]);
}

/** What was sealed was made by this program: its shape need not be doubted. */
function unpacked(content: Buffer): PackedTemplates {
  const end = LENGTH_BYTES + content.readUInt32BE();
  const names = JSON.parse(content.subarray(LENGTH_BYTES, end).toString()) as PackedTemplates['names'];
  return { names, bytes: new Uint8Array(content.subarray(end)) };
}

async function exactly(file: FileHandle, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length).catch((cause: unknown) => {
    throw invalid('cannot be read', cause);
  });
  if (bytesRead !== length) throw invalid('is cut off');
  return buffer;
}

function invalid(what: string, cause?: unknown): RollcallError {
  return new RollcallError(
    'GALLERY_CACHE_INVALID',
    `The cache of the gallery ${what}. It is made again from the sealed templates`,
    { cause },
  );
}
