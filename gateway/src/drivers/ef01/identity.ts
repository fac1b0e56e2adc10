import type { Ef01Module } from './module.js';

/** The last of the 16 pages: the first ones are what other programs use. */
const PAGE = 15;
const PAGE_BYTES = 32;
/** "RCID": this page holds our name for the module. */
const MAGIC = [0x52, 0x43, 0x49, 0x44] as const;
const MARK_BYTES = 16;

/**
 * A name for this very module that it keeps itself: written once into its notepad, since most of the family have no
 * serial number. A module that was swapped has another name, or none yet. Undefined where a module has neither a
 * notepad nor a serial number.
 *
 * @param randomBytes makes a name for a module that has none yet; left out where nothing may be written into it.
 */
export async function identify(
  module: Ef01Module,
  randomBytes: ((count: number) => Uint8Array) | undefined,
): Promise<string | undefined> {
  const page = await module.readNotepad(PAGE);
  if (page !== undefined) {
    const known = markOf(page);
    if (known !== undefined) return known;
    if (randomBytes !== undefined) {
      const mark = randomBytes(MARK_BYTES);
      const content = new Uint8Array(PAGE_BYTES);
      content.set(MAGIC);
      content.set(mark, MAGIC.length);
      if (await module.writeNotepad(PAGE, content)) return nameOf(mark);
    }
  }
  const { product } = module;
  if (product === undefined || /^0*$/.test(product.serial)) return undefined;
  return `ef01-${product.model}-${product.batch}-${product.serial}`;
}

function markOf(page: Uint8Array): string | undefined {
  if (MAGIC.some((byte, at) => page[at] !== byte)) return undefined;
  return nameOf(page.subarray(MAGIC.length, MAGIC.length + MARK_BYTES));
}

function nameOf(mark: Uint8Array): string {
  return `ef01-${Buffer.from(mark).toString('hex')}`;
}
