import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { captureAsVectors } from '../devices/capture-vector.js';
import type { DeviceCapture } from '../devices/fleet.js';
import type { Log } from '../log.js';

const FOLDER = 'captures';

export interface CaptureFilesOptions {
  dataDir: string;
  log: Log;
}

/**
 * What the devices sent lately, as files for the technician who asked for them. They hold card numbers: closed
 * to others, one file per device that said something, gone at the next start and when the disk is short.
 */
export class CaptureFiles {
  readonly #folder: string;
  readonly #log: Log;

  constructor({ dataDir, log }: CaptureFilesOptions) {
    this.#folder = join(dataDir, FOLDER);
    this.#log = log;
  }

  write(captures: readonly DeviceCapture[]): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const { deviceId, driver, ring } of captures) {
        if (ring.byteLength === 0) continue;
        const text = JSON.stringify(captureAsVectors(driver, ring), null, 2);
        writeFileSync(join(this.#folder, `${deviceId}.json`), `${text}\n`, { mode: 0o600 });
      }
      this.#log.info(
        { folder: this.#folder },
        'captures written; they hold card numbers, delete them after use',
      );
    } catch (error) {
      // A full disk is no reason to stop taking attendance.
      this.#log.error({ err: error }, 'the captures could not be written');
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
