// AssemblyScript, compiled by scripts/build.mjs. The contracts and the same loops in TypeScript are in
// gateway/src/biometrics/kernels; every result has to be the same to the bit.
export { addGradients } from './gradients';
export { filterBoth, filterEnergy, filterEven } from './lines';
export { codeScores, eighthsAt, lengthFitsAt, likenessTableAt, supportScores, turnFitsAt } from './search';
export { enhanceBlocks } from './spectra';

/** Where the memory that the compiler does not use begins, bytes. */
export function heapStart(): usize {
  return __heap_base;
}
