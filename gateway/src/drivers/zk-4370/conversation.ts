import { RollcallError } from '@rollcall/protocol/errors';
import type { LengthPrefixedFramer } from '@rollcall/protocol/framing/length-prefixed';
import type { DriverContext } from '../driver.js';
import { Exchange } from '../exchange.js';
import { COMMAND, decodePacket, encodePacket, type Packet, packetFramer, scrambledKey } from './packet.js';

const ANSWER_MS = 5_000;
/** A chunk of the log may take longer: small terminals read it from slow flash. */
const TRANSFER_MS = 20_000;
/** Bytes of one chunk; the frame around it has to fit into the framer. */
const CHUNK_BYTES = 32_768;
/** 65535 is not used (pyzk). */
const REPLIES = 0xffff;
/** Bytes of one table of a terminal: a million entries of forty. */
const TABLE_BYTES_MAX = 64 * 1024 * 1024;

/** One of the terminal's tables: its command, and which part of it is meant. */
export interface Table {
  /** For error messages. */
  name: string;
  table: number;
  parameter: number;
}

const isOk = ({ command }: Packet): boolean => command === COMMAND.ok;

/** Questions to one terminal and its answers, from connecting on; also what it says unasked. */
export class Conversation {
  readonly #context: DriverContext<unknown>;
  readonly #exchange: Exchange<Packet>;
  readonly #framer: LengthPrefixedFramer = packetFramer();
  readonly #onEvent: (packet: Packet) => void;
  #session = 0;
  #reply = 0;

  constructor(context: DriverContext<unknown>, onEvent: (packet: Packet) => void) {
    this.#context = context;
    this.#onEvent = onEvent;
    this.#exchange = new Exchange({ clock: context.clock, write: (bytes) => context.write(bytes) });
  }

