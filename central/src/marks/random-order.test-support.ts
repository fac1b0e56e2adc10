import fc from 'fast-check';
import { LIFE, type RandomCampus, type Sent, type Step } from './random-campus.test-support.js';
import { type Plan, plan } from './random-plan.test-support.js';

/** Looks that people and machines may take at any time: they must decide nothing. */
const LOOKS = ['judge', 'judge', 'fold', 'review'] as const;

export interface PlanInOrder {
  plan: Plan;
  steps: Step[];
}

/** One campus, and one way in which its day may come to be known: permuted, repeated, cut into any batches. */
export const planInOrder = (campus: RandomCampus): fc.Arbitrary<PlanInOrder> =>
  plan.chain((drawn) => {
    const evidence = campus.evidenceOf(drawn);
    return fc
      .record({
        rows: repeated(evidence),
        sizes: fc.array(fc.integer({ min: 2, max: 14 }), { minLength: 1, maxLength: 6 }),
        looks: fc.array(fc.constantFrom(...LOOKS), { maxLength: 6 }),
      })
      .chain(({ rows, sizes, looks }) =>
        shuffled([
          ...batchesOf(rows, sizes),
          ...drawn.chains.flatMap((chain, index) => chain.map((): Step => ({ chain: index }))),
          ...LIFE.map((): Step => 'time'),
          ...looks,
        ]),
      )
      .map((steps) => ({ plan: drawn, steps }));
  });

/** The day as it happened: people first, everything at once. */
export const inOrder = (campus: RandomCampus, drawn: Plan): Step[] => [
  ...drawn.chains.flatMap((chain, index) => chain.map((): Step => ({ chain: index }))),
  ...LIFE.map((): Step => 'time'),
  { deliver: campus.evidenceOf(drawn) },
];

const shuffled = <T>(all: T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray(all, { minLength: all.length });

const repeated = (evidence: Sent[]): fc.Arbitrary<Sent[]> =>
  fc.shuffledSubarray(evidence).chain((again) => shuffled([...evidence, ...again]));

function batchesOf(rows: readonly Sent[], sizes: readonly number[]): Step[] {
  const left = [...rows];
  const batches: Step[] = [];
  for (let turn = 0; left.length > 0; turn += 1) {
    batches.push({ deliver: left.splice(0, sizes[turn % sizes.length]) });
  }
  return batches;
}
