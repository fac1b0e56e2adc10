import { RollcallError } from '@rollcall/protocol/errors';
import { decodeTemplate, RECORD_BYTES_MAX } from './record.js';

/*
 * Layout, big-endian: "RS" | version 1 | number of impressions | for each: length u16 | compact record.
 * Each record has a checksum of its own.
 */
const MAGIC = [0x52, 0x53] as const;
const VERSION = 1;
const HEADER_BYTES = 4;
const LENGTH_BYTES = 2;
/** Impressions of one finger; more than five bring nothing (fingerprint §10). */
export const IMPRESSIONS_MAX = 5;
const SET_BYTES_MAX = HEADER_BYTES + IMPRESSIONS_MAX * (LENGTH_BYTES + RECORD_BYTES_MAX);

/** What the format of such a set, or of a single compact record, is called where templates are kept. */
export const RECORD_FORMAT = 'rollcall-1';

/** The impressions of one finger as one template: they are kept apart, and the best of them counts (fingerprint §10). */
export function encodeRecordSet(records: readonly Uint8Array[]): Uint8Array {
  if (records.length === 0 || records.length > IMPRESSIONS_MAX) {
    throw new RollcallError('TEMPLATE_INVALID', `A finger has 1 to ${IMPRESSIONS_MAX} impressions`);
  }
  const bytes = new Uint8Array(
    records.reduce((sum, { length }) => sum + LENGTH_BYTES + length, HEADER_BYTES),
  );
  const view = new DataView(bytes.buffer);
  bytes.set([...MAGIC, VERSION, records.length]);
  let at = HEADER_BYTES;
  for (const record of records) {
    view.setUint16(at, record.length);
    bytes.set(record, at + LENGTH_BYTES);
    at += LENGTH_BYTES + record.length;
  }
  return bytes;
}

/**
 * The compact records of a template: of a set, or the one that stands alone. Throws `TEMPLATE_INVALID` for anything
 * else; every record in it is sound.
 */
export function decodeRecordSet(bytes: Uint8Array): Uint8Array[] {
  if (bytes[0] !== MAGIC[0] || bytes[1] !== MAGIC[1]) {
    decodeTemplate(bytes);
    return [bytes];
  }
  const [, , version, count = 0] = bytes;
  if (version !== VERSION) {
    throw new RollcallError(
      'TEMPLATE_INVALID',
      `The template has version ${version}; this program reads version ${VERSION}. Update the program, or enroll again`,
    );
  }
  if (count === 0 || count > IMPRESSIONS_MAX || bytes.length > SET_BYTES_MAX) throw invalid();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  let at = HEADER_BYTES;
  while (records.length < count) {
    if (at + LENGTH_BYTES > bytes.length) throw invalid();
    const end = at + LENGTH_BYTES + view.getUint16(at);
    if (end > bytes.length) throw invalid();
    // A slice of its own: a Buffer's would share memory with whatever else lies in the pool.
    const record = Uint8Array.from(bytes.subarray(at + LENGTH_BYTES, end));
    decodeTemplate(record);
    records.push(record);
    at = end;
  }
  if (at !== bytes.length) throw invalid();
  return records;
}

function invalid(): RollcallError {
  return new RollcallError('TEMPLATE_INVALID', 'The template is damaged or is none. Enroll the finger again');
}
