import { Random } from '../random.js';
import type { Crease, Finger } from './finger.js';
import { smoothNoise } from './smooth-noise.js';

/** A sensor's window. */
export interface SensorSize {
  width: number;
  height: number;
  dpi: number;
}

/** 8 bits a pixel, dark ridges on a light ground, rows from the top. */
export interface FingerImage extends SensorSize {
  pixels: Uint8Array;
}

/** How the finger was put down. The ranges are those of people who were shown how; the tails are those who were not. */
export interface Touch {
  /** Middle of the finger against the middle of the window, in millimeters. */
  shiftX: number;
  shiftY: number;
  /** Radians, counterclockwise. */
  turn: number;
  /** Skin dragged along by the finger while it was put down, in millimeters and radians at the edge. */
  dragX: number;
  dragY: number;
  twist: number;
  /** -1 hardly touching to 1 pressed flat: wider ridges, more of the finger. */
  pressure: number;
  /** 0 normal to 1 as dry as paper: ridges break up. */
  dryness: number;
  /** 0 normal to 1 sweating: valleys fill. */
  wetness: number;
  /** 0 smooth to 1 worn: edges of ridges are ragged and ridges have gaps. */
  roughness: number;
}

const MEAN_RADIUS_X_MM = 7;
const MEAN_RADIUS_Y_MM = 9;
const CARELESS_MAX = 3;

export function drawTouch(random: Random): Touch {
  // The sum of three is nearly normal, with a standard deviation of half the spread.
  const about = (spread: number): number => (random.next() + random.next() + random.next() - 1.5) * spread;
  // Most people take care; a few hardly aim, turn the finger and drag it.
  const careless = Math.min(CARELESS_MAX, 0.6 - 0.7 * Math.log(1 - random.next()));
  const skin = about(1.5) * Math.min(2, 0.6 + 0.4 * careless);
  return {
    shiftX: about(2.4) * careless,
    shiftY: about(3) * careless,
    turn: about(0.32) * careless,
    dragX: about(0.9) * careless,
    dragY: about(1.1) * careless,
    twist: about(0.18) * careless,
    pressure: Math.max(-1, Math.min(1, about(1.1) * careless)),
    dryness: Math.min(1, Math.max(0, skin - 0.15)),
    wetness: Math.min(1, Math.max(0, -skin - 0.25)),
    roughness: random.next(),
  };
}

/** One touch of a finger on a sensor: the same seed and numbers give the same pixels on every machine. */
export function impressionOf(
  finger: Finger,
  { seed, number, impression }: { seed: number; number: number; impression: number },
  sensor: SensorSize,
): FingerImage {
  const random = Random.of(seed, `finger ${number} impression ${impression}`);
  return render(finger, drawTouch(random), sensor, random);
}

/** @param random for noise; a touch itself is certain. */
export function render(finger: Finger, touch: Touch, sensor: SensorSize, random: Random): FingerImage {
  const { width, height, dpi } = sensor;
  const mmPerPx = 25.4 / dpi;
  const skin = skinOf(touch, random);
  const patches = smoothNoise(random, 7);
  const grains = smoothNoise(random, 90);
  const edge = smoothNoise(random, 6);
  const ink = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const windowX = (column - width / 2) * mmPerPx;
      const windowY = (height / 2 - row) * mmPerPx;
      const [x, y, distance] = skin(windowX, windowY);
      const [u, v] = [column / width, row / height];
      const contact = smoothStep((1.04 + 0.1 * edge(u, v) - distance) / 0.12);
      if (contact <= 0) continue;
      const isCreased = finger.creases.some((crease) => liesIn(crease, x, y));
      const [patch, grain] = [patches(u, v), grains(u, v)];
      ink[row * width + column] = isCreased
        ? 0
        : contact * inkOf(finger.heightAt(x, y), { touch, patch, grain, distance, random });
    }
  }
  return { width, height, dpi, pixels: develop(ink, { width, height, random }) };
}

