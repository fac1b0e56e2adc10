import { createHash } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import type { DriverContext } from '../driver.js';
import { Turns } from '../finger/turns.js';
import { COMMAND, type Packet, scrambledKey } from './packet.js';
import { oneAnswer, Questions, type ZkQuestion } from './questions.js';
import {
  bufferedLength,
  hasOwnLength,
  isTransfer,
  piecesOf,
  TABLE_BYTES_MAX,
  untilWhole,
  wholeOf,
} from './transfer.js';

/**
 * Bytes of one chunk. The frame around it has to fit into the framer of a stream. Of datagrams each chunk is one, though a
 * terminal would send 16,384 bytes at once (4370 note): what comes in several says nothing about their order.
 */
const CHUNK_BYTES = { stream: 32_768, datagrams: 1_024 } as const;
/** Readings of the same data until two of them agree, or one came whole. */
const READINGS_MAX = 6;

/** One of the terminal's tables: its command, and which part of it is meant. */
export interface Table {
  /** For error messages. */
  name: string;
  table: number;
  parameter: number;
}

const isOk = ({ command }: Packet): boolean => command === COMMAND.ok;

/** What was transferred, and the packet with which the answer began. */
interface Transferred {
  first: Packet | undefined;
  whole: Uint8Array | undefined;
}

/** Questions to one terminal and its answers, from connecting on; also what it says unasked. */
export class Conversation {
  readonly #questions: Questions;
  /** A terminal has one buffer: tables are read one after the other. */
  readonly #tables = new Turns();
  /** Digest of each table that was believed after two readings: the same once more needs only one. */
  readonly #believed = new Map<number, string>();

  constructor(context: DriverContext<unknown>, onEvent: (packet: Packet) => void) {
    this.#questions = new Questions(context, onEvent);
  }

  onBytes(chunk: Uint8Array): void {
    this.#questions.onBytes(chunk);
  }

  close(): void {
    this.#questions.close();
  }

