import { RollcallError } from '@rollcall/protocol/errors';
import type { Seal, SealedPlace } from './seal.js';

/** A letter of some pages, photographed by a phone. */
export const DOCUMENT_BYTES_MAX = 5 * 1024 * 1024;
export const DOCUMENT_BASE64_MAX = Math.ceil(DOCUMENT_BYTES_MAX / 3) * 4;
/** Of the few requests that a document goes with; it stands in them as base64. */
export const DOCUMENT_REQUEST_BYTES_MAX = 8 * 1024 * 1024;

/** Known by how they begin: a name or a header that says otherwise proves nothing. */
const KINDS: readonly { mediaType: string; begins: Buffer }[] = [
  { mediaType: 'application/pdf', begins: Buffer.from('%PDF-', 'latin1') },
  { mediaType: 'image/png', begins: Buffer.from('89504e470d0a1a0a', 'hex') },
  { mediaType: 'image/jpeg', begins: Buffer.from('ffd8ff', 'hex') },
];

export interface GivenDocument {
  name: string;
  content_base64: string;
}

export interface SupportingDocument {
  name: string;
  mediaType: string;
  bytes: Buffer;
}

/** @throws RollcallError `DOCUMENT_INVALID` for anything but a PDF, PNG or JPEG of a bounded size */
export function readDocument({ name, content_base64: text }: GivenDocument): SupportingDocument {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length > DOCUMENT_BYTES_MAX) {
    throw new RollcallError(
      'DOCUMENT_INVALID',
      `The document has more than ${DOCUMENT_BYTES_MAX / 1024 / 1024} MiB; scan it with less detail`,
    );
  }
  const kind = KINDS.find(({ begins }) => bytes.subarray(0, begins.length).equals(begins));
  if (kind !== undefined) return { name, mediaType: kind.mediaType, bytes };
  throw new RollcallError('DOCUMENT_INVALID', 'The document must be a PDF, a PNG or a JPEG');
}

export interface DocumentColumns {
  document_sealed: Buffer;
  document_name: string;
  document_type: string;
}

/** What a row keeps of a document: nobody reads it from a dump (domain F3). */
export function sealDocument(
  seal: Seal,
  document: SupportingDocument,
  place: Omit<SealedPlace, 'column'>,
): DocumentColumns {
  return {
    document_sealed: seal.seal(document.bytes, { ...place, column: 'document_sealed' }),
    document_name: document.name,
    document_type: document.mediaType,
  };
}
