import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { FINGER_CLASSES, ridgeFlow } from './orientation-field.js';
import { followSpreading } from './ridge-spacing.js';

const PAD = { halfWidthMm: 11, halfHeightMm: 14 };
const STEP_MM = 0.5;
type Spacing = (x: number, y: number) => number;
const EVEN: Spacing = () => 0;

describe('the spacing of ridges', () => {
  it('is even where they run beside each other', () => {
    const spacing = followSpreading(() => 0.4, PAD);
    for (const [x, y] of [
      [0, 0],
      [-9, 12],
      [40, -40],
    ] as const)
      expect(spacing(x, y)).toBeCloseTo(0, 6);
  });

  it('grows along ridges that fan out, whichever way their direction is written', () => {
    const [x0, y0] = [-20, -20];
    const fan = ({ x, y }: { x: number; y: number }): number => Math.atan2(y - y0, x - x0);
    const spacing = followSpreading(fan, PAD);
    expect(spacing(6, 6) - spacing(-6, -6)).toBeGreaterThan(0.1);
    expect(Math.abs(spacing(6, -6) - spacing(-6, 6))).toBeLessThan(0.06);
    const turned = followSpreading((point) => fan(point) + (point.x > 1 ? Math.PI : 0), PAD);
    expect(turned(6, 6)).toBeCloseTo(spacing(6, 6), 9);
  });

  it('stays within a third, however ridges run', () => {
    for (const kind of FINGER_CLASSES) {
      const spacing = followSpreading(ridgeFlow(kind, new Random(3)).broad, PAD);
      for (let x = -11; x <= 11; x += 1) {
        for (let y = -14; y <= 14; y += 1) expect(Math.abs(spacing(x, y))).toBeLessThan(0.31);
      }
    }
  });

  it('leaves a part of the minutiae that the flow of a class would ask for at the same place in every finger', () => {
    for (const kind of FINGER_CLASSES) {
      const flow = ridgeFlow(kind, new Random(3)).broad;
      expect(asked(flow, followSpreading(flow, PAD))).toBeLessThan(0.7 * asked(flow, EVEN));
    }
  });
});

/** Ridges that have to begin or end on the pad, but for those next to singularities: the curl of the wave vector. */
function asked(flow: (point: { x: number; y: number }) => number, spacing: Spacing): number {
  const wave = (x: number, y: number): [number, number] => {
    const size = Math.exp(-spacing(x, y)) / 0.475;
    return [-Math.sin(flow({ x, y })) * size, Math.cos(flow({ x, y })) * size];
  };
  let sum = 0;
  for (let x = -8; x <= 8; x += STEP_MM) {
    for (let y = -10; y <= 10; y += STEP_MM) {
      const [middle, ...round] = [
        wave(x, y),
        wave(x + STEP_MM, y),
        wave(x, y + STEP_MM),
        wave(x - STEP_MM, y),
        wave(x, y - STEP_MM),
      ];
      // A wave vector has no sign: each is taken as it agrees with the one in the middle.
      const [right, up, left, down] = round.map(([waveX, waveY]) => {
        const sign = waveX * middle[0] + waveY * middle[1] < 0 ? -1 : 1;
        return [sign * waveX, sign * waveY] as const;
      });
      if (right === undefined || up === undefined || left === undefined || down === undefined) continue;
      const curl = (right[1] - left[1] - (up[0] - down[0])) / (2 * STEP_MM);
      if (Math.abs(curl) < 1) sum += Math.abs(curl) * STEP_MM * STEP_MM;
    }
  }
  return sum;
}
