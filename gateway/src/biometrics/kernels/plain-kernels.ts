import type { Kernels } from './kernels.js';
import { addGradients } from './plain-gradients.js';
import { filterBoth, filterEnergy, filterEven } from './plain-lines.js';
import { enhanceBlocks } from './plain-spectra.js';

/** The kernels in TypeScript; arrays are ordinary ones. */
export const plainKernels: Kernels = {
  id: 'plain',
  reset: () => undefined,
  floats: (length) => new Float32Array(length),
  ints: (length) => new Int32Array(length),
  filterEven,
  filterBoth,
  filterEnergy,
  addGradients,
  enhanceBlocks,
};
