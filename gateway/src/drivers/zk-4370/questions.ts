import { delay } from '@rollcall/protocol/clock';
import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import type { DriverContext } from '../driver.js';
import { Exchange } from '../exchange.js';
import { COMMAND, type Packet } from './packet.js';
import { datagramsOfPackets, type PacketWire, streamOfPackets } from './packet-wire.js';

/** 65535 is not used (pyzk). */
const REPLIES = 0xffff;
/** After a terminal was asked twice to connect, its answer to the first time may still be on its way. */
const LATE_GREETING_MS = 300;

/**
 * How long an answer is waited for, in milliseconds. What is asked by UDP is asked again, each time with more patience and
 * under another number: what a slow terminal says to the time before is nobody's answer.
 */
export const PATIENCE = {
  answer: { stream: [5_000], datagrams: [1_000, 2_000, 4_000] },
  chunk: { stream: [20_000], datagrams: [1_500, 3_000, 6_000] },
  /** Small terminals fill their buffer from slow flash, or send all of it. */
  table: { stream: [20_000], datagrams: [5_000, 10_000, 20_000] },
} as const;
export type Patience = keyof typeof PATIENCE;

export interface ZkQuestion {
  /** For error messages: `for its serial number`. */
  name: string;
  command: number;
  data: Uint8Array;
  patience: Patience;
}

/** Of one answer: whether this packet is the last of it. */
export type IsLast = (packet: Packet) => boolean;
/** Most answers are one packet. */
export const oneAnswer = (): IsLast => () => true;

/** Questions to one terminal over one connection, and which answers belong to which. */
export class Questions {
  readonly #context: DriverContext<unknown>;
  readonly #exchange: Exchange<Packet>;
  readonly #wire: PacketWire;
  readonly #onEvent: (packet: Packet) => void;
  readonly #closed = new AbortController();
  readonly isDatagrams: boolean;
  session = 0;
  /** Once the terminal has let us in. */
  isLetIn = false;
  #reply = 1;
  #greetings = 0;
  #lateGreeting: Packet | undefined;

  constructor(context: DriverContext<unknown>, onEvent: (packet: Packet) => void) {
    this.#context = context;
    this.#onEvent = onEvent;
    this.isDatagrams = context.datagrams === true;
    this.#wire = this.isDatagrams ? datagramsOfPackets : streamOfPackets();
    this.#exchange = new Exchange({ clock: context.clock, write: (bytes) => context.write(bytes) });
  }

  onBytes(chunk: Uint8Array): void {
    for (const event of this.#wire.push(chunk)) {
      if (event.type === 'packet') {
        this.#context.count('frames_ok');
        this.#onPacket(event.packet);
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
    this.#closed.abort(new RollcallError('PORT_CLOSED', 'The connection to the terminal has ended'));
  }

  /** Nothing is answered to this. */
  async tell(command: number): Promise<void> {
    await this.#context.write(
      this.#wire.encode({ command, session: this.session, reply: 0, data: new Uint8Array() }),
    );
  }

  /** @throws RollcallError `DEVICE_TIMEOUT`. */
  async greet(): Promise<Packet> {
    this.session = 0;
    this.isLetIn = false;
    this.#reply = 1;
    this.#greetings = 0;
    this.#lateGreeting = undefined;
    const question = { name: 'to connect', command: COMMAND.connect, data: new Uint8Array() };
    const [greeting] = await this.ask({ ...question, patience: 'answer' }, oneAnswer);
    // Each time it is asked a terminal begins a new session, and only the last one counts.
    if (this.#greetings > 1) await delay(this.#context.clock, LATE_GREETING_MS, this.#closed.signal);
    return this.#lateGreeting ?? greeting ?? NOTHING;
  }

  /**
   * Everything that answers a question carries its number: what comes late belongs to nobody. Each time it is asked the answer
   * begins anew, and `newAnswer` tells where it ends.
   *
   * @throws RollcallError `DEVICE_TIMEOUT`, or `PORT_LOST` where the terminal has forgotten the connection.
   */
  async ask(question: ZkQuestion, newAnswer: () => IsLast): Promise<Packet[]> {
    const waitsMs: readonly number[] = PATIENCE[question.patience][this.isDatagrams ? 'datagrams' : 'stream'];
    for (const [index, timeoutMs] of waitsMs.entries()) {
      try {
        const packets = await this.#askOnce(question, timeoutMs, newAnswer());
        this.#checkLetIn(packets);
        return packets;
      } catch (error) {
        if (!hasCode(error, 'DEVICE_TIMEOUT') || !this.isDatagrams) throw error;
        this.#context.count('timeouts');
        if (index === waitsMs.length - 1) break;
      }
    }
    throw new RollcallError(
      'DEVICE_TIMEOUT',
      `The terminal did not answer ${question.name} by UDP, asked ${waitsMs.length} times; check its power and the network, and write tcp:// instead of udp:// for one that knows TCP`,
    );
  }

  async #askOnce({ name, command, data }: ZkQuestion, timeoutMs: number, isLast: IsLast): Promise<Packet[]> {
    const packets: Packet[] = [];
    const isGreeting = command === COMMAND.connect;
    const reply = isGreeting ? 0 : this.#reply;
    if (isGreeting) this.#greetings += 1;
    else this.#reply = (reply + 1) % REPLIES;
    await this.#exchange.ask({
      bytes: this.#wire.encode({ command, session: this.session, reply, data }),
      timeoutMs,
      name,
      accept: (packet) => {
        if (packet.reply !== reply) return false;
        packets.push(packet);
        return isLast(packet);
      },
    });
    return packets;
  }

  /** Nothing ends a conversation in datagrams: a terminal that was restarted knows nobody, and says only that. */
  #checkLetIn([first]: readonly Packet[]): void {
    if (!this.isDatagrams || !this.isLetIn || first?.command !== COMMAND.unauthorized) return;
    throw new RollcallError(
      'PORT_LOST',
      'The terminal has forgotten this connection: it was restarted, or another program has connected to it',
    );
  }

  #onPacket(packet: Packet): void {
    if (packet.command === COMMAND.event) this.#onEvent(packet);
    else if (!this.#exchange.receive(packet) && packet.reply === 0) this.#lateGreeting = packet;
  }
}

const NOTHING: Packet = { command: COMMAND.error, session: 0, reply: 0, data: new Uint8Array() };
