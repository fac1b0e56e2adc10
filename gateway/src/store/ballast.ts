import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';

export const BALLAST_FILE = 'ballast.bin';
const CHUNK_BYTES = 1024 * 1024;

/**
 * A file that is only there to be deleted: when the disk is full its space lets the last punches in and the
 * write-ahead log be folded back (edge §4.4). Written in full with random bytes, because a hole or a block of
 * zeros takes no room on file systems that keep neither.
 */
export class Ballast {
  readonly #file: string;
  readonly #building: string;
  readonly #bytes: number;
  #isCreating = false;
  #isReleased = false;

  constructor(dataDir: string, bytes: number) {
    this.#file = join(dataDir, BALLAST_FILE);
    this.#building = join(dataDir, 'ballast.building');
    this.#bytes = bytes;
  }

  get isReady(): boolean {
    return existsSync(this.#file) && statSync(this.#file).size === this.#bytes;
  }

  /** Makes the file if it is missing. False when it could not be made: no room, or released meanwhile. */
  async create(): Promise<boolean> {
    if (this.#bytes === 0 || this.isReady) return true;
    if (this.#isCreating) return false;
    this.#isCreating = true;
    this.#isReleased = false;
    try {
      const isWritten = await this.#write();
      if (isWritten) await rename(this.#building, this.#file);
      return isWritten;
    } catch {
      // No room for the ballast is a state that health reports, not an error of this call.
      return false;
    } finally {
      this.#isCreating = false;
      rmSync(this.#building, { force: true });
    }
  }

  /** Gives the space back at once. True when there was any. */
  release(): boolean {
    const existed = existsSync(this.#file) || this.#isCreating;
    this.#isReleased = true;
    rmSync(this.#file, { force: true });
    rmSync(this.#building, { force: true });
    return existed;
  }

  async #write(): Promise<boolean> {
    const handle = await open(this.#building, 'w', 0o600);
    try {
      for (let written = 0; written < this.#bytes; written += CHUNK_BYTES) {
        if (this.#isReleased) return false;
        await handle.write(randomBytes(Math.min(CHUNK_BYTES, this.#bytes - written)));
      }
      await handle.sync();
      return !this.#isReleased;
    } finally {
      await handle.close();
    }
  }
}