  onBytes(chunk: Uint8Array): void {
    for (const event of this.#framer.push(chunk)) {
      if (event.type === 'frame') {
        this.#context.count('frames_ok');
        this.#onPacket(decodePacket(event.bytes));
        continue;
      }
      this.#context.count('bytes_discarded', event.bytes);
      if (event.reason === 'bad_checksum') this.#context.count('frames_bad_checksum');
      this.#context.emit({
        type: 'rejected',
        reason: event.reason === 'bad_checksum' ? 'checksum' : 'garbage',
        message: 'bytes that are no packet of a terminal; is this address a ZK terminal, on port 4370?',
      });
    }
  }

  close(): void {
    this.#exchange.close();
  }

  /** @throws RollcallError `DEVICE_REFUSED` for a wrong key, `DEVICE_TIMEOUT`. */
  async connect(key: () => number): Promise<void> {
    this.#session = 0;
    this.#reply = 0;
    const greeting = await this.#askOne('to connect', COMMAND.connect);
    this.#session = greeting.session;
    if (greeting.command === COMMAND.unauthorized) {
      const answer = await this.#askOne('for its key', COMMAND.auth, scrambledKey(key(), this.#session));
      if (isOk(answer)) return;
      throw new RollcallError(
        'DEVICE_REFUSED',
        'The terminal refuses the Comm Key; put the one of its menu (Comm, PC connection) into comm_key_file',
      );
    }
    if (!isOk(greeting)) {
      throw new RollcallError(
        'DEVICE_REFUSED',
        'The terminal refuses to connect; is another program connected to it?',
      );
    }
  }

  /** One question with a short answer; undefined where the terminal says no. */
  async ask(
    name: string,
    command: number,
    data: Uint8Array = new Uint8Array(),
  ): Promise<Uint8Array | undefined> {
    const answer = await this.#askOne(name, command, data);
    return isOk(answer) || answer.command === COMMAND.data ? answer.data : undefined;
  }

  /** Acknowledges an event; until then the terminal repeats it. */
  async acknowledge(): Promise<void> {
    const { ok: command } = COMMAND;
    await this.#context.write(
      encodePacket({ command, session: this.#session, reply: 0, data: new Uint8Array() }),
    );
  }

  /**
   * One table of the terminal, from a byte on. `onChunk` is told the whole length with each piece, and the next one is
   * asked for only when it is done.
   *
   * @returns the length of the table, undefined where the terminal has none.
   * @throws RollcallError `DEVICE_REFUSED` or `DEVICE_TIMEOUT`.
   */
  async readTable(
    wanted: Table,
    fromOf: (length: number, read: (start: number, size: number) => Promise<Uint8Array>) => Promise<number>,
    onChunk: (chunk: Uint8Array, at: number) => Promise<void>,
  ): Promise<void> {
    const { name, table, parameter } = wanted;
    const request = Buffer.alloc(11);
    request.writeUInt8(1);
    request.writeUInt16LE(table, 1);
    request.writeUInt32LE(parameter, 3);
    const answers = await this.#askMany(name, COMMAND.prepareBuffer, request);
    const whole = wholeOf(answers) ?? (await this.#readUnbuffered(wanted, answers));
    if (whole !== undefined) {
      const from = await fromOf(whole.length, async (start, size) => whole.subarray(start, start + size));
      await onChunk(whole.subarray(from), from);
      return;
    }
    const length = Buffer.from(answers[0]?.data ?? []).readUInt32LE(1);
    if (length > TABLE_BYTES_MAX) throw refused(name);
    const read = (start: number, size: number): Promise<Uint8Array> => this.#readChunk(name, start, size);
    for (let at = await fromOf(length, read); at < length; ) {
      const chunk = await read(at, Math.min(CHUNK_BYTES, length - at));
      await onChunk(chunk, at);
      at += chunk.length;
    }
    await this.#askOne('to free its buffer', COMMAND.freeData);
  }

  /** Old firmware has no buffer: the whole table comes at once. */
  async #readUnbuffered(
    { name, table, parameter }: Table,
    [first]: readonly Packet[],
  ): Promise<Uint8Array | undefined> {
    if (first !== undefined && isOk(first) && first.data.length >= 5) return undefined;
    const data = parameter === 0 ? new Uint8Array() : Uint8Array.of(parameter);
    const whole = wholeOf(await this.#askMany(name, table, data));
    if (whole === undefined) throw refused(name);
    return whole;
  }

  async #readChunk(name: string, start: number, size: number): Promise<Uint8Array> {
    const request = Buffer.alloc(8);
    request.writeUInt32LE(start);
    request.writeUInt32LE(size, 4);
    const chunk = wholeOf(await this.#askMany(name, COMMAND.readBuffer, request));
    if (chunk?.length === size) return chunk;
    throw new RollcallError('DEVICE_TIMEOUT', `The terminal sent another part of ${name} than was asked for`);
  }

  async #askOne(name: string, command: number, data: Uint8Array = new Uint8Array()): Promise<Packet> {
    const packets = await this.#ask({ name, command, data, timeoutMs: ANSWER_MS }, () => true);
    return packets[0] ?? { command: COMMAND.error, session: 0, reply: 0, data: new Uint8Array() };
  }

  #askMany(name: string, command: number, data: Uint8Array): Promise<Packet[]> {
    return this.#ask({ name, command, data, timeoutMs: TRANSFER_MS }, isWhole);
  }

  /** Everything that answers a question carries its number: what comes late belongs to nobody. */
  async #ask(
    {
      name,
      command,
      data,
      timeoutMs,
    }: { name: string; command: number; data: Uint8Array; timeoutMs: number },
    isComplete: (packets: readonly Packet[]) => boolean,
  ): Promise<Packet[]> {
    const packets: Packet[] = [];
    const reply = this.#reply;
    this.#reply = (reply + 1) % REPLIES;
    await this.#exchange.ask({
      bytes: encodePacket({ command, session: this.#session, reply, data }),
      timeoutMs,
      name,
      accept: (packet) => {
        if (packet.reply !== reply) return false;
        packets.push(packet);
        return isComplete(packets);
      },
    });
    return packets;
  }

  #onPacket(packet: Packet): void {
    if (packet.command === COMMAND.event) this.#onEvent(packet);
    else this.#exchange.receive(packet);
  }
}

/** The announced bytes are there, or the terminal said that there is no more. */
function isWhole(packets: readonly Packet[]): boolean {
  const [first, ...rest] = packets;
  if (first?.command !== COMMAND.prepareData) return true;
  const last = rest.at(-1);
  if (last !== undefined && last.command !== COMMAND.data) return true;
  return bytesOf(rest) >= announced(first);
}

/** The data of a transfer; undefined where it was none, or came short. */
function wholeOf(packets: readonly Packet[]): Uint8Array | undefined {
  const [first, ...rest] = packets;
  if (first?.command === COMMAND.data) return first.data;
  if (first?.command !== COMMAND.prepareData) return undefined;
  const data = rest.filter(({ command }) => command === COMMAND.data).map((packet) => packet.data);
  const whole = Buffer.concat(data);
  return whole.length === announced(first) ? whole : undefined;
}

function announced({ data }: Packet): number {
  return data.length < 4 ? 0 : Buffer.from(data).readUInt32LE(0);
}

function bytesOf(packets: readonly Packet[]): number {
  return packets.reduce((sum, { command, data }) => sum + (command === COMMAND.data ? data.length : 0), 0);
}

function refused(name: string): RollcallError {
  return new RollcallError(
    'DEVICE_REFUSED',
    `The terminal refuses ${name}; restart it, or update its firmware`,
  );
}