/** From the window to the skin, and how far out on the contact area a place is (1 is its edge). */
function skinOf(touch: Touch, random: Random): (x: number, y: number) => readonly [number, number, number] {
  const bend = [smoothNoise(random, 3), smoothNoise(random, 3)] as const;
  const [cos, sin] = [Math.cos(touch.turn), Math.sin(touch.turn)];
  const grown = 1 + 0.22 * touch.pressure;
  const [radiusX, radiusY] = [MEAN_RADIUS_X_MM * grown, MEAN_RADIUS_Y_MM * grown];
  return (windowX, windowY) => {
    const [sx, sy] = [windowX - touch.shiftX, windowY - touch.shiftY];
    const distance = Math.hypot(sx / radiusX, sy / radiusY);
    // The middle sticks to the glass; toward the edge the skin follows the finger (Cappelli's plasticity model).
    const slip = smoothStep((distance - 0.25) / 0.9);
    const twist = touch.twist * slip;
    const [u, v] = [windowX / 30 + 0.5, windowY / 30 + 0.5];
    const px = sx + touch.dragX * slip - twist * sy + 0.12 * bend[0](u, v);
    const py = sy + touch.dragY * slip + twist * sx + 0.12 * bend[1](u, v);
    return [px * cos + py * sin, py * cos - px * sin, distance];
  };
}

interface InkContext {
  touch: Touch;
  /** Of several millimeters, from -1 to 1. */
  patch: number;
  /** Of a quarter of a millimeter, from -1 to 1. */
  grain: number;
  distance: number;
  random: Random;
}

/** How much of a spot touches the glass: 0 to 1. */
function inkOf(height: number, { touch, patch, grain, distance, random }: InkContext): number {
  const { pressure, dryness, wetness, roughness } = touch;
  // Less pressure toward the edge, and nowhere quite even; dry skin leaves whole places out, sweat fills them.
  const uneven = patch * (0.25 + 0.9 * dryness + 0.9 * wetness);
  // Worn skin is ragged, in some places more than in others.
  const ragged = (0.4 + 1.4 * roughness) * grain * (0.4 + Math.min(1.2, 1.8 * Math.abs(patch)));
  const level =
    0.28 * pressure - 0.3 * distance * distance + uneven + ragged - 0.45 * dryness + 0.55 * wetness;
  const touched = 1 / (1 + Math.exp(-6 * (height + level)));
  // Dry skin touches in grains.
  const isBroken = 0.6 * grain + 0.8 * random.next() < 1.3 * dryness * (0.6 - 0.6 * patch) - 0.1;
  return isBroken ? 0.2 * touched : touched;
}

/** Optics and electronics: blur, contrast, noise. */
function develop(
  ink: Float32Array,
  { width, height, random }: { width: number; height: number; random: Random },
): Uint8Array {
  const dark = 30 + random.next() * 60;
  const light = 205 + random.next() * 45;
  const noise = 4 + random.next() * 8;
  const fade = smoothNoise(random, 2);
  const pixels = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const amount = blurred(ink, { width, height, row, column });
      const uneven = 8 * fade(column / width, row / height);
      const grey = light - (light - dark) * amount + uneven + (random.next() + random.next() - 1) * noise;
      pixels[row * width + column] = Math.max(0, Math.min(255, Math.round(grey)));
    }
  }
  return pixels;
}

/** A 3 × 3 window that weighs like a normal distribution of 0.7 px. */
function blurred(
  ink: Float32Array,
  { width, height, row, column }: { width: number; height: number; row: number; column: number },
): number {
  if (row === 0 || column === 0 || row === height - 1 || column === width - 1) return 0;
  const at = row * width + column;
  const cross = value(ink, at - 1) + value(ink, at + 1) + value(ink, at - width) + value(ink, at + width);
  const corners =
    value(ink, at - width - 1) +
    value(ink, at - width + 1) +
    value(ink, at + width - 1) +
    value(ink, at + width + 1);
  return 0.36 * value(ink, at) + 0.115 * cross + 0.045 * corners;
}

const value = (plane: Float32Array, at: number): number => plane[at] ?? 0;

function liesIn({ x, y, angle, halfLengthMm, halfWidthMm }: Crease, atX: number, atY: number): boolean {
  const [dx, dy] = [atX - x, atY - y];
  const along = dx * Math.cos(angle) + dy * Math.sin(angle);
  const across = dy * Math.cos(angle) - dx * Math.sin(angle);
  return Math.abs(along) < halfLengthMm && Math.abs(across) < halfWidthMm;
}

function smoothStep(share: number): number {
  const inside = Math.min(1, Math.max(0, share));
  return inside * inside * (3 - 2 * inside);
}
