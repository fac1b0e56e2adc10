import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { FingerSlots } from '../identify/finger-slots.js';
import { type GallerySync, sensorKey } from '../identify/gallery-sync.js';
import type { TemplateStore } from '../identify/template-store.js';
import type { ReservedScanner } from './run-enrollment.js';
import type { SensorSlots } from './take-on-sensor.js';

export interface ReserveOptions {
  slots: FingerSlots;
  templates: TemplateStore;
  /** Keeps the slots of connected scanners; undefined where nobody does. */
  gallery?: Pick<GallerySync, 'hold' | 'takenSlots'>;
  signal: AbortSignal;
}

/**
 * Takes a scanner away from attendance and from the gallery until it is given back.
 *
 * @throws RollcallError `GALLERY_FILLING`, or the reason of the signal; then it is given back
 */
export async function reserveScanner(
  deviceId: string,
  sensor: FingerSensor,
  { slots, templates, gallery, signal }: ReserveOptions,
): Promise<ReservedScanner> {
  const giveBack = sensor.reserve();
  let release: (() => void) | undefined;
  try {
    release = await gallery?.hold(deviceId, signal);
  } catch (error) {
    giveBack();
    throw error;
  }
  return {
    sensor,
    slots: slotsOf(sensorKey(deviceId, sensor), {
      slots,
      templates,
      taken: async (until) => gallery?.takenSlots(deviceId) ?? sensor.occupiedSlots(until),
    }),
    release: () => {
      release?.();
      giveBack();
    },
  };
}

function slotsOf(
  key: string,
  { slots, templates, taken }: Pick<ReserveOptions, 'slots' | 'templates'> & Pick<SensorSlots, 'taken'>,
): SensorSlots {
  return {
    taken,
    // Who withdrew the consent is named to nobody.
    holderOf: (slot) => templates.one(slots.row(key, slot)?.templateId ?? '')?.student_ref,
    ofFinger: (studentRef, position) =>
      slots
        .ofStudent(key, studentRef)
        .filter(({ templateId }) => templates.one(templateId)?.finger_position === position)
        .map(({ slot }) => slot),
    mark: (slot) => slots.markEnrolling(key, slot),
    emptied: (slot) => slots.remove(key, slot),
  };
}
