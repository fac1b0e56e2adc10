import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LONG_FILES, longFirst, PROJECTS } from '../support/long-files-first.js';
import { projectFiles, ROOT, readProjectFile } from './tree.js';

const PROJECT_NAME = /project\(\{\s*name: '([a-z0-9]+)'/g;

describe('the order of the tests', () => {
  it('names files that exist', () => {
    const files = projectFiles();
    expect(LONG_FILES.filter((name) => !files.includes(name))).toEqual([]);
  });

  it('names every project', () => {
    const configured = [...readProjectFile('vitest.config.ts').matchAll(PROJECT_NAME)].map(
      ([, name]) => name,
    );
    expect([...PROJECTS].sort()).toEqual(configured.sort());
  });

  it('begins with what waits and what is long, keeps projects together and the rest as it was', () => {
    const given = [
      'unit central/src/b',
      'new test/new/c',
      'unit protocol/src/enrollment',
      'e2e test/e2e/z',
      'unit central/src/http/hostile-input',
      'faults test/faults/a',
      'e2e test/e2e/demo',
      'unit central/src/a',
    ];
    const files = given.map((text) => {
      const [name = '', path] = text.split(' ');
      return { project: { name }, moduleId: join(ROOT, `${path}.test.ts`), text };
    });
    expect(longFirst(files).map(({ text }) => text)).toEqual([
      'e2e test/e2e/demo',
      'e2e test/e2e/z',
      'faults test/faults/a',
      'unit central/src/http/hostile-input',
      'unit central/src/b',
      'unit protocol/src/enrollment',
      'unit central/src/a',
      'new test/new/c',
    ]);
  });
});
