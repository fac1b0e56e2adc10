import type { Clock } from '@rollcall/protocol/clock';
import type { LineStep } from './paced-line.js';
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
  #plug: NetworkPlug | undefined;
  #distortion: { distort: FrameDistortion; framesLeft: number } | undefined;
  #isFrozen = false;
  #steps: LineStep[] = [];
  #queuedBytes = 0;
  #cancelPause: (() => void) | undefined;

  constructor(options: NetworkWireOptions) {
    this.#options = options;
    this.link = { path: options.path };
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
        if (!isOpen) this.#clear();
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
    this.#clear();
    this.thaw();
    this.#options.onPower(false);
    await plug.close();
  }

  setBaud(): void {
    // A network has no speed to set.
  }

  sendFrame(frame: Uint8Array): void {
    if (this.#plug === undefined || this.#isFrozen) return;
    const steps = this.#takeDistortion()?.(frame) ?? [{ kind: 'bytes' as const, bytes: frame }];
    const act = (): void => {
      this.counters.framesSent += 1;
      this.#options.onSent(frame);
    };
    this.#send([...steps, { kind: 'act', act }]);
  }

  sendLoose(bytes: Uint8Array): void {
    if (this.#plug === undefined || this.#isFrozen) return;
    this.#send([{ kind: 'bytes', bytes }]);
  }

  distortNextFrames(distort: FrameDistortion, frames = 1): void {
    this.#distortion = { distort, framesLeft: frames };
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#plug?.pauseReading();
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#plug?.resumeReading();
    this.#run();
  }

  #takeDistortion(): FrameDistortion | undefined {
    const current = this.#distortion;
    if (current === undefined) return undefined;
    current.framesLeft -= 1;
    if (current.framesLeft === 0) this.#distortion = undefined;
    return current.distort;
  }

  #send(steps: readonly LineStep[]): void {
    const bytes = steps.reduce((sum, step) => sum + (step.kind === 'bytes' ? step.bytes.length : 0), 0);
    if (this.#queuedBytes + bytes > QUEUE_BYTES_MAX) {
      this.counters.bytesLost += bytes;
      return;
    }
    this.#queuedBytes += bytes;
    this.#steps.push(...steps);
    this.#run();
  }

  #run(): void {
    while (this.#cancelPause === undefined && !this.#isFrozen) {
      const step = this.#steps.shift();
      if (step === undefined) return;
      if (step.kind === 'act') step.act();
      else if (step.kind === 'bytes') {
        this.#queuedBytes -= step.bytes.length;
        this.counters.bytesOut += step.bytes.length;
        this.#plug?.write(step.bytes);
      } else {
        this.#cancelPause = this.#options.clock.after(step.pauseMs, () => {
          this.#cancelPause = undefined;
          this.#run();
        });
      }
    }
  }

  #clear(): void {
    this.#steps = [];
    this.#queuedBytes = 0;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }
}
