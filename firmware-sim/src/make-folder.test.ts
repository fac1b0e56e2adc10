import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder } from './make-folder.js';

it('makes a folder with everything above it, once', () => {
  const root = mkdtempSync(join(tmpdir(), 'rollcall-folder-'));
  try {
    const path = join(root, 'a/b/c');
    makeFolder(path, 0o700);
    makeFolder(path, 0o700);
    expect(existsSync(path)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  } finally {
    rmSync(root, { recursive: true });
  }
});

it('gives up where no folder can be made, instead of trying for ever', () => {
  expect(() => makeFolder('/proc/rollcall/demo', 0o700)).toThrow(/ENOENT/);
});
