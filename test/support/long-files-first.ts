import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By how much of their time is waiting for processes: while these wait, those that compute have the cores. */
const PROJECTS = ['e2e', 'faults', 'browser', 'conformance', 'meta', 'unit'];

/** They take longest on a machine that has never run them and so knows no times; started last, they would be alone. */
const LONG_FILES = [
  'demo.test.ts',
  'enrollment.test.ts',
  'finger-at-the-door.test.ts',
  'central-killed.test.ts',
  'gateway-killed.test.ts',
  'hostile-input.test.ts',
];

/**
 * The order of a run whose workers share two cores: files that wait before files that compute, and in each project the
 * longest first. Files of one project stay together, since those that share their modules are only handed on to the
 * next file of the same project.
 */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    const placeOf = new Map(usual.map((file, index) => [file, index]));
    const rank = (file: TestSpecification): readonly number[] => [
      PROJECTS.indexOf(file.project.name),
      placeAmong(LONG_FILES, basename(file.moduleId)),
      placeOf.get(file) ?? 0,
    ];
    return usual.sort((left, right) => compare(rank(left), rank(right)));
  }
}

function placeAmong(names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  return index < 0 ? names.length : index;
}

function compare(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}
