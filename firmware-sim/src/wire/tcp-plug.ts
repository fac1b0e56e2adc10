import { connect, createServer, type Server, type Socket } from 'node:net';
import { RollcallError } from '@rollcall/protocol/errors';
import type { NetworkPlug, PlugEvents } from './network-wire.js';

export interface NetworkAddress {
  host: string;
  port: number;
}

/** `tcp://127.0.0.1:4370`, the same by UDP, or an HTTP address, taken apart. */
export function networkAddress(text: string): NetworkAddress {
  const groups = /^(?:tcp|udp|http):\/\/(?<host>[A-Za-z0-9.-]+):(?<port>\d{1,5})(?:\/|$)/.exec(text)?.groups;
  const port = Number(groups?.['port'] ?? 0);
  if (groups !== undefined && port >= 1 && port <= 65_535) return { host: groups['host'] ?? '', port };
  throw new RollcallError(
    'REQUEST_INVALID',
    `This device is on the network. Write --link tcp://127.0.0.1:4370 for one that is called (udp:// for an old one), or --link http://127.0.0.1:8081/SERIAL for one that calls.`,
  );
}

/** A device that is called. Terminals take one connection at a time: others are turned away. */
export class CalledPlug implements NetworkPlug {
  readonly #server: Server;
  #socket: Socket | undefined;
  #isPaused = false;

  constructor(address: NetworkAddress, events: PlugEvents) {
    this.#server = createServer((socket) => {
      if (this.#socket !== undefined) {
        socket.destroy();
        return;
      }
      this.#socket = socket;
      if (this.#isPaused) socket.pause();
      socket.setNoDelay(true);
      socket.on('data', (bytes) => events.onBytes(bytes));
      // A cut connection is what this is for.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        events.onHost(false);
      });
      events.onHost(true);
    });
    this.#server.listen(address.port, address.host);
  }

  get isHostOpen(): boolean {
    return this.#socket !== undefined;
  }

  write(bytes: Uint8Array): void {
    this.#socket?.write(bytes);
  }

  pauseReading(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#isPaused = false;
    this.#socket?.resume();
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.resetAndDestroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A device that calls: it connects when it has something to say. */
export class CallingPlug implements NetworkPlug {
  readonly #address: NetworkAddress;
  readonly #events: PlugEvents;
  #socket: Socket | undefined;
  #isConnected = false;
  #isPaused = false;

  constructor(address: NetworkAddress, events: PlugEvents) {
    this.#address = address;
    this.#events = events;
  }

  get isHostOpen(): boolean {
    return this.#isConnected;
  }

  write(bytes: Uint8Array): void {
    (this.#socket ?? this.#connect()).write(bytes);
  }

  pauseReading(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#isPaused = false;
    this.#socket?.resume();
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isConnected = false;
    socket?.resetAndDestroy();
  }

  #connect(): Socket {
    const socket = connect({ ...this.#address, noDelay: true });
    this.#socket = socket;
    if (this.#isPaused) socket.pause();
    socket.on('connect', () => {
      this.#isConnected = true;
      this.#events.onHost(true);
    });
    socket.on('data', (bytes) => this.#events.onBytes(bytes));
    // Nobody there, or cut: both end in "close".
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#isConnected = false;
      this.#events.onHost(false);
    });
    return socket;
  }
}
