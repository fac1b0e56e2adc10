import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { heardAt } from './bit-stretch.js';
import { DeviceLink } from './device-link.js';
import { FrameDistortions } from './frame-distortions.js';
import { LINE_QUEUE_BYTES_MAX, PacedLine } from './paced-line.js';
import { Pty } from './pty.js';
import type { FrameDistortion, Wire, WireOptions } from './wire.js';
import { PTY_WRITE_BYTES_MAX } from './write-limit.js';

export interface DeviceWireOptions extends WireOptions {
  clock: Clock;
  baud: number;
  linkPath: string;
}

/** A serial cable on a pty: speed, plugging, and everything that can go wrong with it. */
export class DeviceWire implements Wire {
  readonly counters = { bytesOut: 0, bytesLost: 0, bytesIn: 0, framesSent: 0 };
  readonly link: DeviceLink;
  readonly #options: DeviceWireOptions;
  readonly #line: PacedLine;
  readonly #distortions = new FrameDistortions();
  #pty: Pty | undefined;
  #isFrozen = false;
  #baud: number;

  constructor(options: DeviceWireOptions) {
    this.#options = options;
    this.#baud = options.baud;
    this.link = new DeviceLink(options.linkPath);
    this.#line = new PacedLine({
      clock: options.clock,
      baud: options.baud,
      deliver: (slice) => this.#deliver(slice),
    });
  }

  /** The speed of the device. */
  get baud(): number {
    return this.#baud;
  }

  setBaud(baud: number): void {
    this.#line.send([
      {
        kind: 'act',
        act: () => {
          this.#baud = baud;
          this.#line.setBaud(baud);
        },
      },
    ]);
  }

  get isPlugged(): boolean {
    return this.#pty !== undefined;
  }

  get isHostOpen(): boolean {
    return this.#pty?.isHostOpen ?? false;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  get devicePath(): string | undefined {
    return this.#pty?.path;
  }

  /** Connects the device; every time under a new terminal number, as the kernel does for a real one. */
  plug(): void {
    if (this.#pty !== undefined) return;
    const pty = Pty.open(this.baud, {
      onBytes: (bytes) => this.#hear(bytes),
      onHost: (isOpen) => {
        if (this.#pty === pty) this.#options.onHost(isOpen);
      },
    });
    this.#pty = pty;
    try {
      this.link.pointTo(pty.path);
    } catch (error) {
      this.#pty = undefined;
      void pty.close();
      throw error;
    }
    this.#options.onPower(true);
  }

  async unplug(): Promise<void> {
    const pty = this.#pty;
    if (pty === undefined) return;
    this.#pty = undefined;
    this.#line.clear();
    this.thaw();
    this.link.remove();
    this.#options.onPower(false);
    await pty.close();
  }

  /** One frame of the device's protocol; a fault that waits for the next frame takes hold here. */
  sendFrame(frame: Uint8Array): void {
    if (this.#pty === undefined || this.#isFrozen) return;
    const onSent = (): void => {
      this.counters.framesSent += 1;
      this.#options.onSent(frame);
    };
    const steps = this.#distortions.stepsOf(frame, onSent);
    // A device whose own buffer is full loses the frame, and goes on.
    if (!this.#line.send(steps)) this.counters.bytesLost += frame.length;
  }

  /** Bytes that are no frame: noise, banners of other programs. */
  sendLoose(bytes: Uint8Array): void {
    if (this.#pty === undefined || this.#isFrozen) return;
    if (this.#line.send([{ kind: 'bytes', bytes }])) return;
    throw new RollcallError(
      'REQUEST_INVALID',
      `${this.#line.queuedBytes} bytes still wait to be sent at ${this.baud} baud, of at most ${LINE_QUEUE_BYTES_MAX}. Send less or wait.`,
    );
  }

  distortNextFrames(distort: FrameDistortion, frames = 1): void {
    this.#distortions.setNext(distort, frames);
  }

  /** The device hangs: it neither sends nor reads; the host can still write until the buffers are full. */
  freeze(): void {
    this.#isFrozen = true;
    this.#line.freeze();
    this.#pty?.pauseReading();
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#line.thaw();
    this.#pty?.resumeReading();
  }

  #deliver(slice: Uint8Array): void {
    const pty = this.#pty;
    if (pty === undefined) return;
    this.counters.bytesOut += slice.length;
    const heard = heardAt(slice, { senderBaud: this.baud, receiverBaud: pty.hostBaud });
    for (let start = 0; start < heard.length; start += PTY_WRITE_BYTES_MAX) {
      const piece = heard.subarray(start, start + PTY_WRITE_BYTES_MAX);
      this.counters.bytesLost += piece.length - pty.write(piece);
    }
  }

  #hear(bytes: Uint8Array): void {
    const pty = this.#pty;
    if (pty === undefined) return;
    this.counters.bytesIn += bytes.length;
    this.#options.onBytes(heardAt(bytes, { senderBaud: pty.hostBaud, receiverBaud: this.baud }));
  }
}
