import type { Mask } from '../field/mask.js';
import { CELL_PX } from '../field/orientation.js';
import type { GreyImage } from './grey-image.js';

/** Grey levels by which the empty glass must differ from the finger before it says anything. */
const DIFFERENCE_MIN = 24;
/** Cells of empty glass that are needed. */
const EMPTY_CELLS_MIN = 12;

/**
 * Whether ridges are dark. Air is what valleys are made of, so empty glass has the grey of valleys: glass darker
 * than the finger means that ridges are bright. Where no glass is seen, ridges are dark, as the standards want it.
 */
export function areRidgesDark(image: GreyImage, mask: Mask): boolean {
  const finger = { sum: 0, count: 0 };
  const glass = { sum: 0, count: 0 };
  for (let y = 0; y < image.height; y += 1) {
    const cellRow = Math.floor(y / CELL_PX) * mask.width;
    for (let x = 0; x < image.width; x += 1) {
      const side = mask.cells[cellRow + Math.floor(x / CELL_PX)] === 1 ? finger : glass;
      side.sum += image.pixels[y * image.width + x]!;
      side.count += 1;
    }
  }
  if (glass.count < EMPTY_CELLS_MIN * CELL_PX * CELL_PX || finger.count === 0) return true;
  return glass.sum / glass.count > finger.sum / finger.count - DIFFERENCE_MIN;
}
