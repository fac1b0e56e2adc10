import type { SensorSize } from '../fingers/impression.js';
import { namedImpression } from '../fingers/named-finger.js';
import type { Random } from '../random.js';

const IMPRESSIONS = 1_000_000;

/** A finger laid on a sensor once: every look at it shows the same, the next time it lies a little differently. */
export class FingerTouch {
  readonly finger: string;
  readonly #random: Random;
  #impression: number | undefined;

  constructor(finger: string, random: Random) {
    this.finger = finger;
    this.#random = random;
  }

  /** 8 bits a pixel. Made when somebody wants to see it: sensors that compare themselves never do. */
  draw(sensor: SensorSize): Uint8Array {
    this.#impression ??= this.#random.int(1, IMPRESSIONS);
    return namedImpression(this.finger, this.#impression, sensor).pixels;
  }
}
