import { RollcallError } from '@rollcall/protocol/errors';
import type {
  HidLinkSettings,
  LinkSettings,
  OpenTransport,
  Transport,
  TransportHandlers,
} from './transport.js';

/** One opening of a port that exists only in a test. */
export class MemoryTransport implements Transport {
  readonly link: LinkSettings | HidLinkSettings;
  readonly written: string[] = [];
  wasOpened = false;
  readonly #port: MemoryPort;
  #handlers: TransportHandlers | undefined;

  constructor(port: MemoryPort, link: LinkSettings | HidLinkSettings) {
    this.#port = port;
    this.link = link;
  }

  get isOpen(): boolean {
    return this.#handlers !== undefined;
  }

  async open(handlers: TransportHandlers): Promise<void> {
    this.wasOpened = true;
    await this.#port.opening;
    if (this.#port.failure !== undefined) throw this.#port.failure;
    this.#handlers = handlers;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#handlers === undefined) throw new RollcallError('PORT_CLOSED', 'not open');
    if (this.#port.writeFailure !== undefined) throw this.#port.writeFailure;
    this.written.push(Buffer.from(bytes).toString('latin1'));
  }

  async setBaud(): Promise<void> {
    // Memory has no speed.
  }

  async close(): Promise<void> {
    this.lose(new RollcallError('PORT_CLOSED', 'closed'));
    await this.#port.closing;
  }

  lose(reason: RollcallError): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.onClose(reason);
  }

  receive(bytes: Uint8Array | string): void {
    this.#handlers?.onBytes(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }
}

/** A place where a test device is or is not plugged in; remembers every opening. */
export class MemoryPort {
  readonly openings: MemoryTransport[] = [];
  failure: RollcallError | undefined;
  writeFailure: RollcallError | undefined;
  /** An opening waits for this. */
  opening: Promise<void> = Promise.resolve();
  /** A closing waits for this. */
  closing: Promise<void> = Promise.resolve();

  readonly openTransport: OpenTransport = (_port, link) => {
    const transport = new MemoryTransport(this, link);
    this.openings.push(transport);
    return transport;
  };

  get last(): MemoryTransport {
    const last = this.openings.at(-1);
    if (last === undefined) throw new Error('nothing was opened yet');
    return last;
  }

  unplug(): void {
    this.failure = new RollcallError('PORT_ABSENT', 'unplugged');
    this.openings.at(-1)?.lose(new RollcallError('PORT_LOST', 'unplugged'));
  }

  plug(): void {
    this.failure = undefined;
  }
}
