import { connect, type Socket } from 'node:net';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { Connection } from './connection.js';
import type { TcpAddress } from './tcp-address.js';
import type { Transport, TransportHandlers } from './transport.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Idle time before the first keep-alive probe: a cut network cable is noticed only by these. */
const KEEP_ALIVE_MS = 10_000;

/** A reader behind a serial server (`tcp://host:port`). */
export class TcpTransport implements Transport {
  readonly #name: string;
  readonly #address: TcpAddress;
  readonly #clock: Clock;
  readonly #connection: Connection;
  #socket: Socket | undefined;

  constructor({ address, clock }: { address: TcpAddress; clock: Clock }) {
    this.#name = `tcp://${address.host}:${address.port}`;
    this.#address = address;
    this.#clock = clock;
    this.#connection = new Connection(this.#name, clock);
  }

  async open(handlers: TransportHandlers): Promise<void> {
    const socket = connect({
      ...this.#address,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    socket.on('data', (chunk) => this.#connection.received(chunk));
    socket.on('end', () => this.#lose(undefined));
    await this.#untilConnected(socket);
    socket.on('error', (cause) => this.#lose(cause));
    socket.on('close', () => this.#lose(undefined));
    this.#socket = socket;
    this.#connection.begin(handlers);
  }

  write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || !socket.writable) return Promise.reject(this.#connection.closedError());
    return this.#connection.write((done) => socket.write(bytes, done));
  }

  async setBaud(): Promise<void> {
    // The serial server has the speed in its own settings.
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#connection.end(this.#connection.closedError());
  }

  #untilConnected(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        cancel();
        socket.destroy();
        reject(
          new RollcallError(
            'PORT_ABSENT',
            `No serial server answers at ${this.#name}; check its power, the network and "port" in the configuration`,
            { cause },
          ),
        );
      };
      const cancel = this.#clock.after(CONNECT_TIMEOUT_MS, () =>
        fail(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
      );
      socket.once('error', fail);
      socket.once('connect', () => {
        cancel();
        socket.off('error', fail);
        resolve();
      });
    });
  }

  #lose(cause: unknown): void {
    const reason = new RollcallError(
      'PORT_LOST',
      `${this.#name} closed the connection; check the serial server`,
      cause === undefined ? {} : { cause },
    );
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#connection.end(reason);
  }
}
