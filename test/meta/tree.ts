import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Every file git tracks or would track, relative to the root; generated and ignored ones are not in it. */
export function projectFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  return list.split('\0').filter((name) => name !== '');
}

export function readProjectFile(name: string): string {
  return readFileSync(join(ROOT, name), 'utf8');
}

export const isSource = (name: string): boolean => /\.(ts|tsx)$/.test(name) && !/\.d\.ts$/.test(name);
export const isTest = (name: string): boolean => /\.test\.tsx?$/.test(name) || name.startsWith('test/');
