import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { extract, type Template } from '../extract/extract.js';
import { fromPng } from '../image/png.js';
import { type Impression, parseImpression, sortImpressions } from '../measure/pairs.js';
import { loadKernels } from '../node/load-kernels.js';
import { decodeTemplate } from '../template/record.js';
import { importTemplate } from '../template/standard-records.js';

const kernels = loadKernels();

const PNG_FIRST_BYTE = 0x89;
/** "FMR": a standard record; our own starts with "RF". */
const STANDARD_FIRST_BYTE = 0x46;

/** The template of a file: a PNG image, a standard record or one of our own, told apart by their first byte. */
export function loadTemplate(file: string, dpi?: number): Template {
  const bytes = new Uint8Array(readFileSync(file));
  if (bytes[0] === PNG_FIRST_BYTE) return extract(fromPng(bytes, dpi), kernels).template;
  return bytes[0] === STANDARD_FIRST_BYTE ? importTemplate(bytes) : decodeTemplate(bytes);
}

export interface FolderEntry extends Impression {
  file: string;
}

/** The files of a folder that are named `FINGER_IMPRESSION`, in their order. Throws `NOT_FOUND` when it has none. */
export function listFolder(folder: string, extensions?: readonly string[]): FolderEntry[] {
  const found = readdirSync(folder).flatMap((name): FolderEntry[] => {
    const impression = parseImpression(basename(name, extname(name)));
    const isWanted = extensions === undefined || extensions.includes(extname(name));
    return impression === undefined || !isWanted ? [] : [{ ...impression, file: join(folder, name) }];
  });
  if (found.length > 0) return sortImpressions(found) as FolderEntry[];
  throw new RollcallError('NOT_FOUND', `${folder} holds no file named FINGER_IMPRESSION.png`);
}

/** The template, or undefined where the finger cannot be read: a failure to extract, which is a result. */
export function tryLoadTemplate(file: string): Template | undefined {
  try {
    return loadTemplate(file);
  } catch (error) {
    if (hasCode(error, 'FINGER_UNREADABLE') || hasCode(error, 'IMAGE_INVALID')) return undefined;
    throw error;
  }
}
