import { compareCylinders } from './cylinder-matcher.js';
import { buildCylinders, type Cylinders } from './cylinders.js';
import type { Matcher } from './matcher.js';

/** Local structures with relaxation: [likeness 0..1]. */
export const localMatcher: Matcher<Cylinders> = {
  id: 'cylinders',
  prepare: ({ minutiae }) => buildCylinders(minutiae),
  compare: (a, b) => [compareCylinders(a, b)],
};
