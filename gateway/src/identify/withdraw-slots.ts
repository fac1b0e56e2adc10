import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { FingerGallery } from './finger-gallery.js';
import { type FingerSlots, isEnrolling } from './finger-slots.js';

export interface WithdrawOptions {
  /** Under which the slots of this module are kept. */
  key: string;
  sensor: Pick<FingerSensor, 'deleteTemplate'>;
  gallery: Pick<FingerGallery, 'allowed'>;
  slots: FingerSlots;
  signal: AbortSignal;
}

/**
 * Deletes from a module what the roster does not list any more, and nothing else: between two fingers of somebody who
 * enrolls there, whose own slots are left alone.
 *
 * @throws RollcallError of the sensor, or the reason of the signal
 */
export async function withdrawSlots({ key, sensor, gallery, slots, signal }: WithdrawOptions): Promise<void> {
  const allowed = gallery.allowed();
  if (allowed === undefined) return;
  for (const row of slots.of(key)) {
    if (allowed.has(row.templateId) || isEnrolling(row)) continue;
    // Not believed from now on; but there, until the module says that it is gone.
    slots.mark(key, row);
    await sensor.deleteTemplate(row.slot, signal);
    slots.remove(key, row.slot);
  }
}
