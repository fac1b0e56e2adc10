import type { BoundLines, Kernels } from '../kernels/kernels.js';
import { ORIENTATIONS } from './orientation.js';
import { MARGIN_PX } from './plane.js';

/**
 * A one-dimensional filter laid along every orientation: each tap lies between two pixels of a row or column and is
 * shared between them. `starts[k]..starts[k+1]` are the taps of orientation k.
 */
export interface LineFilter {
  starts: Int32Array;
  /** Place of each tap, px; y points down. */
  dx: Int8Array;
  dy: Int8Array;
  even: Float32Array;
  /** The odd (quadrature) weights on the same taps; zero for filters that have none. */
  odd: Float32Array;
}

export interface LineShape {
  /** True across the ridge, false along it. */
  isAcross: boolean;
  /** Half length, px. */
  reach: number;
  even: (distance: number) => number;
  odd?: (distance: number) => number;
}

/** The reach stays inside the margin of a plane at any angle. */
export function lineFilter(shape: LineShape): LineFilter {
  const starts = new Int32Array(ORIENTATIONS + 1);
  const taps: Tap[] = [];
  for (let index = 0; index < ORIENTATIONS; index += 1) {
    starts[index] = taps.length;
    const angle = (index * Math.PI) / ORIENTATIONS + (shape.isAcross ? Math.PI / 2 : 0);
    taps.push(...lineTaps(angle, shape));
  }
  starts[ORIENTATIONS] = taps.length;
  return {
    starts,
    dx: Int8Array.from(taps, (tap) => tap.dx),
    dy: Int8Array.from(taps, (tap) => tap.dy),
    even: Float32Array.from(taps, (tap) => tap.even),
    odd: Float32Array.from(taps, (tap) => tap.odd),
  };
}

/** A bank of filters in kernel memory, for planes of one row length: filter k * ORIENTATIONS + orientation. */
export function bindLines(kernels: Kernels, filters: readonly LineFilter[], stride: number): BoundLines {
  const count = filters.reduce((sum, { even }) => sum + even.length, 0);
  const bound = {
    starts: kernels.ints(filters.length * ORIENTATIONS + 1),
    offsets: kernels.ints(count),
    even: kernels.floats(count),
    odd: kernels.floats(count),
  };
  let base = 0;
  for (const [index, { starts, dx, dy, even, odd }] of filters.entries()) {
    for (let at = 0; at <= ORIENTATIONS; at += 1)
      bound.starts[index * ORIENTATIONS + at] = base + starts[at]!;
    for (let tap = 0; tap < even.length; tap += 1) bound.offsets[base + tap] = dy[tap]! * stride + dx[tap]!;
    bound.even.set(even, base);
    bound.odd.set(odd, base);
    base += even.length;
  }
  return bound;
}

interface Tap {
  dx: number;
  dy: number;
  even: number;
  odd: number;
}

function lineTaps(angle: number, shape: LineShape): Tap[] {
  const dx = Math.cos(angle);
  const dy = -Math.sin(angle);
  const isFlat = Math.abs(dx) >= Math.abs(dy);
  const major = isFlat ? dx : dy;
  const slope = isFlat ? dy / dx : dx / dy;
  const steps = Math.min(MARGIN_PX - 1, Math.floor(shape.reach * Math.abs(major)));
  const taps: Tap[] = [];
  for (let step = -steps; step <= steps; step += 1) {
    const distance = step / major;
    const side = step * slope;
    const low = Math.floor(side);
    const even = shape.even(distance);
    const odd = shape.odd?.(distance) ?? 0;
    for (const [minor, share] of [
      [low, 1 - (side - low)],
      [low + 1, side - low],
    ] as const) {
      if (share < 1e-6) continue;
      taps.push({
        dx: isFlat ? step : minor,
        dy: isFlat ? minor : step,
        even: even * share,
        odd: odd * share,
      });
    }
  }
  return balanced(taps, shape);
}

/** Smoothing taps sum to 1; band-pass taps to 0, with their absolute sum 1. Orientations are then comparable. */
function balanced(taps: Tap[], shape: LineShape): Tap[] {
  const sum = taps.reduce((total, tap) => total + tap.even, 0);
  if (shape.odd === undefined) {
    for (const tap of taps) tap.even /= sum;
    return taps;
  }
  const size = taps.reduce((total, tap) => total + Math.abs(tap.even), 0);
  const envelope = taps.reduce((total, tap) => total + Math.hypot(tap.even, tap.odd), 0);
  for (const tap of taps) tap.even -= (sum * Math.hypot(tap.even, tap.odd)) / envelope;
  for (const tap of taps) {
    tap.even /= size;
    tap.odd /= size;
  }
  return taps;
}

export function gaussian(sigma: number): (distance: number) => number {
  return (distance) => Math.exp((-distance * distance) / (2 * sigma * sigma));
}
