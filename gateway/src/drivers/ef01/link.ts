import { delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { DiscardReason, FramingEvent } from '@rollcall/protocol/framing/framer';
import type { DriverContext } from '../driver.js';
import { Exchange } from '../exchange.js';
import { Silence } from '../silence.js';
import { CODE, refusal } from './confirmation.js';
import { decodePacket, encodePacket, type Packet, PID, packetFramer } from './packet.js';
import { Transfer } from './transfer.js';

/** Simple commands answer within a second (EF01 note §3). */
export const REPLY_TIMEOUT_MS = 1_500;
/** Bytes of one packet follow each other; after this pause the rest of it will not come. */
const PACKET_PAUSE_MS = 80;
/** Nothing was heard for so long: no answer to an earlier question is still on its way. */
const QUIET_MS = 250;
const QUIET_LIMIT_MS = 3_000;
/** Commands whose parameters are a secret: the capture gets only their first byte. */
const OPCODES_WITH_SECRETS: readonly number[] = [0x12, 0x13];

export interface Command {
  name: string;
  opcode: number;
  parameters?: readonly number[];
  /** Bytes behind the code of an acknowledgement that says yes. */
  replyBytes?: number;
  timeoutMs?: number;
}

export interface Acknowledgement {
  code: number;
  data: Uint8Array;
}

/** Packets to and from one module: one command at a time, and the data that belongs to it. */
export class Ef01Link {
  readonly #context: DriverContext<unknown>;
  readonly #address: number;
  readonly #framer = packetFramer();
  readonly #exchange: Exchange<Packet>;
  readonly #pause: Silence;
  readonly #closed = new AbortController();
  #transfer: Transfer | undefined;
  #lastByteMs = 0;

  constructor(context: DriverContext<unknown>, address: number) {
    this.#context = context;
    this.#address = address;
    this.#exchange = new Exchange({ clock: context.clock, write: (bytes) => context.write(bytes) });
    this.#pause = new Silence({
      clock: context.clock,
      limitMs: PACKET_PAUSE_MS,
      onSilent: () => this.#handle(this.#framer.idle()),
    });
  }

  onBytes(chunk: Uint8Array): void {
    this.#lastByteMs = this.#context.clock.monoMs();
    this.#handle(this.#framer.push(chunk));
    if (this.#framer.pendingBytes > 0) this.#pause.restart();
    else this.#pause.cancel();
  }

  close(): void {
    this.#pause.cancel();
    this.#exchange.close();
    this.#closed.abort(new RollcallError('PORT_CLOSED', 'The connection to the module has ended'));
    this.#transfer?.fail(this.#closed.signal.reason);
  }

  /** Aborted when the connection ends. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /**
   * Sends a command and hands back the answer, whatever its code is.
   *
   * @throws RollcallError `DEVICE_TIMEOUT` or `PORT_CLOSED`.
   */
  async ask(command: Command): Promise<Acknowledgement> {
    const { name, opcode, parameters = [], replyBytes = 0, timeoutMs = REPLY_TIMEOUT_MS } = command;
    const payload = Uint8Array.of(opcode, ...parameters);
    this.#captureOut(payload);
    const { payload: reply } = await this.#exchange.ask({
      name,
      timeoutMs,
      bytes: encodePacket({ address: this.#address, pid: PID.command, payload }),
      // Acknowledgements do not say what they answer: one of another length answers something else.
      accept: ({ pid, payload: said }) =>
        pid === PID.ack && (said[0] !== CODE.ok || said.length === replyBytes + 1),
    });
    return { code: reply[0] ?? CODE.ok, data: reply.subarray(1) };
  }

  /** As `ask`, for commands that have only one good outcome. @throws RollcallError also `DEVICE_REFUSED`. */
  async command(command: Command): Promise<Uint8Array> {
    const { code, data } = await this.ask(command);
    if (code !== CODE.ok) throw refusal(command.name, code);
    return data;
  }

  /** A command that is answered with data packets. */
  async download(command: Command): Promise<Uint8Array> {
    // The first data packet can come in the same read as the acknowledgement.
    const transfer = new Transfer(this.#context.clock, REPLY_TIMEOUT_MS * 2);
    this.#transfer = transfer;
    try {
      await this.command(command);
      return await transfer.content;
    } catch (error) {
      transfer.fail(error);
      throw error;
    } finally {
      this.#transfer = undefined;
    }
  }

  /** Data packets to the module, which does not acknowledge them. */
  async upload(content: Uint8Array, packetBytes: number): Promise<void> {
    for (let at = 0; at < content.length; at += packetBytes) {
      const payload = content.subarray(at, at + packetBytes);
      const isLast = at + packetBytes >= content.length;
      const pid = isLast ? PID.lastData : PID.data;
      await this.#context.write(encodePacket({ address: this.#address, pid, payload }));
    }
  }

  /** Waits until nothing more comes that could be taken for the answer to the next question. */
  async quiet(): Promise<void> {
    const { clock } = this.#context;
    const sinceMs = clock.monoMs();
    let leftMs = QUIET_MS;
    while (leftMs > 0 && clock.monoMs() - sinceMs < QUIET_LIMIT_MS) {
      await delay(clock, leftMs, this.#closed.signal);
      leftMs = QUIET_MS - (clock.monoMs() - Math.max(sinceMs, this.#lastByteMs));
    }
    this.#handle(this.#framer.idle());
  }

  #handle(events: readonly FramingEvent[]): void {
    for (const event of events) {
      if (event.type === 'frame') this.#onPacket(decodePacket(event.bytes), event.bytes);
      else this.#onDiscarded(event.bytes, event.reason);
    }
  }

  #onPacket(packet: Packet, frame: Uint8Array): void {
    const { pid, payload } = packet;
    this.#context.count('frames_ok');
    if (pid === PID.data || pid === PID.lastData) {
      // Templates and images: never captured, and those that nobody asked for any more are dropped.
      this.#transfer?.add(payload, pid === PID.lastData);
      return;
    }
    this.#context.capture('in', frame);
    this.#exchange.receive(packet);
  }

  #onDiscarded(bytes: number, reason: DiscardReason): void {
    this.#context.count('bytes_discarded', bytes);
    if (reason !== 'bad_checksum') return;
    this.#context.count('frames_bad_checksum');
    this.#context.emit({
      type: 'rejected',
      reason: 'checksum',
      message: 'a packet failed its checksum; check the wiring, the ground and the speed',
    });
  }

  #captureOut(payload: Uint8Array): void {
    const hasSecret = OPCODES_WITH_SECRETS.includes(payload[0] ?? 0);
    const shown = hasSecret ? Uint8Array.of(payload[0] ?? 0) : payload;
    this.#context.capture('out', encodePacket({ address: this.#address, pid: PID.command, payload: shown }));
  }
}
