import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fetchForeignPackage, forgetForeignPackage } from '../support/foreign-package.js';

const digest = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('base64');
const wanted = (bytes: Uint8Array) => ({ name: 'somebody', version: '1.0.0', sha512: digest(bytes) });

/** What is skipped without a word is not tested: only a registry that is not reached is a reason. */
describe("somebody else's package that a test wants", () => {
  it('is not had where the registry is not reached', async () => {
    const fetch = (): Promise<void> => Promise.reject(new Error('no network'));
    expect(await fetchForeignPackage(wanted(Buffer.of(1)), fetch)).toBeUndefined();
  });

  it.each([
    ['another archive than was looked at', wanted(Buffer.of(1)), Buffer.of(2)],
    ['the right one, which does not unpack', wanted(Buffer.of(2)), Buffer.of(2)],
  ])('fails the test when it is %s', async (_what, one, bytes) => {
    const fetch = async (folder: string): Promise<void> => writeFileSync(join(folder, 'one.tgz'), bytes);
    await expect(fetchForeignPackage(one, fetch)).rejects.toThrow();
  });

  it('fails the test when nothing was brought', async () => {
    await expect(fetchForeignPackage(wanted(Buffer.of(1)), async () => undefined)).rejects.toThrow();
  });

  it('is unpacked when it is the one that was looked at', async () => {
    let archive = new Uint8Array();
    const fetch = async (folder: string): Promise<void> => writeFileSync(join(folder, 'one.tgz'), archive);
    const made = await fetchForeignPackage(wanted(archive), async (folder) => {
      mkdirSync(join(folder, 'package'));
      writeFileSync(join(folder, 'package', 'index.js'), 'tried');
      execFileSync('tar', ['-czf', 'one.tgz', 'package'], { cwd: folder });
      archive = Uint8Array.from(readFileSync(join(folder, 'one.tgz')));
      throw new Error('only made here');
    });
    expect(made).toBeUndefined();
    const folder = await fetchForeignPackage(wanted(archive), fetch);
    expect(readFileSync(join(folder ?? '', 'index.js'), 'utf8')).toBe('tried');
    forgetForeignPackage(folder);
  });
});
