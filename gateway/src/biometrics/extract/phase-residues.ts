import type { Plane } from '../field/plane.js';

/** A point round which the ridge phase turns once: one ridge more on one side than on the other. */
export interface Residue {
  /** px, with half pixels: between four pixels. */
  x: number;
  y: number;
  /** Radians, counter-clockwise (y up), along the ridges towards the side that has one more. */
  direction: number;
  /** Phase of the surroundings, deciding between a ridge and a valley that ends here. */
  isRidge: boolean;
}

export interface PhaseSignal {
  even: Plane;
  odd: Plane;
  /** Orientation index per pixel. */
  orientation: Uint8Array;
  orientations: number;
}

/**
 * The analytic signal of a pattern of lines has a whirl of ±2π at every line that ends or splits and nowhere else
 * (Larkin and Fletcher, 2007, amplitude and phase model). The sign of the odd part depends on which normal of the
 * ridge is taken; neighbors are brought to the same one first.
 */
export function phaseResidues(signal: PhaseSignal): Residue[] {
  const { even, odd, orientation, orientations } = signal;
  const { width, height, stride, origin } = even;
  const phase = new Float32Array(even.data.length);
  for (let at = 0; at < phase.length; at += 1) {
    if (even.data[at] !== 0) phase[at] = Math.atan2(odd.data[at]!, even.data[at]!);
  }
  const residues: Residue[] = [];
  for (let y = 0; y + 1 < height; y += 1) {
    for (let x = 0; x + 1 < width; x += 1) {
      const at = origin + y * stride + x;
      const flat = y * width + x;
      // Once round, counter-clockwise for the eye: left top, left bottom, right bottom, right top.
      const places = [at, at + stride, at + stride + 1, at + 1];
      if (places.some((place) => even.data[place] === 0)) continue;
      const indices = [
        orientation[flat]!,
        orientation[flat + width]!,
        orientation[flat + width + 1]!,
        orientation[flat + 1]!,
      ];
      const turns = whirl(places, indices, { phase, orientations });
      if (turns === 0) continue;
      residues.push(residueAt({ x, y, turns, index: indices[0]! }, signal));
    }
  }
  return residues;
}

function whirl(
  places: readonly number[],
  indices: readonly number[],
  { phase, orientations }: { phase: Float32Array; orientations: number },
): number {
  let sum = 0;
  let sign = 1;
  for (let step = 0; step < 4; step += 1) {
    const next = (step + 1) & 3;
    const before = sign * phase[places[step]!]!;
    // The axes of index 0 and of the last index are neighbors with opposite normals.
    if (Math.abs(indices[step]! - indices[next]!) > orientations / 2) sign = -sign;
    const change = sign * phase[places[next]!]! - before;
    sum += change - 2 * Math.PI * Math.round(change / (2 * Math.PI));
  }
  // An odd number of flips is a core or a delta, where there is no phase.
  return sign === 1 ? Math.round(sum / (2 * Math.PI)) : 0;
}

/** Distance at which the phase beside the residue is read, px. */
const SIDE_PX = 3;

function residueAt(
  found: { x: number; y: number; turns: number; index: number },
  { even, orientations }: PhaseSignal,
): Residue {
  const axis = (found.index * Math.PI) / orientations;
  // Correlating with a wave conjugates it: the phase falls along the normal (axis + 90°). Going round the point
  // counter-clockwise it falls on the side of the axis and grows on the other, so a positive whirl has its
  // additional ridge on the other side.
  const direction = found.turns > 0 ? axis + Math.PI : axis;
  const x = found.x + 0.5;
  const y = found.y + 0.5;
  const sideX = Math.round(x + SIDE_PX * Math.cos(direction));
  const sideY = Math.round(y - SIDE_PX * Math.sin(direction));
  const value = even.data[even.origin + sideY * even.stride + sideX]!;
  return { x, y, direction, isRidge: value > 0 };
}
