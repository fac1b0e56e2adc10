import { ORIENTATIONS, type TileOrientations } from '../field/orientation.js';
import type { Plane } from '../field/plane.js';
import { TURN, turnOf } from '../field/turns.js';
import { TILE_HEIGHT, TILE_WIDTH } from '../kernels/kernels.js';

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
  /** The orientation of the filters that gave the signal. */
  orientation: TileOrientations;
}

/**
 * The analytic signal of a pattern of lines has a whirl of ±2π at every line that ends or splits and nowhere else
 * (Larkin and Fletcher, 2007, amplitude and phase model). The sign of the odd part depends on which normal of the
 * ridge is taken; neighbors are brought to the same one first.
 */
export function phaseResidues(signal: PhaseSignal): Residue[] {
  const { width, height } = signal.even;
  const phases = phasesOf(signal);
  const { indices, width: tiles } = signal.orientation;
  const residues: Residue[] = [];
  for (let y = 0; y + 1 < height; y += 1) {
    const upper = Math.floor(y / TILE_HEIGHT) * tiles;
    const lower = Math.floor((y + 1) / TILE_HEIGHT) * tiles;
    for (let x = 0; x + 1 < width; x += 1) {
      const at = y * width + x;
      // Once round, counter-clockwise for the eye: left top, left bottom, right bottom, right top.
      const a = phases[at]!;
      const b = phases[at + width]!;
      const c = phases[at + width + 1]!;
      const d = phases[at + 1]!;
      if ((a | b | c | d) < 0) continue;
      const left = Math.floor(x / TILE_WIDTH);
      const right = Math.floor((x + 1) / TILE_WIDTH);
      const index = indices[upper + left]!;
      const signB = sameNormal(index, indices[lower + left]!);
      const signC = signB * sameNormal(indices[lower + left]!, indices[lower + right]!);
      const signD = signC * sameNormal(indices[lower + right]!, indices[upper + right]!);
      // An odd number of flips is a core or a delta, where there is no phase.
      if (signD * sameNormal(indices[upper + right]!, index) !== 1) continue;
      const sum =
        shortest(signB * b - a) +
        shortest(signC * c - signB * b) +
        shortest(signD * d - signC * c) +
        shortest(a - signD * d);
      if (sum !== 0) residues.push(residueAt({ x, y, turns: sum / TURN, index }, signal.even));
    }
  }
  return residues;
}

/** Phase of every pixel in parts of a turn; negative outside the finger. */
function phasesOf({ even, odd }: PhaseSignal): Int32Array {
  const { width, height, stride, origin } = even;
  const phases = new Int32Array(width * height).fill(-1);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = origin + y * stride + x;
      const real = even.data[at]!;
      if (real !== 0) phases[y * width + x] = turnOf(real, odd.data[at]!);
    }
  }
  return phases;
}

/** The axes of index 0 and of the last index are neighbors with opposite normals: -1 between such. */
function sameNormal(index: number, other: number): 1 | -1 {
  return Math.abs(index - other) > ORIENTATIONS / 2 ? -1 : 1;
}

/** A difference of phases the short way round, -TURN/2..TURN/2-1. */
function shortest(difference: number): number {
  return ((difference + TURN / 2) & (TURN - 1)) - TURN / 2;
}

/** Distance at which the phase beside the residue is read, px. */
const SIDE_PX = 3;

function residueAt(found: { x: number; y: number; turns: number; index: number }, even: Plane): Residue {
  const axis = (found.index * Math.PI) / ORIENTATIONS;
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
