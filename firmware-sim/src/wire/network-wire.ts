import type { Clock } from '@rollcall/protocol/clock';
import { FrameDistortions } from './frame-distortions.js';
import { bytesOf, type LineStep } from './paced-line.js';
import { StepQueue } from './step-queue.js';
import type { FrameDistortion, Wire, WireOptions } from './wire.js';

/** What a device may have waiting to be sent. */
const QUEUE_BYTES_MAX = 16 * 1024 * 1024;

/** One way to be on the network: called, or calling. */
export interface NetworkPlug {
  readonly isHostOpen: boolean;
  write(bytes: Uint8Array): void;
  pauseReading(): void;
  resumeReading(): void;
  close(): Promise<void>;
}

export interface PlugEvents {
  onBytes(bytes: Uint8Array): void;
  onHost(isOpen: boolean): void;
}

export interface NetworkWireOptions extends WireOptions {
  clock: Clock;
  path: string;
  plugIn(events: PlugEvents): NetworkPlug;
}

/** A network cable: as fast as it gets, and cut, delayed and disturbed like any other. */
export class NetworkWire implements Wire {
  readonly counters = { bytesOut: 0, bytesLost: 0, bytesIn: 0, framesSent: 0 };
  readonly link: { readonly path: string };
  readonly baud = 0;
  readonly devicePath = undefined;
  readonly #options: NetworkWireOptions;
  readonly #distortions = new FrameDistortions();
  readonly #queue: StepQueue;
  #plug: NetworkPlug | undefined;
  #isFrozen = false;

  constructor(options: NetworkWireOptions) {
    this.#options = options;
    this.link = { path: options.path };
    this.#queue = new StepQueue(options.clock, (bytes) => {
      this.counters.bytesOut += bytes.length;
      this.#plug?.write(bytes);
    });
  }

  get isPlugged(): boolean {
    return this.#plug !== undefined;
  }

  get isHostOpen(): boolean {
    return this.#plug?.isHostOpen ?? false;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  plug(): void {
    if (this.#plug !== undefined) return;
    const plug = this.#options.plugIn({
      onBytes: (bytes) => {
        this.counters.bytesIn += bytes.length;
        if (this.#plug === plug) this.#options.onBytes(bytes);
      },
      onHost: (isOpen) => {
        // What was meant for one connection must not reach the next.
        if (!isOpen) this.#queue.clear();
        if (this.#plug === plug) this.#options.onHost(isOpen);
      },
    });
    this.#plug = plug;
    this.#options.onPower(true);
  }

  async unplug(): Promise<void> {
    const plug = this.#plug;
    if (plug === undefined) return;
    this.#plug = undefined;
    this.#queue.clear();
    this.thaw();
    this.#options.onPower(false);
    await plug.close();
  }

  setBaud(): void {
    // A network has no speed to set.
  }

  sendFrame(frame: Uint8Array): void {
    if (this.#plug === undefined || this.#isFrozen) return;
    const onSent = (): void => {
      this.counters.framesSent += 1;
      this.#options.onSent(frame);
    };
    this.#send(this.#distortions.stepsOf(frame, onSent));
  }

  sendLoose(bytes: Uint8Array): void {
    if (this.#plug === undefined || this.#isFrozen) return;
    this.#send([{ kind: 'bytes', bytes }]);
  }

  distortNextFrames(distort: FrameDistortion, frames = 1): void {
    this.#distortions.setNext(distort, frames);
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#queue.freeze();
    this.#plug?.pauseReading();
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#plug?.resumeReading();
    this.#queue.thaw();
  }

  #send(steps: readonly LineStep[]): void {
    const bytes = bytesOf(steps);
    if (this.#queue.queuedBytes + bytes > QUEUE_BYTES_MAX) this.counters.bytesLost += bytes;
    else this.#queue.push(steps);
  }
}
