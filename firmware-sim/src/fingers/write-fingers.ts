import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { encode } from 'fast-png';
import { makeFolder } from '../make-folder.js';
import { growFinger } from './finger.js';
import { impressionOf, type SensorSize } from './impression.js';

export interface FingersOptions {
  out: string;
  fingers: number;
  impressions: number;
  seed: number;
  width: number;
  height: number;
}

/** What a reader of images without a stated resolution takes for granted. */
const DPI = 500;

/**
 * Writes `FINGER_IMPRESSION.png` for every impression, 500 dpi, both numbered from 1.
 *
 * @throws RollcallError `CONFIG_INVALID` where the folder cannot be written.
 */
export function writeFingers({ out, fingers, impressions, seed, width, height }: FingersOptions): void {
  const sensor: SensorSize = { width, height, dpi: DPI };
  const digits = String(fingers).length;
  try {
    makeFolder(out, 0o755);
    for (let number = 1; number <= fingers; number++) {
      const finger = growFinger(seed, number);
      for (let impression = 1; impression <= impressions; impression++) {
        const image = impressionOf(finger, { seed, number, impression }, sensor);
        writeFileSync(
          join(out, `${String(number).padStart(digits, '0')}_${impression}.png`),
          encode({ width, height, data: image.pixels, channels: 1, depth: 8 }),
        );
      }
    }
  } catch (cause) {
    if (isRollcallError(cause)) throw cause;
    throw new RollcallError(
      'CONFIG_INVALID',
      `The images cannot be written: ${(cause as Error).message}. Name another folder with --out.`,
      { cause },
    );
  }
}
