import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { Silence } from '../silence.js';
import { ACK, encodeCommand, NACK, type Pn532Reply } from './frame.js';

/** The chip acknowledges within 15 ms, adapters hold bytes for up to 16 ms (PN532 note §2 and §8), a busy system longer. */
const ACK_WITHIN_MS = 100;
/** Commands without acknowledgment: chips ignore the first one after waking or an abort (libnfc#167). */
const SENDINGS_MAX = 3;
/** Answers with a wrong checksum that are asked for once more. */
const REPEATS_MAX = 2;

export interface Pn532LinkOptions {
  clock: Clock;
  /** Of the driver's context: fails at once when the connection is gone. */
  write(bytes: Uint8Array): Promise<void>;
  onTimeout(): void;
  /** A command with a secret in it was just written, or something during its exchange: what answers is one as well. */
  onSecretWritten(): void;
}

export interface SendOptions {
  /** From the acknowledgment to the response. */
  timeoutMs: number;
  /** The command holds a key. */
  isSecret?: boolean;
  /**
   * False where carrying it out twice does harm: the acknowledgment may be late and not missing, and a card that is
   * asked twice has moved on in its cryptography.
   */
  isRepeatable?: boolean;
}

interface Waiting {
  code: number;
  bytes: Uint8Array;
  name: string;
  timeoutMs: number;
  sendings: number;
  repeats: number;
  isAcknowledged: boolean;
  isSecret: boolean;
  isRepeatable: boolean;
  resolve(data: Uint8Array): void;
  reject(reason: unknown): void;
}

/**
 * Commands to the chip, one at a time, each with its two answers: the acknowledgment, and the response. Both can
 * come in one read, so that the expectation of the second stands before the first has arrived: this is why it is no
 * `Exchange`. A late response to an earlier command is for nobody.
 */
export class Pn532Link {
  readonly #options: Pn532LinkOptions;
  readonly #silence: Silence;
  #cancelTimer: (() => void) | undefined;
  #waiting: Waiting | undefined;
  #closed: RollcallError | undefined;

  constructor(options: Pn532LinkOptions) {
    this.#options = options;
    this.#silence = new Silence({
      clock: options.clock,
      limitMs: ACK_WITHIN_MS,
      onSilent: () => this.#onUnacknowledged(),
    });
  }

  /**
   * Sends a command and resolves with the data of its response.
   *
   * @param command code and parameters
   * @throws RollcallError `DEVICE_TIMEOUT`, `DEVICE_REFUSED` when the chip does not know the command, `PORT_CLOSED`
   * after `close`, or what the write failed with.
   */
  send(
    name: string,
    command: Uint8Array,
    { timeoutMs, isSecret = false, isRepeatable = true }: SendOptions,
  ): Promise<Uint8Array> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#waiting = {
        code: (command[0] ?? 0) + 1,
        bytes: encodeCommand(command),
        name,
        timeoutMs,
        sendings: 0,
        repeats: 0,
        isAcknowledged: false,
        isSecret,
        isRepeatable,
        resolve,
        reject,
      };
      this.#transmit();
    });
  }

  /** Hands in what the chip said; false when it is for nobody. */
  receive(reply: Pn532Reply): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    switch (reply.type) {
      case 'ack':
        this.#onAcknowledged(waiting);
        return true;
      case 'nack':
        this.#transmit();
        return true;
      case 'error':
        this.#end()?.reject(
          new RollcallError(
            'DEVICE_REFUSED',
            `The reader does not know the command ${waiting.name}; it is no PN532, or the bytes are disturbed`,
          ),
        );
        return true;
      case 'response':
        // Before the acknowledgment it can only be the answer to the command before, said twice.
        if (reply.code !== waiting.code || !waiting.isAcknowledged) return false;
        this.#end()?.resolve(reply.data);
        return true;
      default:
        return false;
    }
  }

  /** A frame arrived that failed its checksum: if it was the answer, the chip says it again. */
  receivedBroken(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || !waiting.isAcknowledged || waiting.repeats === REPEATS_MAX) return;
    waiting.repeats += 1;
    this.#write(NACK);
  }

  close(): void {
    this.#closed ??= new RollcallError('PORT_CLOSED', 'The connection was closed before the reader answered');
    this.#end()?.reject(this.#closed);
  }

  #transmit(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (waiting.sendings === SENDINGS_MAX) {
      this.#fail(waiting);
      return;
    }
    waiting.sendings += 1;
    this.#silence.restart();
    this.#write(waiting.bytes);
  }

  #onAcknowledged(waiting: Waiting): void {
    if (waiting.isAcknowledged) return;
    waiting.isAcknowledged = true;
    this.#silence.cancel();
    this.#cancelTimer = this.#options.clock.after(waiting.timeoutMs, () => {
      // The chip may still be at it: an acknowledgment from our side ends that.
      this.#write(ACK);
      this.#fail(waiting);
    });
  }

  #onUnacknowledged(): void {
    const waiting = this.#waiting;
    if (waiting?.isRepeatable === false) this.#fail(waiting);
    else this.#transmit();
  }

  #fail({ name, reject }: Waiting): void {
    this.#end();
    this.#options.onTimeout();
    reject(
      new RollcallError(
        'DEVICE_TIMEOUT',
        `The reader did not answer ${name}; check its power, RX and TX, and that its switches are set to HSU (UART)`,
      ),
    );
  }

  #end(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#silence.cancel();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    return waiting;
  }

  #write(bytes: Uint8Array): void {
    const waiting = this.#waiting;
    this.#options.write(bytes).catch((error: unknown) => {
      if (this.#waiting === waiting) this.#end()?.reject(error);
    });
    if (waiting?.isSecret === true) this.#options.onSecretWritten();
  }
}
