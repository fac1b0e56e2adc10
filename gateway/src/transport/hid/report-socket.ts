import { connect, type Socket } from 'node:net';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { HidDevice, HidEvents } from './hid-device.js';

/**
 * Reports over a Unix socket, for simulated devices where no kernel has a virtual HID bus. Every message is a
 * big-endian length of two bytes, a kind, and the rest; the kinds are those of linux/uhid.h in small.
 */
const KIND = { input: 1, output: 2, setFeature: 3, getFeature: 4, featureReply: 5 } as const;
const HEADER_BYTES = 3;
/** The kernel's own limit of a report (HID_MAX_BUFFER_SIZE is 16 KiB; no reader comes near). */
const MESSAGE_BYTES_MAX = 4096;
/** As long as the kernel waits for a control transfer. */
const FEATURE_TIMEOUT_MS = 5_000;
const FEATURE_DONE = 0;

interface Waiting {
  done(report: Uint8Array): void;
  fail(reason: RollcallError): void;
}

/** @throws RollcallError `PORT_ABSENT` when nobody listens. */
export async function openReportSocket(path: string, clock: Clock, events: HidEvents): Promise<HidDevice> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) =>
      reject(new RollcallError('PORT_ABSENT', `No simulated reader listens at ${path}; start it`, { cause })),
    );
  });
  return new ReportSocket(socket, { path, clock, events });
}

class ReportSocket implements HidDevice {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #events: HidEvents;
  #pending: Buffer = Buffer.alloc(0);
  /** Control transfers are answered in the order of their questions. */
  readonly #waiting: Waiting[] = [];
  #isOver = false;

  readonly features = {
    set: async (report: Uint8Array): Promise<void> => {
      await this.#ask(KIND.setFeature, report);
    },
    get: (reportId: number, bytes: number): Promise<Uint8Array> =>
      this.#ask(KIND.getFeature, Uint8Array.of(reportId)).then((report) => report.subarray(0, bytes)),
  };

  constructor(socket: Socket, { path, clock, events }: { path: string; clock: Clock; events: HidEvents }) {
    this.#socket = socket;
    this.#path = path;
    this.#clock = clock;
    this.#events = events;
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', (cause) => this.#lose(cause));
    socket.on('close', () => this.#lose(undefined));
  }

  write(report: Uint8Array): Promise<void> {
    return this.#send(KIND.output, report);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#socket.destroy();
    this.#failWaiting();
  }

  #send(kind: number, body: Uint8Array): Promise<void> {
    const message = Buffer.alloc(HEADER_BYTES + body.length);
    message.writeUInt16BE(1 + body.length);
    message.writeUInt8(kind, 2);
    message.set(body, HEADER_BYTES);
    return new Promise((resolve, reject) => {
      this.#socket.write(message, (error) => (error ? reject(error) : resolve()));
    });
  }

  #ask(kind: number, body: Uint8Array): Promise<Uint8Array> {
    if (this.#isOver) return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(FEATURE_TIMEOUT_MS, () => waiting.fail(this.#silentError()));
      const waiting: Waiting = {
        done: (report) => {
          cancel();
          resolve(report);
        },
        fail: (reason) => {
          cancel();
          reject(reason);
        },
      };
      this.#waiting.push(waiting);
      this.#send(kind, body).catch(() => waiting.fail(this.#closedError()));
    });
  }

  #onData(chunk: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 2) {
      const length = this.#pending.readUInt16BE();
      if (length < 1 || length > MESSAGE_BYTES_MAX) {
        this.#lose(new Error(`a message of ${length} bytes`));
        return;
      }
      if (this.#pending.length < 2 + length) return;
      const message = this.#pending.subarray(2, 2 + length);
      this.#pending = this.#pending.subarray(2 + length);
      this.#onMessage(message);
    }
  }

  #onMessage(message: Buffer): void {
    const [kind, ...rest] = message;
    if (kind === KIND.input) this.#events.onReport(Uint8Array.from(rest));
    else if (kind === KIND.featureReply) {
      const [status, ...report] = rest;
      const waiting = this.#waiting.shift();
      if (status === FEATURE_DONE) waiting?.done(Uint8Array.from(report));
      else waiting?.fail(this.#silentError());
    }
  }

  #lose(cause: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#failWaiting();
    this.#events.onLost(
      new RollcallError('PORT_LOST', `The simulated reader at ${this.#path} went away`, { cause }),
    );
  }

  #failWaiting(): void {
    for (const waiting of this.#waiting.splice(0)) waiting.fail(this.#closedError());
  }

  #closedError(): RollcallError {
    return new RollcallError('PORT_CLOSED', `${this.#path} is not open, nothing was sent to it`);
  }

  #silentError(): RollcallError {
    return new RollcallError(
      'DEVICE_TIMEOUT',
      `${this.#path} did not take a feature report; check that the driver fits the reader`,
    );
  }
}
