import { RollcallError } from '@rollcall/protocol/errors';
import { assertSize, DPI, type GreyImage, greyImage } from './grey-image.js';

/** A 4-bit value spread over 0..255: v * 17 and not v << 4, which would leave white grey (fingerprint §3.3). */
const NIBBLE_STEP = 17;

/** Raw 8-bit grey, one byte per pixel. Throws `IMAGE_INVALID`. */
export function fromRaw8(
  bytes: Uint8Array,
  size: { width: number; height: number; dpi?: number },
): GreyImage {
  return greyImage({ width: size.width, height: size.height, dpi: size.dpi ?? DPI, pixels: bytes });
}

/**
 * The image upload of EF01 modules (R307 256 × 288, R503 192 × 192): two pixels per byte, the upper nibble first.
 * Throws `IMAGE_INVALID`.
 */
export function fromEf01(
  bytes: Uint8Array,
  size: { width: number; height: number; dpi?: number },
): GreyImage {
  assertSize(size.width, size.height);
  if (bytes.length * 2 !== size.width * size.height) {
    throw new RollcallError(
      'IMAGE_INVALID',
      `${size.width} × ${size.height} px of 4 bits need ${(size.width * size.height) / 2} bytes; there are ${bytes.length}. Upload the image again`,
    );
  }
  const pixels = new Uint8Array(bytes.length * 2);
  for (let at = 0; at < bytes.length; at += 1) {
    pixels[2 * at] = (bytes[at]! >> 4) * NIBBLE_STEP;
    pixels[2 * at + 1] = (bytes[at]! & 15) * NIBBLE_STEP;
  }
  return greyImage({ width: size.width, height: size.height, dpi: size.dpi ?? DPI, pixels });
}
