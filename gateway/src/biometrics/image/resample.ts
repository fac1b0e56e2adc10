import { DPI, type GreyImage } from './grey-image.js';

/** A deviation of the ridge period that no matcher notices. */
const TOLERANCE = 0.01;

/** The image at 500 dpi, bilinear (fingerprint §7.0); the same image when it already is. */
export function toWorkingDpi(image: GreyImage): GreyImage {
  const scale = DPI / image.dpi;
  if (Math.abs(scale - 1) <= TOLERANCE) return image;
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  return {
    width,
    height,
    dpi: DPI,
    pixels: scale < 0.75 ? shrink(image, width, height) : stretch(image, width, height),
  };
}

function stretch(image: GreyImage, width: number, height: number): Uint8Array {
  const { pixels } = image;
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const fromY = clamp(((y + 0.5) * image.height) / height - 0.5, image.height - 1);
    const top = Math.floor(fromY);
    const low = Math.min(top + 1, image.height - 1);
    const down = fromY - top;
    for (let x = 0; x < width; x += 1) {
      const fromX = clamp(((x + 0.5) * image.width) / width - 0.5, image.width - 1);
      const left = Math.floor(fromX);
      const right = Math.min(left + 1, image.width - 1);
      const along = fromX - left;
      const upper =
        pixels[top * image.width + left]! * (1 - along) + pixels[top * image.width + right]! * along;
      const lower =
        pixels[low * image.width + left]! * (1 - along) + pixels[low * image.width + right]! * along;
      out[y * width + x] = Math.round(upper * (1 - down) + lower * down);
    }
  }
  return out;
}

/** Means of the covered pixels: bilinear would skip pixels, and moiré looks like ridges. */
function shrink(image: GreyImage, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const top = Math.floor((y * image.height) / height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * image.height) / height));
    for (let x = 0; x < width; x += 1) {
      const left = Math.floor((x * image.width) / width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * image.width) / width));
      let sum = 0;
      for (let row = top; row < bottom; row += 1) {
        for (let column = left; column < right; column += 1) sum += image.pixels[row * image.width + column]!;
      }
      out[y * width + x] = Math.round(sum / ((bottom - top) * (right - left)));
    }
  }
  return out;
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, value));
}
