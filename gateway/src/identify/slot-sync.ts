import { hasCode, type RollcallError } from '@rollcall/protocol/errors';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { Log } from '../log.js';
import type { FingerGallery, GalleryEntry } from './finger-gallery.js';
import { type FingerSlots, NOBODY } from './finger-slots.js';

export interface SlotSyncOptions {
  /** Under which the slots of this module are kept. */
  key: string;
  sensor: FingerSensor;
  gallery: FingerGallery;
  slots: FingerSlots;
  signal: AbortSignal;
  log: Log;
  /** What a slot says was believed before, on this connection: the module is still the same one. */
  isVerified: boolean;
  /** From now on what a slot says can be believed. */
  onVerified(): void;
}

export interface SyncResult {
  imported: number;
  removed: number;
  /** Templates that found no slot, or that the module did not take. */
  left: number;
}

/**
 * Makes the slots of a module those of the gallery. First what is in it and not known, or may not be there any more, is
 * deleted: only then a slot means what the bookkeeping says. Then what is missing is imported.
 *
 * @returns undefined while the gallery is not known
 * @throws RollcallError of the sensor, or the reason of the signal.
 */
export async function syncSlots(options: SlotSyncOptions): Promise<SyncResult | undefined> {
  const { sensor, gallery, onVerified, log } = options;
  const allowed = gallery.allowed();
  if (allowed === undefined) return undefined;
  const { placed, free, removed } = await removeForeign(options, allowed);
  onVerified();
  const missing = gallery
    .entries(sensor.templateFormat)
    .filter(({ templateId }) => allowed.has(templateId) && !placed.has(templateId));
  const imported = await importMissing(options, missing, free);
  if (missing.length > free.length) {
    log.warn(
      { code: 'GALLERY_FULL', capacity: sensor.capacity, without_slot: missing.length - free.length },
      'the scanner has fewer slots than there are templates; the last ones are not recognized there',
    );
  }
  return { imported, removed, left: missing.length - imported };
}

interface Tidied {
  placed: Set<string>;
  /** In ascending order. */
  free: number[];
  removed: number;
}

async function removeForeign(options: SlotSyncOptions, allowed: ReadonlySet<string>): Promise<Tidied> {
  const { key, sensor, slots, signal, isVerified } = options;
  if (sensor.identity === undefined && !isVerified) {
    // Nothing tells this module from another one: what it holds may be anybody's.
    await sensor.deleteAll(signal);
    slots.clear(key);
  }
  const occupied = new Set(await sensor.occupiedSlots(signal));
  const rows = new Map(slots.of(key).map((row) => [row.slot, row]));
  const tidied: Tidied = { placed: new Set(), free: [], removed: 0 };
  for (const [slot] of rows) if (!occupied.has(slot)) slots.remove(key, slot);
  for (let slot = 0; slot < sensor.capacity; slot++) {
    const row = occupied.has(slot) ? rows.get(slot) : undefined;
    if (row !== undefined && row.studentRef !== NOBODY && allowed.has(row.templateId)) {
      tidied.placed.add(row.templateId);
      continue;
    }
    if (occupied.has(slot)) {
      // Not believed from now on; but there, until the module says that it is gone.
      if (row !== undefined) slots.mark(key, row);
      await sensor.deleteTemplate(slot, signal);
      slots.remove(key, slot);
      tidied.removed += 1;
    }
    tidied.free.push(slot);
  }
  return tidied;
}

async function importMissing(
  { key, sensor, gallery, slots, signal, log }: SlotSyncOptions,
  missing: readonly GalleryEntry[],
  free: readonly number[],
): Promise<number> {
  let imported = 0;
  for (const { templateId, studentRef } of missing) {
    const slot = free[imported];
    if (slot === undefined) break;
    try {
      const template = gallery.read(templateId);
      // Whoever pulls the plug now leaves a template there.
      slots.mark(key, { slot, templateId });
      await sensor.importTemplate(slot, template, signal);
    } catch (error) {
      if (!isOfTemplate(error)) throw error;
      slots.remove(key, slot);
      log.warn({ err: error, template_id: templateId }, 'a template was not taken by the scanner');
      continue;
    }
    slots.put(key, { slot, templateId, studentRef });
    imported += 1;
  }
  return imported;
}

/** One bad template must not keep the others away; a module that refuses or is silent ends the run. */
function isOfTemplate(error: unknown): error is RollcallError {
  return hasCode(error, 'TEMPLATE_INVALID') || hasCode(error, 'SEAL_BROKEN');
}
