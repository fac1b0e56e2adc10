import { createSocket, type Socket } from 'node:dgram';
import type { NetworkPlug, PlugEvents } from './network-wire.js';
import type { NetworkAddress } from './tcp-plug.js';

interface Peer {
  address: string;
  port: number;
}

/** A device that is called by UDP: there is no connection, and whoever called last is its host. */
export class DatagramPlug implements NetworkPlug {
  readonly #socket: Socket;
  readonly #events: PlugEvents;
  #host: Peer | undefined;
  #isPaused = false;
  #isClosed = false;

  constructor(address: NetworkAddress, events: PlugEvents) {
    this.#events = events;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (datagram, peer) => this.#onDatagram(datagram, peer));
    this.#socket.bind(address.port, address.host);
  }

  get isHostOpen(): boolean {
    return this.#host !== undefined;
  }

  /** Each call is one datagram. */
  write(bytes: Uint8Array): void {
    // Nobody is told of a datagram that cannot be delivered.
    if (this.#host !== undefined)
      this.#socket.send(bytes, this.#host.port, this.#host.address, () => undefined);
  }

  /** What comes while a device hangs is gone. */
  pauseReading(): void {
    this.#isPaused = true;
  }

  resumeReading(): void {
    this.#isPaused = false;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#host = undefined;
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #onDatagram(datagram: Buffer, { address, port }: Peer): void {
    if (this.#isPaused || this.#isClosed) return;
    if (this.#host?.address !== address || this.#host.port !== port) {
      if (this.#host !== undefined) this.#events.onHost(false);
      this.#host = { address, port };
      this.#events.onHost(true);
    }
    this.#events.onBytes(datagram);
  }
}
