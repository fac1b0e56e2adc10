import { RollcallError } from '@rollcall/protocol/errors';
import { decodeTemplate, encodeTemplate } from '../biometrics/template/record.js';
import { decodeRecordSet, RECORD_FORMAT } from '../biometrics/template/record-set.js';
import { importTemplate } from '../biometrics/template/standard-records.js';

type ReadRecords = (bytes: Uint8Array) => Uint8Array[];

/** What every ISO/IEC 19794-2 and INCITS 378 record begins with. */
const STANDARD_MAGIC = Buffer.from('FMR\0', 'latin1');

/** A probe is one picture, never a set of them. */
const single: ReadRecords = (bytes) => {
  decodeTemplate(bytes);
  return [bytes];
};
const standard: ReadRecords = (bytes) => [encodeTemplate(importTemplate(bytes))];

/** Formats of templates that the engine can compare; every other one belongs to the modules of one maker. */
const READERS: Readonly<Record<string, ReadRecords>> = {
  [RECORD_FORMAT]: decodeRecordSet,
  iso2005: standard,
  iso2011: standard,
  incits378: standard,
};

export const ENGINE_FORMATS: readonly string[] = Object.keys(READERS);

/**
 * The compact records of a template, one for each impression that is in it.
 *
 * @throws RollcallError `TEMPLATE_INVALID`
 */
export function engineRecords(format: string, bytes: Uint8Array): Uint8Array[] {
  const read = READERS[format];
  if (read !== undefined) return read(bytes);
  throw new RollcallError('TEMPLATE_INVALID', `A template of the format ${format} is not for comparing here`);
}

/**
 * The compact record of a template that a scanner made of a finger.
 *
 * @throws RollcallError `TEMPLATE_INVALID`
 */
export function probeRecord(bytes: Uint8Array): Uint8Array {
  const isStandard = STANDARD_MAGIC.equals(bytes.subarray(0, STANDARD_MAGIC.length));
  const [record] = (isStandard ? standard : single)(bytes) as [Uint8Array];
  return record;
}
