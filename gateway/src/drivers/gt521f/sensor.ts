import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { untilLifted, untilTouched } from '../finger/presence.js';
import type { EnrollmentOptions, FingerImage, FingerSensor } from '../finger/sensor.js';
import { checkedSlot } from '../finger/slots.js';
import { inTurn } from '../finger/turns.js';
import type { Gt521fModule } from './module.js';

const CAPTURES = 3;
const MISMATCHES_MAX = 3;
/** Slots that are looked at in one turn: a quarter of a second at 9600 baud, which a finger may wait. */
const SLOTS_A_TURN = 8;
/** How often the slots are read anew because they changed meanwhile. */
const READINGS_MAX = 3;

export interface Gt521fSensorOptions {
  clock: Clock;
  module: Gt521fModule;
  templateFormat: string;
  matchedBy: 'sensor' | 'gateway';
  /** Keeps fingers from being presentations. */
  reserve: () => () => void;
}

/** Enrollment and the gallery on a GT-521F or GT-511C (GT-521F note §A4). */
export class Gt521fSensor implements FingerSensor {
  readonly identity: string | undefined;
  readonly capacity: number;
  readonly templateFormat: string;
  readonly matchedBy: 'sensor' | 'gateway';
  readonly #options: Gt521fSensorOptions;
  #expected: readonly number[] | undefined;

  constructor(options: Gt521fSensorOptions) {
    const { serial, capacity } = options.module;
    this.#options = options;
    this.identity = serial === undefined ? undefined : `gt521f-${serial}`;
    this.capacity = capacity;
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
    return this.#lit(options.signal, async (signal) => {
      checkedSlot(slot, this.capacity);
      for (let mismatches = 0; mismatches < MISMATCHES_MAX; mismatches++) {
        await this.#options.module.startEnrollment(slot);
        if (await this.#captureAll(options, signal)) return;
        options.onStep?.({ step: 'mismatch' });
      }
      throw new RollcallError(
        'FINGER_UNREADABLE',
        'The captures never were of one finger; clean finger and sensor, or take another finger',
      );
    });
  }

  exportTemplate(slot: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#inTurn(signal, () => this.#options.module.exportTemplate(checkedSlot(slot, this.capacity)));
  }

  importTemplate(slot: number, template: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, () =>
      this.#options.module.importTemplate(checkedSlot(slot, this.capacity), template),
    );
  }

  deleteTemplate(slot: number, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, () => this.#options.module.deleteTemplate(checkedSlot(slot, this.capacity)));
  }

  deleteAll(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, () => this.#options.module.deleteAll());
  }

  /** One by one, since there is no table to read, and a few at a time: fingers are read in between. */
  async occupiedSlots(signal?: AbortSignal): Promise<number[]> {
    for (let tries = 0; tries < READINGS_MAX; tries++) {
      const count = await this.#enrolledCount(signal);
      const slots = await this.#findSlots(count, signal);
      // Somebody may have been enrolled or deleted between two turns, behind where it is looked.
      if (slots.length === count && (await this.#enrolledCount(signal)) === count) {
        this.#options.module.slots.note(slots);
        return slots;
      }
    }
    throw new RollcallError(
      'DEVICE_REFUSED',
      'The slots of the fingerprint module changed each time that they were read; does another program use it?',
    );
  }

  captureImage(signal?: AbortSignal): Promise<FingerImage> {
    return this.#lit(signal, async (either) => {
      await this.#capture({}, either);
      return this.#options.module.downloadImage();
    });
  }

  untilLifted(signal?: AbortSignal): Promise<void> {
    return this.#lit(signal, (either) => untilLifted(this.#presence(either)));
  }

  reserve(): () => void {
    return this.#options.reserve();
  }

  /** False where the captures turned out to be of different fingers. */
  async #captureAll(options: EnrollmentOptions, signal: AbortSignal): Promise<boolean> {
    for (let capture = 1; capture <= CAPTURES; capture++) {
      options.onStep?.({ step: 'place', capture, captures: CAPTURES });
      await this.#capture(options, signal);
      const result = await this.#options.module.enroll(capture);
      options.onStep?.({ step: 'lift' });
      await untilLifted(this.#presence(signal));
      if (typeof result === 'object') {
        throw new RollcallError('FINGER_DUPLICATE', 'This finger is enrolled already, in another slot', {
          context: { slot: result.slot },
        });
      }
      if (result !== 'ok') return false;
    }
    return true;
  }

  /** The best picture of the finger, once it is there. */
  async #capture({ onStep }: EnrollmentOptions, signal: AbortSignal): Promise<void> {
    for (;;) {
      await untilTouched(this.#presence(signal));
      const capture = await this.#options.module.capture(true);
      if (capture === 'ok') return;
      if (capture === 'poor') onStep?.({ step: 'poor' });
    }
  }

  #enrolledCount(signal: AbortSignal | undefined): Promise<number> {
    return this.#inTurn(signal, () => this.#options.module.enrolledCount());
  }

  /** Until as many were found as there are. */
  async #findSlots(count: number, signal: AbortSignal | undefined): Promise<number[]> {
    const slots: number[] = [];
    for (let from = 0; from < this.capacity && slots.length < count; from += SLOTS_A_TURN) {
      await this.#inTurn(signal, async (either) => {
        const end = Math.min(from + SLOTS_A_TURN, this.capacity);
        for (let slot = from; slot < end && slots.length < count; slot++) {
          either.throwIfAborted();
          if (await this.#options.module.isOccupied(slot)) slots.push(slot);
        }
      });
    }
    return slots;
  }

  #presence(signal: AbortSignal) {
    const { clock, module } = this.#options;
    return { clock, signal, look: () => module.isPressed() };
  }

  /** The sensor sees only with its light on; while nobody is there it stays cool and dark. */
  #lit<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { module } = this.#options;
    return this.#inTurn(signal, async (either) => {
      await module.light(true);
      try {
        return await work(either);
      } finally {
        if (!module.link.closed.aborted) await module.light(false);
      }
    });
  }

  #inTurn<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return inTurn(this.#options.module.link, signal, work);
  }
}
