import type { Clock } from '@rollcall/protocol/clock';
import type { RollcallError } from '@rollcall/protocol/errors';
import { Connection } from '../connection.js';
import type { FeatureReports, Transport, TransportHandlers } from '../transport.js';
import type { HidDevice, OpenHidDevice } from './hid-device.js';

export interface HidTransportOptions {
  /** The port as configured, for messages. */
  name: string;
  clock: Clock;
  openDevice: OpenHidDevice;
}

/** One opening of one HID device: reports instead of bytes, with the same promises as every transport. */
export class HidTransport implements Transport {
  readonly #connection: Connection;
  readonly #openDevice: OpenHidDevice;
  #device: HidDevice | undefined;
  #isClosed = false;

  constructor({ name, clock, openDevice }: HidTransportOptions) {
    this.#connection = new Connection(name, clock);
    this.#openDevice = openDevice;
  }

  async open(handlers: TransportHandlers): Promise<void> {
    let lost: RollcallError | undefined;
    const device = await this.#openDevice({
      onReport: (report) => this.#connection.received(report),
      onLost: (reason) => {
        lost = reason;
        this.#connection.end(reason);
        void this.#release();
      },
    });
    if (lost !== undefined || this.#isClosed) {
      await device.close();
      throw lost ?? this.#connection.closedError();
    }
    this.#device = device;
    this.#connection.begin(handlers);
  }

  get features(): FeatureReports | undefined {
    return this.#device?.features;
  }

  write(bytes: Uint8Array): Promise<void> {
    const device = this.#device;
    if (device === undefined) return Promise.reject(this.#connection.closedError());
    return this.#connection.write((done) => {
      device.write(bytes).then(() => done(null), done);
    });
  }

  async setBaud(): Promise<void> {
    // USB has no speed to choose.
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#connection.end(this.#connection.closedError());
    await this.#release();
  }

  async #release(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    await device?.close();
  }
}
