import { RollcallError } from '@rollcall/protocol/errors';
import type { FingerImage } from '../finger/sensor.js';
import type { ProductInformation } from './parameters.js';

/** Sizes and resolutions of the family, where the module does not say its own (EF01 note §1, §9). */
const SENSORS = [
  { width: 256, height: 288, dpi: 500 },
  { width: 192, height: 192, dpi: 508 },
  { width: 160, height: 160, dpi: 508 },
] as const;
const CAPACITIVE_DPI = 508;
/** Four bits to eight: 15 × 17 = 255. */
const SCALE = 17;

/**
 * Two pixels a byte, the left one in the high half, row by row from the top (EF01 note §9).
 *
 * @throws RollcallError `IMAGE_INVALID` for a number of bytes that no sensor of the family sends.
 */
export function unpackImage(packed: Uint8Array, product: ProductInformation | undefined): FingerImage {
  const count = packed.length * 2;
  const size =
    product !== undefined && product.width * product.height === count
      ? { width: product.width, height: product.height, dpi: CAPACITIVE_DPI }
      : SENSORS.find(({ width, height }) => width * height === count);
  if (size === undefined) {
    throw new RollcallError(
      'IMAGE_INVALID',
      `The fingerprint module sent an image of ${packed.length} bytes, which fits no sensor of its kind`,
    );
  }
  const pixels = new Uint8Array(count);
  for (const [at, byte] of packed.entries()) {
    pixels[at * 2] = (byte >> 4) * SCALE;
    pixels[at * 2 + 1] = (byte & 0x0f) * SCALE;
  }
  return { ...size, pixels };
}
