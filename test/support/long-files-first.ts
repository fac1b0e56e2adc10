import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { ROOT } from './root.js';

/** By how much of their time is waiting for processes: while these wait, those that compute have the cores. */
export const PROJECTS = ['e2e', 'faults', 'browser', 'conformance', 'meta', 'unit', 'long'];

/** They take longest on a machine that has never run them and so knows no times; started last, they would be alone. */
export const LONG_FILES = [
  'test/e2e/demo.test.ts',
  'test/e2e/enrollment.test.ts',
  'test/e2e/finger-at-the-door.test.ts',
  'test/faults/central-killed.test.ts',
  'test/faults/gateway-killed.test.ts',
  'central/src/http/hostile-input.test.ts',
];

/** What of a file decides when it runs. */
interface Ordered {
  project: { name: string };
  moduleId: string;
}

/**
 * The order of a run whose workers share two cores: files that wait before files that compute, and in each project the
 * longest first. Files of one project stay together, since those that share their modules are only handed on to the
 * next file of the same project.
 */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return longFirst(await super.sort(files));
  }
}

/** Files that nothing is known of stay as they were among themselves, after those of which something is. */
export function longFirst<File extends Ordered>(files: readonly File[]): File[] {
  return [...files].sort(
    (left, right) =>
      placeAmong(PROJECTS, left.project.name) - placeAmong(PROJECTS, right.project.name) ||
      placeAmong(LONG_FILES, relative(ROOT, left.moduleId)) -
        placeAmong(LONG_FILES, relative(ROOT, right.moduleId)),
  );
}

function placeAmong(names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  return index < 0 ? names.length : index;
}
