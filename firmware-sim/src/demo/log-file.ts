import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A demo left alone for weeks must not fill the disk: at this size a log starts anew and one old one is kept. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;

/** What one child printed. */
export class LogFile {
  readonly path: string;
  /** Undefined once closed; a child that outlives its parent's patience writes to nowhere. */
  #fd: number | undefined;
  #bytes = 0;

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
    this.#fd = openSync(path, 'w');
  }

  line(text: string): void {
    if (this.#fd === undefined) return;
    if (this.#bytes > LOG_BYTES_MAX) this.#fd = this.#startAnew(this.#fd);
    this.#bytes += writeSync(this.#fd, `${text}\n`);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #startAnew(full: number): number {
    closeSync(full);
    renameSync(this.path, `${this.path}.old`);
    this.#bytes = 0;
    return openSync(this.path, 'w');
  }
}
