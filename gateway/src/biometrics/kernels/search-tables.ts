/** Likeness of two codes: (common bits × LIKENESS[ones of both]) >> 16, 0..255. */
export const LIKENESS = Int32Array.from({ length: 641 }, (_, ones) =>
  ones === 0 ? 0 : Math.floor((2 * 255 * 65_536) / ones),
);
/** Best minutiae of a side that are counted. */
export const PAIRS = 12;
/** Pairs of a side that support one another. */
export const SUPPORT_PAIRS = 40;
/** Beyond these two pairs do not fit each other: px of length, 1/256 turns. */
export const LENGTH_OFF_MAX = 15;
export const TURN_OFF_MAX = 24;
/** How well they fit, 0..256, by difference of length and by difference of turn or bearing (fingerprint §8.1). */
export const LENGTH_FITS = Int32Array.from({ length: LENGTH_OFF_MAX + 1 }, (_, px) =>
  Math.round(256 / (1 + Math.exp(1.6 * (px - 5)))),
);
export const TURN_FITS = Int32Array.from({ length: TURN_OFF_MAX + 1 }, (_, steps) =>
  Math.round(256 / (1 + Math.exp(30 * ((steps * 2 * Math.PI) / 256 - Math.PI / 12)))),
);
