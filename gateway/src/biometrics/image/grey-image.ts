import { RollcallError } from '@rollcall/protocol/errors';

/** Shortest side, px: less than this holds no ridge pattern worth looking at. */
export const SIDE_MIN_PX = 32;
/** Longest side, px: a rolled 1000 dpi print is 1600 × 1500. */
export const SIDE_MAX_PX = 2000;
/** Pixels of one image; bounds time and memory of everything behind it. */
export const PIXELS_MAX = 2_500_000;
/** Resolutions of real finger sensors, dots per inch. */
export const DPI_MIN = 250;
export const DPI_MAX = 1200;
/** Resolution of everything inside this library, dots per inch. */
export const DPI = 500;

/** 8-bit grey, row by row from the top left. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  readonly pixels: Uint8Array;
}

/** Refuses what no finger sensor sends, before anything is allocated for it: `IMAGE_INVALID`. */
export function assertSize(width: number, height: number): void {
  const sides = [width, height];
  const fits = sides.every((side) => Number.isInteger(side) && side >= SIDE_MIN_PX && side <= SIDE_MAX_PX);
  if (fits && width * height <= PIXELS_MAX) return;
  throw new RollcallError(
    'IMAGE_INVALID',
    `A finger image has sides of ${SIDE_MIN_PX} to ${SIDE_MAX_PX} px and at most ${PIXELS_MAX} px; this one says ${width} × ${height}. Send the image as the sensor gave it`,
  );
}

/** Throws `IMAGE_INVALID` unless the image is one that a finger sensor can give. */
export function greyImage(image: GreyImage): GreyImage {
  assertSize(image.width, image.height);
  if (!(image.dpi >= DPI_MIN && image.dpi <= DPI_MAX)) {
    throw new RollcallError(
      'IMAGE_INVALID',
      `A finger sensor has ${DPI_MIN} to ${DPI_MAX} dpi; this image says ${image.dpi}. Give the resolution of the sensor`,
    );
  }
  if (image.pixels.length !== image.width * image.height) {
    throw new RollcallError(
      'IMAGE_INVALID',
      `${image.width} × ${image.height} px need ${image.width * image.height} bytes; there are ${image.pixels.length}. Read the whole image again`,
    );
  }
  return image;
}
