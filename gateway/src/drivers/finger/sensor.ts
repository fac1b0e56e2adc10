/** 8-bit grey, row by row from the top left, as the matching engine takes it. */
export interface FingerImage {
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  readonly pixels: Uint8Array;
}

/** What the person at the scanner has to do now, or what the module did not like. */
export type EnrollmentStep =
  | { step: 'place'; capture: number; captures: number }
  | { step: 'lift' }
  /** Too dry, too wet or too little of it: press again. */
  | { step: 'poor' }
  /** The captures are not of one finger: from the beginning. */
  | { step: 'mismatch' };

export interface EnrollmentOptions {
  signal?: AbortSignal;
  onStep?(step: EnrollmentStep): void;
  /**
   * Told the pictures that captures were made of, for as long as it wants more, and anew after a `mismatch`: what was shown
   * before that may be another finger. Each takes seconds on the line. A module
   * that cannot tell its captures from its pictures leaves them out, and one that got lost is left out, too.
   */
  onImage?(image: FingerImage): Promise<'more' | 'enough'>;
}

/**
 * The operations of a scanner that matches itself. They run one at a time, between two looks for a finger; the
 * templates are opaque records of this format, and belong to modules of one model.
 *
 * Every operation rejects with the reason of its signal as soon as that is aborted, with `PORT_CLOSED` when the
 * connection ends, and with `DEVICE_REFUSED` or `DEVICE_TIMEOUT` when the module fails.
 */
export interface FingerSensor {
  /**
   * Tells this very module from another one of its kind, so that a swapped sensor is noticed; undefined where nothing
   * on it can.
   */
  readonly identity: string | undefined;
  /** Slots are 0 to `capacity` - 1. */
  readonly capacity: number;
  /** Which modules understand its templates, such as `ef01-1536`. */
  readonly templateFormat: string;
  /** Where fingers are compared, and so what an enrollment makes: a template of the module, or of our engine. */
  readonly matchedBy: 'sensor' | 'gateway';
  /**
   * Takes one finger several times and keeps it in the slot.
   *
   * @throws RollcallError `FINGER_ABSENT` when nobody touches it in time, `FINGER_DUPLICATE` when the finger has another
   *   slot, whose number its context has.
   */
  enroll(slot: number, options?: EnrollmentOptions): Promise<void>;
  /** @throws RollcallError `NOT_FOUND` for a slot without a template. */
  exportTemplate(slot: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** @throws RollcallError `TEMPLATE_INVALID` for a record that the module does not take. */
  importTemplate(slot: number, template: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** No error for an empty slot. */
  deleteTemplate(slot: number, signal?: AbortSignal): Promise<void>;
  deleteAll(signal?: AbortSignal): Promise<void>;
  /** In ascending order. */
  occupiedSlots(signal?: AbortSignal): Promise<number[]>;
  /**
   * Waits for a finger and takes its picture.
   *
   * @throws RollcallError `FINGER_ABSENT`.
   */
  captureImage(signal?: AbortSignal): Promise<FingerImage>;
  /**
   * Waits until nothing lies on it.
   *
   * @throws RollcallError `FINGER_ABSENT` when the finger stays.
   */
  untilLifted(signal?: AbortSignal): Promise<void>;
  /**
   * From now on fingers are no presentations: they belong to whoever enrolls them. A finger that lies there when it is
   * given back has to leave first.
   *
   * @returns gives it back; once is enough.
   */
  reserve(): () => void;
  /** Verification 1:1: until told otherwise fingers are compared with these slots only; undefined: with all. */
  expectOnly(slots: readonly number[] | undefined): void;
}
