import { compare, prepare } from '../match/compare.js';
import { falseMatchRate } from '../match/fusion.js';
import { loadTemplate } from './load.js';

/** Prints the score of two files and the false match rate it stands for. */
export function matchFiles(a: string, b: string): void {
  const score = compare(prepare(loadTemplate(a)), prepare(loadTemplate(b)));
  process.stdout.write(
    `score ${score.toFixed(1)}\nfalse match rate ${falseMatchRate(score).toExponential(1)}\n`,
  );
}
