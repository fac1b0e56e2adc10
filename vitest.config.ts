import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/support/closing-line-reporter.js';

/** Workspace imports resolve to TypeScript sources, so that a test never runs against a stale build. */
const CONDITIONS = ['rollcall-source'];

interface ProjectShape {
  name: string;
  include: string[];
  /** Spawning suites run the real command lines, which are the built ones. */
  spawns: boolean;
  testTimeoutMs: number;
  /** Every file in a fresh set of modules, or all files of a worker in one: loading central for each costs more than most tests. */
  isolate?: boolean;
}

function project({ name, include, spawns, testTimeoutMs, isolate = true }: ProjectShape) {
  return {
    resolve: { conditions: CONDITIONS },
    ssr: { resolve: { conditions: CONDITIONS } },
    test: {
      name,
      include,
      exclude: ['**/dist/**', '**/node_modules/**'],
      testTimeout: testTimeoutMs,
      hookTimeout: 120_000,
      isolate,
      globalSetup: spawns
        ? ['./test/support/build.ts']
        : ['./test/support/kernels.ts', './test/support/postgres-folder.ts'],
      // One spawning suite at a time: two cores cannot host several campuses without starving each other.
      ...(spawns ? { fileParallelism: false } : {}),
    },
  };
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      project({
        name: 'unit',
        include: ['*/src/**/*.test.ts', 'central/web/src/**/*.test.ts'],
        spawns: false,
        testTimeoutMs: 30_000,
        isolate: false,
      }),
      project({ name: 'meta', include: ['test/meta/**/*.test.ts'], spawns: false, testTimeoutMs: 60_000 }),
      project({
        name: 'conformance',
        include: ['test/conformance/**/*.test.ts'],
        spawns: false,
        testTimeoutMs: 60_000,
      }),
      project({
        name: 'faults',
        include: ['test/faults/**/*.test.ts'],
        spawns: true,
        testTimeoutMs: 120_000,
      }),
      project({ name: 'e2e', include: ['test/e2e/**/*.test.ts'], spawns: true, testTimeoutMs: 180_000 }),
      project({
        name: 'browser',
        include: ['test/browser/**/*.test.ts'],
        spawns: true,
        testTimeoutMs: 180_000,
      }),
      project({ name: 'long', include: ['test/long/**/*.test.ts'], spawns: true, testTimeoutMs: 1_200_000 }),
    ],
  },
});
