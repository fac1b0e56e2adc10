import { RollcallError } from '@rollcall/protocol/errors';
import { CODE_BYTES, type StoredTemplate } from '../gallery/shard.js';
import type { PackedTemplates } from './shard-messages.js';

/** Templates as one piece of bytes, for another thread or for a sealed file. */
export function packTemplates(templates: readonly StoredTemplate[]): PackedTemplates {
  const names = templates.map(({ id, finger, record }) => ({ id, finger, recordBytes: record.length }));
  const bytes = new Uint8Array(names.reduce((sum, { recordBytes }) => sum + recordBytes + CODE_BYTES, 0));
  let at = 0;
  for (const { record, code } of templates) {
    bytes.set(record, at);
    bytes.set(new Uint8Array(code.buffer, code.byteOffset, CODE_BYTES), at + record.length);
    at += record.length + CODE_BYTES;
  }
  return { names, bytes };
}

export function unpackTemplates({ names, bytes }: PackedTemplates): StoredTemplate[] {
  const needed = names.reduce((sum, { recordBytes }) => sum + recordBytes + CODE_BYTES, 0);
  if (needed !== bytes.length)
    throw new RollcallError('TEMPLATE_INVALID', 'Templates came in pieces. Enroll again');
  // Slices of a Buffer would share its memory.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  return names.map(({ id, finger, recordBytes }) => {
    const record = plain.slice(at, at + recordBytes);
    const code = new Int32Array(plain.slice(at + recordBytes, at + recordBytes + CODE_BYTES).buffer);
    at += recordBytes + CODE_BYTES;
    return { id, finger, record, code };
  });
}
