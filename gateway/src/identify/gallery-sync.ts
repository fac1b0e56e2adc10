import type { Clock } from '@rollcall/protocol/clock';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { Log } from '../log.js';
import type { FingerGallery } from './finger-gallery.js';
import type { FingerSlots } from './finger-slots.js';
import { syncSlots } from './slot-sync.js';

/** A run that failed is tried again after this long, or at once after the next connection. */
const RETRY_MS = 60_000;

export interface GallerySyncOptions {
  gallery: FingerGallery;
  slots: FingerSlots;
  clock: Clock;
  log: Log;
}

interface Scanner {
  key: string;
  sensor: FingerSensor;
  stopped: AbortController;
  /** Its slots are those of the bookkeeping. */
  isVerified: boolean;
  isRunning: boolean;
  mustRunAgain: boolean;
  cancelRetry: (() => void) | undefined;
}

/** Keeps the gallery in the slots of every connected scanner, and says whose slot it is. */
export class GallerySync {
  readonly #options: GallerySyncOptions;
  readonly #scanners = new Map<string, Scanner>();

  constructor(options: GallerySyncOptions) {
    this.#options = options;
  }

  /** A scanner is connected and has answered, or is gone: then nothing it said before is believed. */
  sensorChanged(deviceId: string, sensor: FingerSensor | undefined): void {
    this.#forget(deviceId);
    if (sensor === undefined) return;
    const scanner: Scanner = {
      key: sensor.identity ?? `nameless:${deviceId}`,
      sensor,
      stopped: new AbortController(),
      isVerified: false,
      isRunning: false,
      mustRunAgain: false,
      cancelRetry: undefined,
    };
    this.#scanners.set(deviceId, scanner);
    void this.#run(deviceId, scanner);
  }

  /** Templates came or went. */
  galleryChanged(): void {
    for (const [deviceId, scanner] of this.#scanners) void this.#run(deviceId, scanner);
  }

  stop(): void {
    for (const deviceId of [...this.#scanners.keys()]) this.#forget(deviceId);
  }

  /** Undefined for a slot that nobody has, and on a scanner whose slots have not been checked yet. */
  holderOf(deviceId: string, slot: number): string | undefined {
    const scanner = this.#scanners.get(deviceId);
    return scanner?.isVerified === true ? this.#options.slots.holderOf(scanner.key, slot) : undefined;
  }

  slotsOf(deviceId: string, studentRef: string): number[] {
    const scanner = this.#scanners.get(deviceId);
    return scanner?.isVerified === true ? this.#options.slots.slotsOf(scanner.key, studentRef) : [];
  }

  async #run(deviceId: string, scanner: Scanner): Promise<void> {
    if (scanner.isRunning) {
      scanner.mustRunAgain = true;
      return;
    }
    const { gallery, slots, clock } = this.#options;
    const log = this.#options.log.child({ device_id: deviceId });
    scanner.isRunning = true;
    scanner.mustRunAgain = false;
    scanner.cancelRetry?.();
    try {
      const result = await syncSlots({
        key: scanner.key,
        sensor: scanner.sensor,
        gallery,
        slots,
        signal: scanner.stopped.signal,
        log,
        isVerified: scanner.isVerified,
        onVerified: () => {
          scanner.isVerified = true;
        },
      });
      if (result !== undefined) log.info({ ...result }, 'the slots of the scanner are those of the gallery');
    } catch (error) {
      if (scanner.stopped.signal.aborted) return;
      log.warn(
        { err: error, retryInMs: RETRY_MS },
        'the slots of the scanner could not be brought up to date',
      );
      scanner.cancelRetry = clock.after(RETRY_MS, () => void this.#run(deviceId, scanner));
    } finally {
      scanner.isRunning = false;
    }
    if (scanner.mustRunAgain) void this.#run(deviceId, scanner);
  }

  #forget(deviceId: string): void {
    const scanner = this.#scanners.get(deviceId);
    if (scanner === undefined) return;
    this.#scanners.delete(deviceId);
    scanner.cancelRetry?.();
    scanner.stopped.abort(new Error('the scanner is gone'));
  }
}
