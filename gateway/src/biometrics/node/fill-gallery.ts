import { hasCode, isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { readGalleryCache, writeGalleryCache } from './gallery-cache.js';
import { packTemplates, unpackTemplates } from './packed-templates.js';
import type { ThreadedGallery } from './threaded-gallery.js';

export interface Enrolled {
  finger: string;
  /** The compact record. */
  record: Uint8Array;
}

export interface CacheFile {
  path: string;
  /** What the gateway keeps in its secret file, 32 bytes or more. */
  secret: Uint8Array;
}

/** What filling needs of a gallery. */
export type FillableGallery = Pick<ThreadedGallery, 'add' | 'store' | 'read'>;

export interface FillReport {
  /** Templates whose codes were in the cache, and whose codes had to be made. */
  cached: number;
  made: number;
  /** Why the cache was not used, or not to its end, or not written. */
  cacheError?: RollcallError;
}

/**
 * Fills an empty gallery at boot. What is enrolled decides; the cache only saves making the codes, so a template that is
 * no longer enrolled does not come back from it. A cache that does not fit is written again.
 */
export async function fillGallery(
  gallery: FillableGallery,
  enrolled: ReadonlyMap<string, Enrolled>,
  cache: CacheFile,
): Promise<FillReport> {
  const report: FillReport = { cached: 0, made: 0 };
  const missing = new Set(enrolled.keys());
  let stale = 0;
  try {
    for await (const piece of readGalleryCache(cache.path, cache.secret)) {
      const templates = unpackTemplates(piece);
      const fresh = templates.filter(({ id, record }) => isSame(enrolled.get(id)?.record, record));
      const named = fresh.map((template) => ({
        ...template,
        finger: enrolled.get(template.id)?.finger ?? '',
      }));
      await gallery.store(packTemplates(named));
      for (const { id } of fresh) missing.delete(id);
      report.cached += fresh.length;
      stale += templates.length - fresh.length;
    }
  } catch (error) {
    if (!hasCode(error, 'GALLERY_CACHE_INVALID')) throw error;
    report.cacheError = error;
  }
  for (const id of missing) {
    const { finger, record } = enrolled.get(id) as Enrolled;
    await gallery.add(id, finger, record);
    report.made += 1;
  }
  if (report.made + stale > 0 || report.cacheError !== undefined) {
    const unwritten = await tryToWrite(gallery, cache);
    if (unwritten !== undefined) report.cacheError = unwritten;
  }
  return report;
}

/** A full disk must not keep anybody from being recognized: without the cache the next start only takes longer. */
async function tryToWrite(gallery: FillableGallery, cache: CacheFile): Promise<RollcallError | undefined> {
  try {
    await writeGalleryCache(cache.path, cache.secret, gallery.read());
    return undefined;
  } catch (cause) {
    if (isRollcallError(cause)) throw cause;
    return new RollcallError(
      'GALLERY_CACHE_INVALID',
      'The cache of the gallery could not be written; look at the disk. Until it can, every start makes it again',
      { cause },
    );
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}
