/** How the readers of one family speak (UHF note, parts A and B). */
export type ChafonFamily = 'uhfreader18' | 'uhfreader288' | 'ct';

export interface ChafonReply {
  command: number;
  status: number;
  data: Uint8Array;
}

/** Inventory of UHFReader18 and 288: whole, in time or out of it; more frames follow; the buffer was full. */
const FINISHED = [0x01, 0x02, 0x04];
const MORE_FOLLOWS = 0x03;
const NO_TAG = 0xfb;
/** Of CT readers success is 1 and failure 0. */
const CT_SUCCESS = 0x01;
const CT_TAG_OVERHEAD = 3;
const CT_SERIAL_BYTES = 7;

/** Length, address, command, status, data, CRC. */
export function decodeReader(frame: Uint8Array): ChafonReply {
  const [, , command = 0, status = 0] = frame;
  return { command, status, data: frame.slice(4, -2) };
}

/** Start, length of two bytes, address, command, status, data, sum. */
export function decodeCt(frame: Uint8Array): ChafonReply {
  const [, , , , , command = 0, status = 0] = frame;
  return { command, status, data: frame.slice(7, -1) };
}

/** What an inventory answer says about the ones after it; a status that is not known ends it as a failure. */
export function inventoryEnd(family: ChafonFamily, { status }: ChafonReply): 'more' | 'end' | 'failed' {
  // A CT reader says failure where there is no tag.
  if (family === 'ct') return 'end';
  if (status === MORE_FOLLOWS) return 'more';
  return status === NO_TAG || FINISHED.includes(status) ? 'end' : 'failed';
}

/**
 * The EPCs of an inventory answer; undefined when its counts do not fit its bytes. Tags of an answer with an unknown
 * status count too: they were read.
 */
export function tagsOf(family: ChafonFamily, reply: ChafonReply): Uint8Array[] | undefined {
  const { status, data } = reply;
  if (family === 'ct') {
    if (status !== CT_SUCCESS || data.length === 0) return [];
    return ctTags(data.subarray(CT_SERIAL_BYTES));
  }
  if (status === NO_TAG || data.length === 0) return [];
  return family === 'uhfreader18' ? lengthEpcs(data, 0) : lengthEpcs(data.subarray(1), 1);
}

/** A count, then each EPC behind its length; `extra` bytes behind it (its strength). */
function lengthEpcs(data: Uint8Array, extra: number): Uint8Array[] | undefined {
  const [count = 0] = data;
  const tags: Uint8Array[] = [];
  let at = 1;
  for (let index = 0; index < count; index++) {
    const length = data[at];
    if (length === undefined || at + 1 + length + extra > data.length) return undefined;
    tags.push(data.slice(at + 1, at + 1 + length));
    at += 1 + length + extra;
  }
  return at === data.length ? tags : undefined;
}

/** A count, then for each a length that counts type, antenna, EPC and strength. */
function ctTags(data: Uint8Array): Uint8Array[] | undefined {
  const [count = 0] = data;
  const tags: Uint8Array[] = [];
  let at = 1;
  for (let index = 0; index < count; index++) {
    const length = data[at];
    if (length === undefined || length < CT_TAG_OVERHEAD || at + 1 + length > data.length) return undefined;
    tags.push(data.slice(at + CT_TAG_OVERHEAD, at + length));
    at += 1 + length;
  }
  return at === data.length ? tags : undefined;
}
