import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import type { ExportFormat } from './export-request.js';

const EXTENSIONS: Readonly<Record<ExportFormat, string>> = { csv: 'csv', excel: 'xlsx', pdf: 'pdf' };

export const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  excel: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pdf: 'application/pdf',
};

export const fileNameOf = (id: string, format: ExportFormat): string => `${id}.${EXTENSIONS[format]}`;

export interface ExportFile {
  bytes: number;
  sha256: string;
}

/**
 * Files of finished exports. A file appears under its name only when all of it is on the disk: one that was being
 * written when the machine stopped has another name and is written anew.
 */
export class ExportFiles {
  readonly #directory: string;

  /** @param directory made at the first export; replicas that are to offer each other's files share it */
  constructor(directory: string) {
    this.#directory = directory;
  }

  #path(id: string, format: ExportFormat): string {
    return join(this.#directory, fileNameOf(id, format));
  }

  /** @param fill writes into the stream and ends it */
  async write(
    id: string,
    format: ExportFormat,
    fill: (output: NodeJS.WritableStream) => Promise<void>,
  ): Promise<ExportFile> {
    // What is in them is about people: nobody else on this machine reads it.
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const unfinished = `${this.#path(id, format)}.part`;
    const handle = await open(unfinished, 'w', 0o600);
    try {
      const hash = createHash('sha256');
      let bytes = 0;
      const output = new PassThrough();
      const filled = fill(output).catch((error: unknown) => {
        output.destroy(error instanceof Error ? error : new Error(String(error)));
      });
      // The next piece is asked for when this one is written: a slow disk holds back the database, not the memory.
      for await (const chunk of output as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.length;
        await handle.write(chunk);
      }
      await filled;
      await handle.sync();
      await rename(unfinished, this.#path(id, format));
      return { bytes, sha256: hash.digest('hex') };
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  }

  /** Undefined: not on this machine. */
  async read(id: string, format: ExportFormat): Promise<Readable | undefined> {
    const path = this.#path(id, format);
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return found === undefined ? undefined : createReadStream(path);
  }

  async remove(id: string, format: ExportFormat): Promise<void> {
    await rm(this.#path(id, format), { force: true });
  }
}
