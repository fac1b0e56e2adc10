/*
 * Every number here was fitted on fcj2020 (fingers 001-100, as they are, cropped with noise and little contrast, and
 * bent) and on upek, and on nothing else. The FVC sets were run once, after these numbers were fixed.
 */

/** Weights of the evidence in the order of `evidenceOf`, by a logistic regression whose signs are held. */
export const WEIGHTS = {
  bias: -6.868,
  of: [
    11.7456, // likeness of local structures
    0.2645, // edges that agree
    3.2036, // share of minutiae that meet
    0.9275, // the same, weighed by how many
    -0.245, // distance of those, px
    0.0141, // common ridge flow
    4.6418, // share of minutiae paired by edges
  ],
} as const;

/** Fused evidence and the points it stands for: measured down to a rate of one in a thousand, extrapolated beyond. */
export const CALIBRATION = [
  [-8, 0],
  [-3.719, 10],
  [-2.068, 20],
  [-0.54, 30],
] as const;
