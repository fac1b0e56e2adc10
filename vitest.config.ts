import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/support/closing-line-reporter.js';
import { LongFilesFirst } from './test/support/long-files-first.js';

/** Workspace imports resolve to TypeScript sources, so that no stale build is tested; threads alone run what was built. */
const CONDITIONS = ['rollcall-source'];

interface ProjectShape {
  name: string;
  include: string[];
  /** Spawning suites run the real command lines, which are the built ones. */
  spawns: boolean;
  testTimeoutMs: number;
  /** Files one at a time, for those that measure what else would disturb. */
  isAlone?: boolean;
  /** Every file in a fresh set of modules, or all files of a worker in one: loading central for each costs more than most tests. */
  isolate?: boolean;
}

/** How long `expect.poll` and `vi.waitFor` ask again: for what is broken, and before the test's own end hides what was seen. */
const patienceMs = (testTimeoutMs: number): number => Math.min(60_000, testTimeoutMs * 0.8);

function project({ name, include, spawns, testTimeoutMs, isAlone = false, isolate = true }: ProjectShape) {
  return {
    resolve: { conditions: CONDITIONS },
    ssr: { resolve: { conditions: CONDITIONS } },
    test: {
      name,
      include,
      exclude: ['**/dist/**', '**/node_modules/**'],
      testTimeout: testTimeoutMs,
      expect: { poll: { timeout: patienceMs(testTimeoutMs) } },
      provide: { patienceMs: patienceMs(testTimeoutMs) },
      setupFiles: ['./test/support/patient-waits.ts'],
      hookTimeout: 120_000,
      isolate,
      globalSetup: spawns
        ? ['./test/support/build.ts']
        : ['./test/support/kernels.ts', './test/support/postgres-folder.ts'],
      ...(isAlone ? { fileParallelism: false } : {}),
    },
  };
}

export default defineConfig({
  test: {
    // One more than the cores of a small machine: whoever starts processes mostly waits for them. Nothing may depend on
    // that: deadlines are those of something broken, not of a busy machine.
    maxWorkers: 3,
    sequence: { sequencer: LongFilesFirst },
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      project({
        name: 'unit',
        include: ['*/src/**/*.test.ts', 'central/web/src/**/*.test.ts', 'test/support/**/*.test.ts'],
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
      project({
        name: 'long',
        include: ['test/long/**/*.test.ts'],
        spawns: true,
        testTimeoutMs: 1_200_000,
        isAlone: true,
      }),
    ],
  },
});
