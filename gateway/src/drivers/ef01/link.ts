import type { DriverContext } from '../driver.js';
import { ModuleLine } from '../finger/module-line.js';
import { CODE, refusal } from './confirmation.js';
import { decodePacket, encodePacket, type Packet, PID, packetFramer } from './packet.js';
import { Transfer } from './transfer.js';

/** Simple commands answer within a second (EF01 note §3). */
export const REPLY_TIMEOUT_MS = 1_500;
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
export class Ef01Link extends ModuleLine<Packet> {
  readonly #address: number;
  #transfer: Transfer | undefined;

  constructor(context: DriverContext<unknown>, address: number) {
    super(context, packetFramer());
    this.#address = address;
  }

  override close(): void {
    super.close();
    this.#transfer?.fail(this.closed.reason);
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
    const answer = this.exchange.ask({
      name,
      timeoutMs,
      bytes: encodePacket({ address: this.#address, pid: PID.command, payload }),
      // Acknowledgements do not say what they answer: one of another length answers something else.
      accept: ({ pid, payload: said }) =>
        pid === PID.ack && (said[0] !== CODE.ok || said.length === replyBytes + 1),
    });
    const { payload: reply } = await this.awaited(answer);
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
    const transfer = new Transfer(this.context.clock, REPLY_TIMEOUT_MS * 2);
    this.#transfer = transfer;
    try {
      await this.command(command);
      return await this.awaited(transfer.content);
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
      await this.context.write(encodePacket({ address: this.#address, pid, payload }));
    }
  }

  protected override onFrame(frame: Uint8Array): void {
    const packet = decodePacket(frame);
    const { pid, payload } = packet;
    if (pid === PID.data || pid === PID.lastData) {
      // Those that nobody asked for any more are dropped.
      this.#transfer?.add(payload, pid === PID.lastData);
      return;
    }
    this.context.capture('in', frame);
    this.exchange.receive(packet);
  }

  #captureOut(payload: Uint8Array): void {
    const hasSecret = OPCODES_WITH_SECRETS.includes(payload[0] ?? 0);
    const shown = hasSecret ? Uint8Array.of(payload[0] ?? 0) : payload;
    this.context.capture('out', encodePacket({ address: this.#address, pid: PID.command, payload: shown }));
  }
}
