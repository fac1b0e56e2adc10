import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectFiles, ROOT, readProjectFile } from './tree.js';

describe('the fault matrix', () => {
  const matrix = readProjectFile('docs/fault-matrix.md');
  const named = new Set(
    [...matrix.matchAll(/`([a-z-]+\/[\w./-]+\.test\.ts)`/g)].map(([, file = '']) => file),
  );

  it('names only tests that exist', () => {
    expect([...named].filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('names every fault test', () => {
    const tests = projectFiles().filter((name) => /^test\/faults\/.+\.test\.ts$/.test(name));
    expect(tests.filter((file) => !named.has(file))).toEqual([]);
  });
});
