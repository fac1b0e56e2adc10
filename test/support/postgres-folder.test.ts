import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseParent, type Place } from './postgres-folder.js';

const GIB = 1024 ** 3;

describe('the databases of a run', () => {
  const memory = mkdtempSync(join(tmpdir(), 'rollcall-memory-'));
  afterAll(() => rmSync(memory, { recursive: true, force: true }));

  const roomy: Place = { memory, freeBytes: () => 2 * GIB, availableBytes: 4 * GIB, environment: {} };

  it('lie in memory where the file system and the machine have room', () => {
    expect(chooseParent(roomy)).toBe(memory);
  });

  it.each<[string, Partial<Place>]>([
    ['the file system in memory is small', { freeBytes: () => 2 * GIB - 1 }],
    ['the container may use little memory', { availableBytes: 4 * GIB - 1 }],
    ['there is no such file system', { memory: join(memory, 'missing') }],
    ['somebody says so', { environment: { ROLLCALL_TEST_POSTGRES_ON_DISK: '1' } }],
  ])('lie on disk where %s', (_why, place) => {
    expect(chooseParent({ ...roomy, ...place })).toBe(tmpdir());
  });
});
