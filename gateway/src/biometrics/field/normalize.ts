import type { GreyImage } from '../image/grey-image.js';
import type { Kernels } from '../kernels/kernels.js';
import { boxBlur } from './box-blur.js';
import { mirrorMargin, newPlane, type Plane } from './plane.js';

/** About one and a half ridge periods to each side: the mean then holds as much ridge as valley. */
const WINDOW_RADIUS_PX = 12;
/** Added to the local deviation, grey levels: noise on glass must not become ridges. */
const DEVIATION_FLOOR = 8;
/** Scratches and dirt count no more than a strong ridge. */
const CLIP = 2;

export interface Normalized {
  /** Local mean 0, local deviation about 1, ridges positive. */
  plane: Plane;
  /** Local standard deviation, grey levels, per pixel without margin. */
  deviation: Float32Array;
}

/** Takes away what pressure and moisture do slowly across the finger (fingerprint §7.0: locally, not globally). */
export function normalize(kernels: Kernels, image: GreyImage, isRidgeDark: boolean): Normalized {
  const { width, height, pixels } = image;
  const mean = new Float32Array(pixels);
  const deviation = new Float32Array(pixels.length);
  boxBlur(mean, image, WINDOW_RADIUS_PX);
  for (let at = 0; at < pixels.length; at += 1) {
    const away = pixels[at]! - mean[at]!;
    deviation[at] = away * away;
  }
  boxBlur(deviation, image, WINDOW_RADIUS_PX);
  const plane = newPlane(kernels, width, height);
  const sign = isRidgeDark ? -1 : 1;
  for (let y = 0; y < height; y += 1) {
    const row = plane.origin + y * plane.stride;
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      // Where all is white the sums of the blur leave a trifle, which may be negative.
      const spread = Math.sqrt(Math.max(0, deviation[at]!));
      deviation[at] = spread;
      const value = (sign * (pixels[at]! - mean[at]!)) / (spread + DEVIATION_FLOOR);
      plane.data[row + x] = Math.min(CLIP, Math.max(-CLIP, value));
    }
  }
  mirrorMargin(plane);
  return { plane, deviation };
}
