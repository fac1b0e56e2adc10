import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real file system of a few MiB. */
export interface SmallDisk {
  readonly path: string;
  /** Moves everything of a folder onto it. */
  adopt(directory: string): void;
  unmount(): void;
}

/** Why none can be had here; undefined where it can. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform !== 'linux') return 'mounting a small disk needs Linux';
  if (process.getuid?.() !== 0) return 'mounting a small disk needs root';
  const probe = mkdtempSync(join(tmpdir(), 'rollcall-mount-'));
  const { status, stderr } = mount(probe, 1);
  if (status === 0) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true, force: true });
  return status === 0 ? undefined : `mounting is not permitted here: ${stderr.trim()}`;
}

export function mountSmallDisk(path: string, sizeMiB: number): SmallDisk {
  mkdirSync(path, { recursive: true });
  const { status, stderr } = mount(path, sizeMiB);
  if (status !== 0) throw new Error(`mounting a small disk failed: ${stderr}`);
  const unmount = (): void => {
    spawnSync('umount', [path]);
  };
  process.once('exit', unmount);
  return {
    path,
    adopt(directory) {
      cpSync(directory, path, { recursive: true });
      rmSync(directory, { recursive: true });
    },
    unmount() {
      process.off('exit', unmount);
      unmount();
    },
  };
}

function mount(path: string, sizeMiB: number): { status: number | null; stderr: string } {
  const args = ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=700`, 'tmpfs', path];
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  return { status, stderr: error?.message ?? stderr };
}