  /** @throws RollcallError `DEVICE_REFUSED` for a wrong key, `DEVICE_TIMEOUT`. */
  async connect(key: () => number): Promise<void> {
    const greeting = await this.#questions.greet();
    this.#questions.session = greeting.session;
    if (greeting.command === COMMAND.unauthorized) {
      const answer = await this.#askOne(
        'for its key',
        COMMAND.auth,
        scrambledKey(key(), this.#questions.session),
      );
      if (!isOk(answer)) {
        throw new RollcallError(
          'DEVICE_REFUSED',
          'The terminal refuses the Comm Key; put the one of its menu (Comm, PC connection) into comm_key_file',
        );
      }
    } else if (!isOk(greeting)) {
      throw new RollcallError(
        'DEVICE_REFUSED',
        'The terminal refuses to connect; is another program connected to it?',
      );
    }
    this.#questions.isLetIn = true;
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

  /** Says that it is over, where the end of a connection would not say so. */
  async leave(): Promise<void> {
    if (this.#questions.isDatagrams) await this.#questions.tell(COMMAND.exit);
  }

  /** Acknowledges an event; until then the terminal repeats it. */
  async acknowledge(): Promise<void> {
    await this.#questions.tell(COMMAND.ok);
  }

  /**
   * One table of the terminal, from a byte on. `onChunk` is told the whole length with each piece, and the next one is
   * asked for only when it is done.
   *
   * @returns the length of the table, undefined where the terminal has none.
   * @throws RollcallError `DEVICE_REFUSED` or `DEVICE_TIMEOUT`.
   */
  readTable(
    wanted: Table,
    fromOf: (length: number, read: (start: number, size: number) => Promise<Uint8Array>) => Promise<number>,
    onChunk: (chunk: Uint8Array, at: number) => Promise<void>,
  ): Promise<void> {
    return this.#tables.take(async () => {
      const { name } = wanted;
      const prepared = await this.#prepare(wanted);
      if (typeof prepared !== 'number') {
        const from = await fromOf(prepared.length, async (start, size) =>
          prepared.subarray(start, start + size),
        );
        await onChunk(prepared.subarray(from), from);
        return;
      }
      if (prepared > TABLE_BYTES_MAX) throw refused(name);
      const read = (start: number, size: number): Promise<Uint8Array> => this.#readChunk(name, start, size);
      const chunkBytes = CHUNK_BYTES[this.#questions.isDatagrams ? 'datagrams' : 'stream'];
      for (let at = await fromOf(prepared, read); at < prepared; ) {
        const chunk = await read(at, Math.min(chunkBytes, prepared - at));
        await onChunk(chunk, at);
        at += chunk.length;
      }
      await this.#askOne('to free its buffer', COMMAND.freeData);
    });
  }

  /** Its length once it is in the terminal's buffer; or all of it, where it is short or the firmware has no buffer. */
  async #prepare({ name, table, parameter }: Table): Promise<number | Uint8Array> {
    const request = Buffer.alloc(11);
    request.writeUInt8(1);
    request.writeUInt16LE(table, 1);
    request.writeUInt32LE(parameter, 3);
    const { first, whole: short } = await this.#transfer(
      { name, command: COMMAND.prepareBuffer, data: request, patience: 'table' },
      hasOwnLength,
    );
    const length = bufferedLength(first);
    if (length !== undefined) return length;
    if (short !== undefined) return short;
    const data = parameter === 0 ? new Uint8Array() : Uint8Array.of(parameter);
    const { whole } = await this.#transfer({ name, command: table, data, patience: 'table' }, hasOwnLength);
    if (whole === undefined) throw refused(name);
    return whole;
  }

  async #readChunk(name: string, start: number, size: number): Promise<Uint8Array> {
    const request = Buffer.alloc(8);
    request.writeUInt32LE(start);
    request.writeUInt32LE(size, 4);
    const { whole } = await this.#transfer(
      { name, command: COMMAND.readBuffer, data: request, patience: 'chunk' },
      (chunk) => chunk.length === size,
    );
    if (whole?.length === size) return whole;
    throw new RollcallError('DEVICE_TIMEOUT', `The terminal sent another part of ${name} than was asked for`);
  }

  /**
   * Data of the terminal. Datagrams have no place in a transfer: what came in one is whole by its checksum and length, what
   * came in several may be out of order, or one of them twice in place of another, and is believed when it comes again.
   */
  async #transfer(question: ZkQuestion, isRight: (data: Uint8Array) => boolean): Promise<Transferred> {
    let before: Uint8Array | undefined;
    for (let reading = 1; reading <= READINGS_MAX; reading++) {
      const isPrepared = (first: Packet | undefined): boolean =>
        question.command === COMMAND.prepareBuffer && bufferedLength(first) !== undefined;
      const packets = await this.#questions.ask(question, () => untilWhole(isPrepared));
      const [first] = packets;
      const whole = wholeOf(packets);
      const isPlain = !this.#questions.isDatagrams || !isTransfer(first) || isPrepared(first);
      if (isPlain) return { first, whole };
      if (whole === undefined || !isRight(whole)) continue;
      if (piecesOf(packets) === 1) return { first, whole };
      const digest = createHash('sha256').update(whole).digest('hex');
      const isAgreed = before !== undefined && Buffer.compare(before, whole) === 0;
      if (isAgreed || this.#believed.get(question.command) === digest) {
        this.#believed.set(question.command, digest);
        return { first, whole };
      }
      before = whole;
    }
    throw new RollcallError(
      'DEVICE_TIMEOUT',
      `The network loses too much of ${question.name}; write tcp:// instead of udp:// if the terminal knows TCP, or mend the network between`,
    );
  }

  async #askOne(name: string, command: number, data: Uint8Array = new Uint8Array()): Promise<Packet> {
    const [answer] = await this.#questions.ask({ name, command, data, patience: 'answer' }, oneAnswer);
    return answer ?? { command: COMMAND.error, session: 0, reply: 0, data: new Uint8Array() };
  }
}

function refused(name: string): RollcallError {
  return new RollcallError(
    'DEVICE_REFUSED',
    `The terminal refuses ${name}; restart it, or update its firmware`,
  );
}
