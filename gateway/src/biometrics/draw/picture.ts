import type { Extraction } from '../extract/extract.js';
import { ENDING, type Minutia, toRadians } from '../extract/minutiae.js';
import type { BinaryPicture } from '../extract/thin.js';
import { isInside } from '../field/mask.js';
import { CELL_PX } from '../field/orientation.js';

/** Every pixel of the image becomes a square of this side. */
const ZOOM = 2;
const TAIL_PX = 14;
const RADIUS_PX = 4;
/** An orientation stroke stands in every second cell. */
const STROKE_CELLS = 2;
const STROKE_PX = 5;

type Color = readonly [number, number, number];
const RIDGE: Color = [0, 190, 0];
const VALLEY: Color = [225, 225, 110];
const STROKE: Color = [255, 150, 0];
const END: Color = [230, 0, 0];
const SPLIT: Color = [0, 80, 255];

export interface Picture {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/**
 * Two panels over the image: left the first front end with both skeletons (ridges green, valleys yellow), right the
 * second one with the ridge flow. Endings are red, bifurcations blue; what the mask leaves out is tinted.
 */
export function drawExtraction({ template, views }: Extraction): Picture {
  const { image, mask, skeleton } = views;
  const panel = image.width * ZOOM;
  const picture = {
    width: 2 * panel,
    height: image.height * ZOOM,
    rgb: new Uint8Array(6 * panel * image.height * ZOOM),
  };
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < panel; x += 1) {
      const px = Math.floor(x / ZOOM);
      const py = Math.floor(y / ZOOM);
      const grey = image.pixels[py * image.width + px]!;
      const base: Color = isInside(mask, px, py)
        ? [grey, grey, grey]
        : [grey * 0.6, grey * 0.6, grey * 0.6 + 60];
      set(picture, x, y, lineColor(skeleton, px, py) ?? base);
      set(picture, panel + x, y, base);
    }
  }
  drawFlow(picture, panel, views);
  for (const minutia of template.skeleton) drawMinutia(picture, 0, minutia);
  for (const minutia of template.phase) drawMinutia(picture, panel, minutia);
  return picture;
}

function lineColor(
  { ridges, valleys }: { ridges: BinaryPicture; valleys: BinaryPicture },
  x: number,
  y: number,
): Color | undefined {
  const at = (y + 1) * ridges.stride + x + 1;
  if (ridges.data[at] === 1) return RIDGE;
  return valleys.data[at] === 1 ? VALLEY : undefined;
}

function drawFlow(picture: Picture, panel: number, { mask, phase }: Extraction['views']): void {
  const { field } = phase;
  for (let row = 0; row < Math.min(field.height, mask.height); row += STROKE_CELLS) {
    for (let column = 0; column < Math.min(field.width, mask.width); column += STROKE_CELLS) {
      const x = (column + 0.5) * CELL_PX;
      const y = (row + 0.5) * CELL_PX;
      if (!isInside(mask, x, y)) continue;
      const cell = row * field.width + column;
      const angle = Math.atan2(field.sin[cell]!, field.cos[cell]!) / 2;
      for (let step = -STROKE_PX; step <= STROKE_PX; step += 0.5) {
        plot(picture, panel, { x: x + step * Math.cos(angle), y: y - step * Math.sin(angle) }, STROKE);
      }
    }
  }
}

function drawMinutia(picture: Picture, panel: number, { x, y, angle, type }: Minutia): void {
  const color = type === ENDING ? END : SPLIT;
  const direction = toRadians(angle);
  for (let step = 0; step <= TAIL_PX; step += 0.25) {
    plot(picture, panel, { x: x + step * Math.cos(direction), y: y - step * Math.sin(direction) }, color);
  }
  for (let turn = 0; turn < 2 * Math.PI; turn += 0.05) {
    plot(picture, panel, { x: x + RADIUS_PX * Math.cos(turn), y: y + RADIUS_PX * Math.sin(turn) }, color);
  }
}

/** A point in image pixels of one panel. */
function plot(picture: Picture, panel: number, { x, y }: { x: number; y: number }, color: Color): void {
  const px = Math.round((x + 0.5) * ZOOM);
  const py = Math.round((y + 0.5) * ZOOM);
  if (px < 0 || py < 0 || px >= picture.width / 2 || py >= picture.height) return;
  set(picture, panel + px, py, color);
}

function set(picture: Picture, x: number, y: number, color: Color): void {
  picture.rgb.set(color, 3 * (y * picture.width + x));
}
