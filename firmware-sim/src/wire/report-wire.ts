import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { makeFolder } from '../make-folder.js';
import { DeviceLink } from './device-link.js';
import { FrameDistortions } from './frame-distortions.js';
import { StepQueue } from './step-queue.js';
import type { FrameDistortion, Wire } from './wire.js';

/**
 * Messages of the socket that stands for a USB cable: a big-endian length of two bytes, a kind, and the rest. The kinds
 * are those of linux/uhid.h in small.
 */
const KIND = { input: 1, output: 2, setFeature: 3, getFeature: 4, featureReply: 5 } as const;
const MESSAGE_BYTES_MAX = 4096;
const DONE = 0;
const STALLED = 1;
/** A path in `sockaddr_un`, its end included. */
const SOCKET_PATH_BYTES_MAX = 108;
/** Reports that may wait; the kernel keeps 64 for hidraw and drops the oldest. */
const STEPS_WAITING_MAX = 256;

export interface ReportWireOptions {
  clock: Clock;
  linkPath: string;
  /** An output report of the host, its number first. */
  onBytes(report: Uint8Array): void;
  onHost(isOpen: boolean): void;
  onSent(report: Uint8Array): void;
  onPower(isOn: boolean): void;
  /** False when the device does not know the report: the transfer stalls. */
  onSetFeature(report: Uint8Array): boolean;
  onGetFeature(reportId: number): Uint8Array | undefined;
}

let plugs = 0;

/** USB in small: whole reports over a Unix socket, for machines whose kernel has no virtual HID device. */
export class ReportWire implements Wire {
  readonly counters = { bytesOut: 0, bytesLost: 0, bytesIn: 0, framesSent: 0 };
  readonly link: DeviceLink;
  /** USB has no speed that anybody sets. */
  readonly baud = 0;
  readonly #options: ReportWireOptions;
  readonly #distortions = new FrameDistortions();
  readonly #queue: StepQueue;
  #plug: { server: Server; path: string } | undefined;
  #host: Socket | undefined;
  #pending: Buffer = Buffer.alloc(0);
  #isFrozen = false;

  constructor(options: ReportWireOptions) {
    this.#options = options;
    this.link = new DeviceLink(options.linkPath);
    this.#queue = new StepQueue(options.clock, (report) => this.#deliver(report));
  }

  get isPlugged(): boolean {
    return this.#plug !== undefined;
  }

  get isHostOpen(): boolean {
    return this.#host !== undefined;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  get devicePath(): string | undefined {
    return this.#plug?.path;
  }

  /** Connects the device; every time under a new name, as the kernel does for a real one. */
  plug(): void {
    if (this.#plug !== undefined) return;
    plugs += 1;
    const path = `${this.link.path}.${process.pid}.${plugs}`;
    if (Buffer.byteLength(path) >= SOCKET_PATH_BYTES_MAX) {
      throw new RollcallError(
        'DEVICE_LINK_REFUSED',
        `${this.link.path} is too long for a socket; choose a --link path of at most 80 characters.`,
      );
    }
    makeFolder(dirname(path), 0o755);
    const server = createServer((socket) => this.#onConnection(socket));
    server.on('error', (error) => process.emitWarning(`the simulated device at ${path}: ${error.message}`));
    server.listen(path);
    this.#plug = { server, path };
    try {
      this.link.pointTo(path);
    } catch (error) {
      this.#plug = undefined;
      server.close();
      throw error;
    }
    this.#options.onPower(true);
  }

  async unplug(): Promise<void> {
    const plug = this.#plug;
    if (plug === undefined) return;
    this.#plug = undefined;
    this.#queue.clear();
    this.thaw();
    this.link.remove();
    this.#options.onPower(false);
    this.#host?.end();
    await new Promise<void>((resolve) => {
      plug.server.close(() => resolve());
      // A host that does not hang up must not hold the plug.
      this.#host?.destroySoon();
    });
    rmSync(plug.path, { force: true });
  }

  setBaud(): void {
    // Reports have no speed.
  }

  sendFrame(frame: Uint8Array): void {
    if (this.#plug === undefined || this.#isFrozen) return;
    const onSent = (): void => {
      this.counters.framesSent += 1;
      this.#options.onSent(frame);
    };
    const steps = this.#distortions.stepsOf(frame, onSent);
    if (this.#queue.waiting + steps.length > STEPS_WAITING_MAX) this.counters.bytesLost += frame.length;
    else this.#queue.push(steps);
  }

  sendLoose(bytes: Uint8Array): void {
    if (this.#plug === undefined || this.#isFrozen) return;
    // No report is longer than a message.
    this.#queue.push([{ kind: 'bytes', bytes: bytes.subarray(0, MESSAGE_BYTES_MAX - 1) }]);
  }

  distortNextFrames(distort: FrameDistortion, frames = 1): void {
    this.#distortions.setNext(distort, frames);
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#queue.freeze();
    this.#host?.pause();
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#host?.resume();
    this.#queue.thaw();
  }

  #deliver(report: Uint8Array): void {
    this.counters.bytesOut += report.length;
    if (this.#host === undefined) this.counters.bytesLost += report.length;
    else this.#send(KIND.input, report);
  }

  #send(kind: number, body: Uint8Array): void {
    const header = Buffer.of((1 + body.length) >> 8, (1 + body.length) & 0xff, kind);
    this.#host?.write(Buffer.concat([header, body]));
  }

  /** One host at a time: whoever has the device has it alone. */
  #onConnection(socket: Socket): void {
    if (this.#host !== undefined || this.#plug === undefined) {
      socket.destroy();
      return;
    }
    this.#host = socket;
    this.#pending = Buffer.alloc(0);
    socket.on('data', (chunk) => this.#onData(chunk));
    // The close follows, and that is what counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#host = undefined;
      this.#options.onHost(false);
    });
    if (this.#isFrozen) socket.pause();
    this.#options.onHost(true);
  }

  #onData(chunk: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 2) {
      const length = this.#pending.readUInt16BE();
      if (length < 1 || length > MESSAGE_BYTES_MAX) {
        this.#host?.destroy();
        return;
      }
      if (this.#pending.length < 2 + length) return;
      const message = Uint8Array.from(this.#pending.subarray(2, 2 + length));
      this.#pending = this.#pending.subarray(2 + length);
      this.#onMessage(message);
    }
  }

  #onMessage(message: Uint8Array): void {
    const body = message.subarray(1);
    this.counters.bytesIn += body.length;
    if (message[0] === KIND.output) this.#options.onBytes(body);
    else if (message[0] === KIND.setFeature) {
      const isKnown = this.#options.onSetFeature(body);
      this.#send(KIND.featureReply, Uint8Array.of(isKnown ? DONE : STALLED));
    } else if (message[0] === KIND.getFeature) {
      const report = this.#options.onGetFeature(body[0] ?? 0);
      this.#send(
        KIND.featureReply,
        report === undefined ? Uint8Array.of(STALLED) : Uint8Array.of(DONE, ...report),
      );
    }
  }
}
