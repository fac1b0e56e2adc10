/**
 * The first two rounds of a search, over finger codes that lie one after the other in one memory. Finger 0 is the probe,
 * the enrolled ones begin at 1. Scores are whole numbers without a unit; larger is more alike.
 */
export interface SearchKernels {
  readonly id: 'plain' | 'wasm';
  /** Makes room for so many fingers, the probe included; keeps what is there. Arrays from before are void. */
  reserve(fingers: number): void;
  /** The words of a finger, to be written. */
  finger(at: number): Int32Array;
  /** Likeness of codes with the probe, of the fingers 1..count. */
  codeScores(count: number): Int32Array;
  /** How well the likest minutiae of the probe and of each of these fingers lie to one another. */
  supportScores(fingers: Int32Array): Int32Array;
}
