/*
 * Every number here was fitted on fcj2020 (fingers 001-100, as they are, cropped with noise and little contrast, and
 * bent) and on upek, and on nothing else. The FVC sets were run once, after these numbers were fixed.
 */

/** Weights of the evidence in the order of `evidenceOf`, by a logistic regression whose signs are held. */
export const WEIGHTS = {
  bias: -6.792,
  of: [
    3.8411, // likeness of local structures
    0.2137, // edges that agree
    3.8105, // share of minutiae that meet
    0.8993, // the same, weighed by how many
    -0.2825, // distance of those, px
    0.3639, // common ridge flow
    3.5416, // share of minutiae paired by edges
  ],
} as const;

/** Fused evidence and the points it stands for: measured down to a rate of one in a thousand, extrapolated beyond. */
export const CALIBRATION = [
  [-8, 0],
  [-4.036, 10],
  [-2.269, 20],
  [-0.745, 30],
] as const;
