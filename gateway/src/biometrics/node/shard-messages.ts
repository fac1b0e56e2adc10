import type { Ranked, Round } from '../gallery/search-plan.js';
import type { GreyImage } from '../image/grey-image.js';
import type { Quality } from '../quality.js';

/** What a gallery asks one of its threads; every request has one answer. */
export type ShardRequest =
  | { kind: 'add'; id: string; finger: string; record: Uint8Array }
  | { kind: 'store'; templates: PackedTemplates }
  | { kind: 'remove'; id: string }
  | { kind: 'begin'; probe: Uint8Array }
  | { kind: 'round'; round: Round }
  /** Nothing of the image is kept. */
  | { kind: 'extract'; image: GreyImage }
  /** Templates from this place on, for the sealed cache. */
  | { kind: 'read'; from: number };

export type ShardAnswer =
  | { kind: 'done' }
  | { kind: 'removed'; wasThere: boolean }
  | { kind: 'ranked'; ranked: Ranked[] }
  | { kind: 'extracted'; record: Uint8Array; quality: Quality }
  | { kind: 'read'; templates: PackedTemplates; next: number | undefined }
  /** The code of a typed error and its words. Never a part of a template. */
  | { kind: 'failed'; code: string; message: string };

/** Ids and fingers, and the bytes of records and codes one after the other. */
export interface PackedTemplates {
  names: { id: string; finger: string; recordBytes: number }[];
  bytes: Uint8Array;
}

export interface Numbered<Message> {
  number: number;
  message: Message;
}
