/** What one top-level collection of a HID device is for (HID usage tables). */
export interface HidUsage {
  page: number;
  usage: number;
}

/** Items of one descriptor; the kernel takes 4096 bytes, and the shortest item has one. */
const ITEMS_MAX = 4096;
const LONG_ITEM = 0xfe;
/** Tag and type of a short item, without its size (HID 1.11 §6.2.2). */
const USAGE_PAGE = 0x04;
const USAGE = 0x08;
const COLLECTION = 0xa0;
const END_COLLECTION = 0xc0;

/**
 * The top-level collections of a report descriptor. A descriptor that ends in the middle of an item gives what
 * came before.
 */
export function topLevelUsages(descriptor: Uint8Array): HidUsage[] {
  const usages: HidUsage[] = [];
  let page = 0;
  let usage: HidUsage | undefined;
  let depth = 0;
  let at = 0;
  for (let items = 0; at < descriptor.length && items < ITEMS_MAX; items++) {
    const prefix = descriptor[at] ?? 0;
    if (prefix === LONG_ITEM) {
      at += 3 + (descriptor[at + 1] ?? 0);
      continue;
    }
    const size = (prefix & 3) === 3 ? 4 : prefix & 3;
    const tag = prefix & 0xfc;
    if (at + 1 + size > descriptor.length) break;
    const value = littleEndian(descriptor.subarray(at + 1, at + 1 + size));
    at += 1 + size;
    if (tag === USAGE_PAGE) page = value;
    // Four bytes name their page themselves.
    else if (tag === USAGE)
      usage ??= size === 4 ? { page: value >>> 16, usage: value & 0xffff } : { page, usage: value };
    else if (tag === COLLECTION) {
      if (depth === 0 && usage !== undefined) usages.push(usage);
      depth += 1;
      usage = undefined;
    } else if (tag === END_COLLECTION) {
      depth = Math.max(0, depth - 1);
      usage = undefined;
    } else if ((tag & 0x0c) === 0) usage = undefined;
  }
  return usages;
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
