import { type Clock, delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { Log } from '../log.js';
import type { FingerGallery } from './finger-gallery.js';
import type { FingerSlots, SlotRow } from './finger-slots.js';
import { syncSlots } from './slot-sync.js';
import { withdrawSlots } from './withdraw-slots.js';

/** A run that failed is tried again after this long, or at once after the next connection. */
const RETRY_MS = 60_000;
/** Whoever wants to enroll waits so long for a module to be filled; central gives up after two minutes. */
const FILLED_WITHIN_MS = 60_000;

export interface GallerySyncOptions {
  gallery: FingerGallery;
  slots: FingerSlots;
  clock: Clock;
  log: Log;
  /** Slots of a scanner have another content. */
  onChange?(): void;
}

interface Scanner {
  key: string;
  sensor: FingerSensor;
  stopped: AbortController;
  /** Its slots are those of the bookkeeping. */
  isVerified: boolean;
  /** The last run has ended well: in its slots is the gallery, and nothing else. */
  isFilled: boolean;
  isRunning: boolean;
  mustRunAgain: boolean;
  /** Somebody enrolls there: its slots are not touched meanwhile. */
  isHeld: boolean;
  /** Ends when nothing is under way. */
  run: Promise<void>;
  /** Ends the run that is under way, for whoever holds the slots. */
  interrupted: AbortController;
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
      key: sensorKey(deviceId, sensor),
      sensor,
      stopped: new AbortController(),
      isVerified: false,
      isFilled: false,
      isRunning: false,
      mustRunAgain: false,
      isHeld: false,
      run: Promise.resolve(),
      interrupted: new AbortController(),
      cancelRetry: undefined,
    };
    this.#scanners.set(deviceId, scanner);
    this.#start(deviceId, scanner);
  }

  /** Templates came or went. */
  galleryChanged(): void {
    for (const [deviceId, scanner] of this.#scanners) this.#start(deviceId, scanner);
  }

  /**
   * Leaves the slots of a scanner alone, from when this resolves until the returned function is called; then they are
   * made those of the gallery again. Only what is withdrawn leaves them meanwhile, between two fingers. A module that
   * matches itself is filled first: nobody else can tell that a finger is enrolled for another student already.
   *
   * @throws RollcallError `GALLERY_FILLING` when that takes too long, or the reason of the signal
   */
  async hold(deviceId: string, signal: AbortSignal): Promise<() => void> {
    const scanner = this.#scanners.get(deviceId);
    if (scanner === undefined) return () => undefined;
    const mustBeFilled = scanner.sensor.matchedBy === 'sensor';
    if (mustBeFilled) await this.#runEnds(scanner, signal);
    if (mustBeFilled && !scanner.isFilled) throw filling();
    scanner.isHeld = true;
    scanner.interrupted.abort(new Error('somebody enrolls there'));
    await scanner.run;
    // What was being withdrawn goes on leaving.
    this.#start(deviceId, scanner);
    return () => {
      scanner.isHeld = false;
      if (this.#scanners.get(deviceId) === scanner) this.#start(deviceId, scanner);
    };
  }

  /** The slots that are known to be taken; undefined where that was not checked yet. */
  takenSlots(deviceId: string): number[] | undefined {
    const scanner = this.#scanners.get(deviceId);
    if (scanner?.isVerified !== true) return undefined;
    return this.#options.slots.of(scanner.key).map(({ slot }) => slot);
  }

  stop(): void {
    for (const deviceId of [...this.#scanners.keys()]) this.#forget(deviceId);
  }

  /**
   * Undefined for a slot that nobody has, or with a template that was withdrawn and has not left the module yet, and on a
   * scanner whose slots have not been checked yet.
   */
  holderOf(deviceId: string, slot: number): string | undefined {
    return this.#rowOf(deviceId, slot)?.studentRef;
  }

  /** Which finger of the holder is in the slot. */
  positionOf(deviceId: string, slot: number): number | undefined {
    const row = this.#rowOf(deviceId, slot);
    return row === undefined ? undefined : this.#options.gallery.positionOf(row.templateId);
  }

  /** Those of `holderOf`. */
  slotsOf(deviceId: string, studentRef: string): number[] {
    const { gallery, slots } = this.#options;
    const scanner = this.#scanners.get(deviceId);
    if (scanner?.isVerified !== true) return [];
    const rows = slots.ofStudent(scanner.key, studentRef);
    return rows.filter(({ templateId }) => gallery.has(templateId)).map(({ slot }) => slot);
  }

  #rowOf(deviceId: string, slot: number): SlotRow | undefined {
    const { gallery, slots } = this.#options;
    const scanner = this.#scanners.get(deviceId);
    if (scanner?.isVerified !== true) return undefined;
    const row = slots.row(scanner.key, slot);
    return row !== undefined && gallery.has(row.templateId) ? row : undefined;
  }

  /** At the latest after as long as one may wait for it. */
  async #runEnds({ run }: Scanner, signal: AbortSignal): Promise<void> {
    const waited = new AbortController();
    const isLate = delay(this.#options.clock, FILLED_WITHIN_MS, AbortSignal.any([signal, waited.signal]));
    try {
      await Promise.race([run, isLate]);
    } finally {
      waited.abort();
    }
  }

  #start(deviceId: string, scanner: Scanner): void {
    const run = this.#run(deviceId, scanner);
    // One that only asked for another run must not hide the one that goes on.
    if (!scanner.mustRunAgain) scanner.run = run;
  }

  async #run(deviceId: string, scanner: Scanner): Promise<void> {
    if (scanner.isRunning) {
      scanner.mustRunAgain = true;
      return;
    }
    const { clock, onChange } = this.#options;
    const log = this.#options.log.child({ device_id: deviceId });
    scanner.isRunning = true;
    scanner.isFilled = false;
    scanner.mustRunAgain = false;
    scanner.interrupted = new AbortController();
    scanner.cancelRetry?.();
    try {
      if (scanner.isHeld) await this.#withdraw(scanner);
      else await this.#fill(scanner, log);
    } catch (error) {
      if (scanner.stopped.signal.aborted || scanner.interrupted.signal.aborted) return;
      log.warn(
        { err: error, retryInMs: RETRY_MS },
        'the slots of the scanner could not be brought up to date',
      );
      scanner.cancelRetry = clock.after(RETRY_MS, () => this.#start(deviceId, scanner));
    } finally {
      scanner.isRunning = false;
      if (!scanner.stopped.signal.aborted) onChange?.();
    }
    if (scanner.mustRunAgain) await this.#run(deviceId, scanner);
  }

  async #fill(scanner: Scanner, log: Log): Promise<void> {
    const { key, sensor, stopped, interrupted, isVerified } = scanner;
    const { gallery, slots } = this.#options;
    const result = await syncSlots({
      key,
      sensor,
      gallery,
      slots,
      signal: AbortSignal.any([stopped.signal, interrupted.signal]),
      log,
      isVerified,
      onVerified: () => {
        scanner.isVerified = true;
      },
    });
    scanner.isFilled = result !== undefined;
    if (result !== undefined) log.info({ ...result }, 'the slots of the scanner are those of the gallery');
  }

  /** Of what was in a module before it was checked nothing is known that could be deleted. */
  async #withdraw({ key, sensor, stopped, isVerified }: Scanner): Promise<void> {
    const { gallery, slots } = this.#options;
    if (isVerified) await withdrawSlots({ key, sensor, gallery, slots, signal: stopped.signal });
  }

  #forget(deviceId: string): void {
    const scanner = this.#scanners.get(deviceId);
    if (scanner === undefined) return;
    this.#scanners.delete(deviceId);
    scanner.cancelRetry?.();
    scanner.stopped.abort(new Error('the scanner is gone'));
  }
}

const filling = (): RollcallError =>
  new RollcallError(
    'GALLERY_FILLING',
    'The scanner is still being given the fingers that are enrolled, and cannot tell whose finger it sees. Begin again in ' +
      'some minutes, or enroll at another scanner',
  );

/** Under which the slots of a module are kept: its own name, or the place where a nameless one is plugged in. */
export const sensorKey = (deviceId: string, { identity }: Pick<FingerSensor, 'identity'>): string =>
  identity ?? `nameless:${deviceId}`;
