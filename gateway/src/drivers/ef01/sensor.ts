import type { Clock } from '@rollcall/protocol/clock';
import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { untilLifted, untilTouched } from '../finger/presence.js';
import type { EnrollmentOptions, FingerImage, FingerSensor } from '../finger/sensor.js';
import { checkedSlot } from '../finger/slots.js';
import { inTurn } from '../finger/turns.js';
import type { Ef01Module } from './module.js';

/** Captures that turned out to be of different fingers before enrollment gives up. */
const MISMATCHES_MAX = 3;
/** Largest template of the family, with room (EF01 note §10). */
const TEMPLATE_BYTES_MAX = 8_192;

export interface Ef01SensorOptions {
  clock: Clock;
  module: Ef01Module;
  identity: string | undefined;
  capacity: number;
  templateFormat: string;
  matchedBy: 'sensor' | 'gateway';
  /** Keeps fingers from being presentations. */
  reserve: () => () => void;
  /** Captures that become one template. */
  captures: number;
}

/** Enrollment and the gallery on a module of the EF01 family (EF01 note §6). */
export class Ef01Sensor implements FingerSensor {
  readonly identity: string | undefined;
  readonly capacity: number;
  readonly templateFormat: string;
  readonly matchedBy: 'sensor' | 'gateway';
  readonly #options: Ef01SensorOptions;
  #expected: readonly number[] | undefined;

  constructor(options: Ef01SensorOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.capacity = options.capacity;
    this.templateFormat = options.templateFormat;
    this.matchedBy = options.matchedBy;
  }

  get expected(): readonly number[] | undefined {
    return this.#expected;
  }

  expectOnly(slots: readonly number[] | undefined): void {
    this.#expected = slots?.filter((slot) => slot < this.capacity);
  }

  enroll(slot: number, options: EnrollmentOptions = {}): Promise<void> {
    return this.#inTurn(options.signal, async (signal) => {
      checkedSlot(slot, this.capacity);
      await this.#captureTemplate(options, signal);
      const { module } = this.#options;
      const other = await module.search(0, this.capacity);
      if (other !== undefined && other.slot !== slot) {
        throw new RollcallError('FINGER_DUPLICATE', 'This finger is enrolled already, in another slot', {
          context: { slot: other.slot },
        });
      }
      signal.throwIfAborted();
      await module.store(slot);
    });
  }

  exportTemplate(slot: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#inTurn(signal, () => this.#options.module.exportTemplate(checkedSlot(slot, this.capacity)));
  }

  importTemplate(slot: number, template: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, async () => {
      checkedSlot(slot, this.capacity);
      if (template.length === 0 || template.length > TEMPLATE_BYTES_MAX) {
        throw new RollcallError(
          'TEMPLATE_INVALID',
          `A template of this module has 1 to ${TEMPLATE_BYTES_MAX} bytes`,
        );
      }
      await this.#options.module.importTemplate(slot, template);
    });
  }

  deleteTemplate(slot: number, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, () => this.#options.module.deleteTemplate(checkedSlot(slot, this.capacity)));
  }

  deleteAll(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, () => this.#options.module.deleteAll());
  }

  occupiedSlots(signal?: AbortSignal): Promise<number[]> {
    return this.#inTurn(signal, () => this.#options.module.occupiedSlots());
  }

  captureImage(signal?: AbortSignal): Promise<FingerImage> {
    return this.#inTurn(signal, async (inner) => {
      await untilTouched(this.#presence(inner));
      inner.throwIfAborted();
      return this.#options.module.downloadImage();
    });
  }

  untilLifted(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, (either) => untilLifted(this.#presence(either)));
  }

  reserve(): () => void {
    return this.#options.reserve();
  }

  async #captureTemplate({ onStep, onImage }: EnrollmentOptions, signal: AbortSignal): Promise<void> {
    const { module, captures } = this.#options;
    for (let mismatches = 0; mismatches < MISMATCHES_MAX; mismatches++) {
      // Another finger may come after one that did not fit.
      let wantsImage = onImage !== undefined;
      for (let capture = 1; capture <= captures; capture++) {
        onStep?.({ step: 'place', capture, captures });
        await untilTouched(this.#presence(signal));
        while ((await module.extract(capture)) === 'poor') {
          onStep?.({ step: 'poor' });
          await untilTouched(this.#presence(signal));
        }
        if (wantsImage) wantsImage = await this.#showImage(onImage);
        onStep?.({ step: 'lift' });
        await untilLifted(this.#presence(signal));
      }
      if (await module.combine()) return;
      onStep?.({ step: 'mismatch' });
    }
    throw new RollcallError(
      'FINGER_UNREADABLE',
      'The captures never were of one finger; clean finger and sensor, or take another finger',
    );
  }

  /** The picture is still in the module. Whether another one is wanted. */
  async #showImage(onImage: EnrollmentOptions['onImage']): Promise<boolean> {
    const { module } = this.#options;
    let image: FingerImage;
    try {
      image = await module.downloadImage();
    } catch (error) {
      if (!hasCode(error, 'DEVICE_TIMEOUT') && !hasCode(error, 'IMAGE_INVALID')) throw error;
      await module.link.quiet();
      return true;
    }
    return (await onImage?.(image)) === 'more';
  }

  #presence(signal: AbortSignal) {
    const { clock, module } = this.#options;
    return { clock, signal, look: () => module.capture() };
  }

  #inTurn<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return inTurn(this.#options.module.link, signal, work);
  }
}
