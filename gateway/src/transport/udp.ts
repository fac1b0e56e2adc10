import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { Connection } from './connection.js';
import type { TcpAddress } from './tcp-address.js';
import type { Transport, TransportHandlers } from './transport.js';

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
  #socket: Socket | undefined;

  constructor({ address, clock }: { address: TcpAddress; clock: Clock }) {
    this.#name = `udp://${address.host}:${address.port}`;
    this.#address = address;
    this.#connection = new Connection(this.#name, clock);
  }

  async open(handlers: TransportHandlers): Promise<void> {
    const { host, port } = this.#address;
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: unknown): void => {
        socket.close();
        reject(
          new RollcallError(
            'PORT_ABSENT',
            `${this.#name} cannot be reached; check the network and "port" in the configuration`,
            { cause },
          ),
        );
      };
      socket.once('error', fail);
      socket.connect(port, host, () => {
        socket.off('error', fail);
        resolve();
      });
    });
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
