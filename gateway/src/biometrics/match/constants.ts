export const WEIGHTS = { bias: 0, of: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] };
export const CALIBRATION: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 50],
];
