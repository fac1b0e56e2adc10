import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { Connection } from './connection.js';
import type { TcpAddress } from './tcp-address.js';
import type { Transport, TransportHandlers } from './transport.js';

export interface UdpTransportOptions {
  address: TcpAddress;
  clock: Clock;
  /** The address of a name; the system's resolver unless a test has its own. */
  resolve?: (host: string) => Promise<{ address: string; family: number }>;
}

/** Nothing tells whether a datagram to the first address of a name got anywhere, and terminals have IPv4 if they have both. */
const fromSystem = (host: string): Promise<{ address: string; family: number }> =>
  lookup(host, { order: 'ipv4first' });

/**
 * A device that speaks in datagrams (`udp://host:port`): each chunk is a whole one, and any of them may be lost, repeated, late or
 * out of order. Opening says nothing about whether somebody is there; an address where nothing listens may say so
 * later, to the first datagram. Each opening has a local port of its own: what was meant for the one before never comes.
 */
export class UdpTransport implements Transport {
  readonly datagrams = true;
  readonly #name: string;
  readonly #address: TcpAddress;
  readonly #connection: Connection;
  readonly #resolve: NonNullable<UdpTransportOptions['resolve']>;
  #socket: Socket | undefined;

  constructor({ address, clock, resolve = fromSystem }: UdpTransportOptions) {
    this.#name = `udp://${address.host}:${address.port}`;
    this.#address = address;
    this.#connection = new Connection(this.#name, clock);
    this.#resolve = resolve;
  }

  async open(handlers: TransportHandlers): Promise<void> {
    const socket = await this.#connected().catch((cause: unknown) => {
      throw new RollcallError(
        'PORT_ABSENT',
        `${this.#name} cannot be reached; check the network and "port" in the configuration`,
        { cause },
      );
    });
    if (this.#connection.isOver) {
      socket.close();
      throw this.#connection.closedError();
    }
    socket.on('message', (datagram) => this.#connection.received(datagram));
    socket.on('error', (cause) => this.#lose(cause));
    this.#socket = socket;
    this.#connection.begin(handlers);
  }

  write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return Promise.reject(this.#connection.closedError());
    return this.#connection.write((done) => socket.send(bytes, done));
  }

  async setBaud(): Promise<void> {
    // A network has no speed to set.
  }

  async close(): Promise<void> {
    this.#end();
    this.#connection.end(this.#connection.closedError());
  }

  async #connected(): Promise<Socket> {
    const { host, port } = this.#address;
    const { address, family } = await this.#resolve(host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => {
        socket.close();
        reject(cause);
      };
      socket.once('error', fail);
      // Called with the error where connecting fails, though its type does not say so.
      socket.connect(port, address, (cause?: Error) => {
        socket.off('error', fail);
        if (cause) fail(cause);
        else resolve();
      });
    });
    return socket;
  }

  #lose(cause: unknown): void {
    this.#end();
    this.#connection.end(
      new RollcallError(
        'PORT_LOST',
        `Nothing takes datagrams at ${this.#name}; check the power of the device, its address and its port`,
        { cause },
      ),
    );
  }

  #end(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }
}
