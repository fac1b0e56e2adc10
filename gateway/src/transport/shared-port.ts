import { RollcallError } from '@rollcall/protocol/errors';
import type { OpenTransport, Transport, TransportHandlers } from './transport.js';

interface Turn {
  member: SharedConnection;
  begin: () => void;
  fail: (reason: RollcallError) => void;
}

/**
 * One open port for several devices (OSDP on RS-485): opened by the first that comes, closed by the last that
 * leaves. Only one of them speaks at a time, and what is heard belongs to that one.
 */
class SharedPort {
  readonly #make: () => Transport;
  readonly #members = new Map<SharedConnection, TransportHandlers>();
  /** Who waits for a turn, and at the front who has it. */
  readonly #queue: Turn[] = [];
  #transport: Transport | undefined;
  #opening: Promise<void> | undefined;
  /** The port is free for the next opening once this resolves. */
  #closing: Promise<void> = Promise.resolve();

  constructor(make: () => Transport) {
    this.#make = make;
  }

  /** @throws RollcallError as {@link Transport.open}; all who wait for the same opening get the same. */
  async join(member: SharedConnection, handlers: TransportHandlers): Promise<void> {
    // Again where the last of the others left in between and took the port with it.
    while (this.#transport === undefined) {
      this.#opening ??= this.#open();
      await this.#opening;
    }
    this.#members.set(member, handlers);
  }

  async leave(member: SharedConnection, reason: RollcallError): Promise<void> {
    const handlers = this.#members.get(member);
    this.#members.delete(member);
    this.#endTurns(member, reason);
    handlers?.onClose(reason);
    if (this.#members.size === 0) await this.#close();
  }

  /** The open port, for a member that has the turn, or while nobody has one. */
  portFor(member: SharedConnection): Transport | undefined {
    const [speaking] = this.#queue;
    if (!this.#members.has(member)) return undefined;
    return speaking === undefined || speaking.member === member ? this.#transport : undefined;
  }

  takeTurn(member: SharedConnection, closed: RollcallError): Promise<() => void> {
    if (!this.#members.has(member)) return Promise.reject(closed);
    return new Promise((resolve, reject) => {
      const turn: Turn = { member, begin: () => resolve(() => this.#endTurn(turn)), fail: reject };
      this.#queue.push(turn);
      if (this.#queue.length === 1) turn.begin();
    });
  }

  async #open(): Promise<void> {
    await this.#closing;
    const transport = this.#make();
    try {
      await transport.open({
        // Nobody's turn: a late answer, or noise.
        onBytes: (chunk) => this.#speaking()?.onBytes(chunk),
        onClose: (reason) => this.#lose(transport, reason),
      });
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    this.#transport = transport;
  }

  #speaking(): TransportHandlers | undefined {
    const [turn] = this.#queue;
    return turn === undefined ? undefined : this.#members.get(turn.member);
  }

  #endTurn(turn: Turn): void {
    const index = this.#queue.indexOf(turn);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    if (index === 0) this.#queue[0]?.begin();
  }

  #endTurns(member: SharedConnection, reason: RollcallError): void {
    for (const turn of this.#queue.filter((one) => one.member === member)) {
      turn.fail(reason);
      this.#endTurn(turn);
    }
  }

  #lose(transport: Transport, reason: RollcallError): void {
    if (this.#transport !== transport) return;
    this.#forget();
    const members = [...this.#members];
    this.#members.clear();
    for (const turn of this.#queue.splice(0)) turn.fail(reason);
    for (const [, handlers] of members) handlers.onClose(reason);
  }

  #forget(): void {
    this.#transport = undefined;
    this.#opening = undefined;
  }

  async #close(): Promise<void> {
    const transport = this.#transport;
    if (transport === undefined) return;
    this.#forget();
    this.#closing = transport.close();
    await this.#closing;
  }
}

/** One device's part of a shared port. */
class SharedConnection implements Transport {
  readonly #name: string;
  readonly #port: SharedPort;
  #isClosed = false;

  constructor(name: string, port: SharedPort) {
    this.#name = name;
    this.#port = port;
  }

  async open(handlers: TransportHandlers): Promise<void> {
    await this.#port.join(this, handlers);
    if (!this.#isClosed) return;
    await this.close();
    throw this.#closedError();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#mine().write(bytes);
  }

  /** Changes it for all: whoever does that puts it back before the turn ends. */
  async setBaud(baud: number): Promise<void> {
    await this.#mine().setBaud(baud);
  }

  takeTurn(): Promise<() => void> {
    return this.#port.takeTurn(this, this.#closedError());
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#port.leave(this, this.#closedError());
  }

  #mine(): Transport {
    const transport = this.#port.portFor(this);
    if (transport === undefined) throw this.#closedError();
    return transport;
  }

  #closedError(): RollcallError {
    return new RollcallError('PORT_CLOSED', `${this.#name} is not open, nothing was sent to it`);
  }
}

/**
 * Connections that share a port where `link.shared` says so, and have their own elsewhere. The first settings hold:
 * the configuration makes sure that all who share a port have the same.
 */
export function sharePorts(openTransport: OpenTransport): OpenTransport {
  const ports = new Map<string, SharedPort>();
  return (port, link) => {
    if (link.kind === 'hid' || link.shared !== true) return openTransport(port, link);
    const shared = ports.get(port) ?? new SharedPort(() => openTransport(port, link));
    ports.set(port, shared);
    return new SharedConnection(port, shared);
  };
}
