import { delay } from '@rollcall/protocol/clock';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import type { FramingEvent } from '@rollcall/protocol/framing/framer';
import { type DriverContext, type DriverSession, defineDriver } from './driver.js';
import { findSpeed } from './find-speed.js';
import { type Card, type ExchangeOptions, refusal, type Target } from './pn532/card.js';
import { readCredential } from './pn532/credential.js';
import { decodeReply, WAKE } from './pn532/frame.js';
import { Pn532Framer } from './pn532/framer.js';
import { parseKey } from './pn532/key.js';
import { Pn532Link } from './pn532/link.js';
import { KEY_BYTES, type Pn532Options, pn532OptionsSchema } from './pn532/options.js';
import { Presence, type Stay } from './pn532/presence.js';
import { parseTarget, SEARCHES } from './pn532/target.js';
import { isRandomUid } from './random-uid.js';
import { TimedFramer } from './timed-framer.js';
import { USB_BRIDGES } from './usb-bridges.js';

/** Speed after power-on, and those that another host may have left the chip at (SetSerialBaudRate, PN532 note §1). */
const BAUD = 115_200;
const OTHER_BAUDS = [9_600, 57_600, 230_400, 38_400, 19_200, 460_800, 921_600] as const;
/** Time for waking (PN532 note §3). */
const WAKE_MS = 2;
/** Longest pause inside a frame: adapters hand over what they have every 16 ms (PN532 note §8). */
const INTER_BYTE_GAP_MS = 50;
const CONTROL_TIMEOUT_MS = 500;
/** A search ends by itself after about 100 ms (PN532 note §3). */
const SEARCH_TIMEOUT_MS = 1_000;
const CARD_TIMEOUT_MS = 1_000;
const SEARCH_GAP_MS = 50;
const RESTART_AFTER_MS = 1_000;
/** Chips that are searching answer several times a second. */
const SILENCE_LIMIT_MS = 5_000;
const READ_ATTEMPTS_MAX = 3;
/** Pieces of one answer of a card; no credential needs more than one. */
const ANSWER_PIECES_MAX = 8;

const GET_FIRMWARE_VERSION = 0x02;
const SET_PARAMETERS = 0x12;
/** fAutomaticATR_RES and fAutomaticRATS: cards of ISO 14443-4 are opened up to their commands. */
const PARAMETERS = 0x14;
const SAM_CONFIGURATION = Uint8Array.of(0x14, 0x01, 0x14, 0x01);
/** MaxRetries: a search tries three times and then says that nothing is there, instead of never (PN532 note §4). */
const RF_CONFIGURATION = Uint8Array.of(0x32, 0x05, 0xff, 0x01, 0x02);
const IN_DATA_EXCHANGE = 0x40;
const IN_COMMUNICATE_THRU = 0x42;
const IN_LIST_PASSIVE_TARGET = 0x4a;
const IN_RELEASE_ALL = Uint8Array.of(0x52, 0x00);
const IC_PN532 = 0x32;
/** Of the firmware's answer: what the chip can do. */
const SUPPORTS = { a: 0x01, b: 0x02, felica: 0x04 } as const;
const STATUS_MASK = 0x3f;
const STATUS_MORE = 0x40;
const STATUS_MIFARE_AUTHENTICATION = 0x14;

class Pn532Session implements DriverSession {
  readonly #context: DriverContext<Pn532Options>;
  readonly #frames: TimedFramer;
  readonly #link: Pn532Link;
  readonly #presence = new Presence();
  readonly #closed = new AbortController();
  #key: Uint8Array | undefined;
  /** Where it is listened. */
  #baud: number = BAUD;
  /** While the chip wakes, what comes before its first frame is nothing. */
  #isWaking = true;

  constructor(context: DriverContext<Pn532Options>) {
    this.#context = context;
    this.#frames = new TimedFramer({
      clock: context.clock,
      framer: new Pn532Framer(),
      pauseMs: INTER_BYTE_GAP_MS,
      take: (events) => this.#take(events),
    });
    this.#link = new Pn532Link({
      clock: context.clock,
      write: (bytes) => context.write(bytes),
      onTimeout: () => context.count('timeouts'),
      onSecretWritten: () => context.conceal(),
    });
  }

  onBytes(chunk: Uint8Array): void {
    this.#frames.push(chunk);
  }

  /** Finds the chip, and begins to look for cards. */
  async probe(): Promise<void> {
    this.#key = this.#readKey();
    await this.#bringUp([BAUD, ...OTHER_BAUDS]);
    void this.#searchForEver();
  }

  close(): void {
    this.#closed.abort(new RollcallError('PORT_CLOSED', 'The connection was closed'));
    this.#frames.close();
    this.#link.close();
  }

  #take(events: readonly FramingEvent[]): void {
    let isAnswerBroken = false;
    /** What is left of a broken frame is no garbage of its own. */
    let isRest = false;
    for (const event of events) {
      if (event.type === 'frame') {
        this.#onFrame(event.bytes);
        isRest = false;
        continue;
      }
      this.#context.count('bytes_discarded', event.bytes);
      if (this.#isWaking) continue;
      this.#context.count('resyncs');
      if (event.reason === 'bad_checksum') {
        isAnswerBroken = true;
        this.#context.count('frames_bad_checksum');
        this.#reject('checksum', 'a frame failed its checksum; check the wiring and the ground');
      } else if (event.reason !== 'truncated' && !isRest) {
        this.#reject('garbage', 'bytes outside a frame; check the speed (115200) and the wiring');
      }
      isRest = true;
    }
    if (!isAnswerBroken) return;
    // Nobody can say any more which answer it was: to the password of a card it would be its PACK.
    if (this.#context.options.credential === 'ntag') this.#context.conceal();
    this.#link.receivedBroken();
  }

  #onFrame(frame: Uint8Array): void {
    this.#isWaking = false;
    if (this.#link.receive(decodeReply(frame))) {
      this.#context.count('frames_ok');
      return;
    }
    this.#context.count('bytes_discarded', frame.length);
    // A late answer, of which nobody knows the question any more.
    if (this.#context.options.credential === 'ntag') this.#context.conceal();
  }

  #readKey(): Uint8Array | undefined {
    const { credential, key_file: file } = this.#context.options;
    if (credential === 'uid' || file === undefined) return undefined;
    return parseKey(this.#context.readSecret(file), KEY_BYTES[credential], file);
  }

  /** The speed is left as it is: it is lost with the power, and an answer to its change may come at either. */
  #bringUp(bauds: Iterable<number>): Promise<number> {
    return findSpeed({
      bauds: [...bauds],
      setBaud: async (baud) => {
        if (baud !== this.#baud) await this.#context.setBaud(baud);
        this.#baud = baud;
      },
      greet: () => this.#wakeUp(),
      quiet: () => this.#pause(INTER_BYTE_GAP_MS),
      what: 'PN532',
      // Each command is sent three times anyway.
      tries: 1,
      advice: 'its power, RX and TX, and that its switches are set to HSU (UART)',
    });
  }

  async #wakeUp(): Promise<void> {
    this.#isWaking = true;
    await this.#context.write(WAKE);
    await this.#pause(WAKE_MS);
    await this.#control('SAMConfiguration', SAM_CONFIGURATION);
    const version = await this.#control('GetFirmwareVersion', Uint8Array.of(GET_FIRMWARE_VERSION));
    this.#identify(version);
    await this.#control('SetParameters', Uint8Array.of(SET_PARAMETERS, PARAMETERS));
    await this.#control('RFConfiguration', RF_CONFIGURATION);
    this.#context.emit({ type: 'alive' });
  }

  #identify([chip, version = 0, revision = 0, support = 0]: Uint8Array): void {
    if (chip !== IC_PN532) {
      throw new RollcallError(
        'DEVICE_REFUSED',
        'A reader answers, but it is no PN532; choose another driver',
      );
    }
    const missing = this.#context.options.technologies.find((name) => (support & SUPPORTS[name]) === 0);
    if (missing !== undefined) {
      throw new RollcallError(
        'DEVICE_REFUSED',
        `This reader cannot read cards of kind ${missing}; take it out of "technologies"`,
      );
    }
    this.#context.emit({ type: 'identity', text: `PN532 v${version}.${revision}` });
  }

  #control(name: string, command: Uint8Array): Promise<Uint8Array> {
    return this.#link.send(name, command, { timeoutMs: CONTROL_TIMEOUT_MS });
  }

  async #searchForEver(): Promise<void> {
    let isAwake = true;
    while (!this.#closed.signal.aborted) {
      try {
        // After a loss of power it is back at its own speed.
        if (!isAwake) await this.#bringUp(new Set([this.#baud, BAUD]));
        isAwake = true;
        await this.#searchOnce();
        await this.#pause(SEARCH_GAP_MS);
      } catch {
        // Whatever it was, the chip is brought up anew; while it stays silent, the supervisor tells.
        isAwake = false;
        await this.#pause(RESTART_AFTER_MS).catch(() => undefined);
      }
    }
  }

  async #searchOnce(): Promise<void> {
    for (const name of this.#context.options.technologies) {
      const { kind, data } = SEARCHES[name];
      const command = Uint8Array.of(IN_LIST_PASSIVE_TARGET, 1, kind, ...data);
      const answer = await this.#link.send('InListPassiveTarget', command, {
        timeoutMs: SEARCH_TIMEOUT_MS,
      });
      const target = parseTarget(name, answer);
      if (target === null) continue;
      if (target === undefined) {
        this.#reject('target', 'the reader told of a card that cannot exist; hold one card at a time');
      } else {
        await this.#onTarget(target);
      }
      await this.#control('InRelease', IN_RELEASE_ALL);
      return;
    }
    this.#endStay(this.#presence.missed());
  }

  async #onTarget(target: Target): Promise<void> {
    const { stay, ended } = this.#presence.found(target, isRandomUid(target.technology, target.uid));
    this.#endStay(ended);
    if (stay.isDone) {
      this.#context.count('merged');
      return;
    }
    stay.attempts += 1;
    try {
      const read = await readCredential(this.#cardOf(target), this.#context.options, this.#key);
      stay.isDone = true;
      stay.isAccepted = true;
      this.#context.emit({ type: 'card', read });
    } catch (error) {
      this.#onUnread(error, stay);
    }
  }

  #onUnread(error: unknown, stay: Stay): void {
    if (!isRollcallError(error)) throw error;
    if (error.code === 'CREDENTIAL_INVALID') {
      stay.isDone = true;
      this.#reject(String(error.context['reason'] ?? 'uid'), error.message);
    } else if (error.code === 'CARD_LEFT' || error.code === 'DEVICE_TIMEOUT') {
      // Selected anew it begins from the start; a chip that is gone does not answer the next command either.
      if (stay.attempts < READ_ATTEMPTS_MAX) return;
      stay.isDone = true;
      this.#reject('unreadable', error.message);
    } else {
      throw error;
    }
  }

  #endStay(stay: Stay | undefined): void {
    if (stay?.isAccepted) this.#context.emit({ type: 'card_removed' });
  }

  #cardOf(target: Target): Card {
    return {
      target,
      exchange: (data, options) => this.#exchange([IN_DATA_EXCHANGE, target.number], data, options),
      exchangeRaw: (data, options) => this.#exchange([IN_COMMUNICATE_THRU], data, options),
      randomBytes: (count) => this.#context.randomBytes(count),
    };
  }

  async #exchange(
    prefix: readonly number[],
    data: Uint8Array,
    options: ExchangeOptions = {},
  ): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let next = data;
    while (pieces.length < ANSWER_PIECES_MAX) {
      const [status = 0, ...piece] = await this.#link.send(
        'an exchange with the card',
        Uint8Array.of(...prefix, ...next),
        { timeoutMs: CARD_TIMEOUT_MS, isRepeatable: false, ...options },
      );
      const problem = status & STATUS_MASK;
      if (problem === STATUS_MIFARE_AUTHENTICATION) {
        throw refusal(
          'key',
          'the card does not know the key; correct the key file, or the card is a foreign one',
        );
      }
      if (problem !== 0) {
        throw new RollcallError(
          'CARD_LEFT',
          `The card was taken away too early, or did not answer (status ${problem.toString(16).padStart(2, '0')}); hold it still`,
        );
      }
      pieces.push(Uint8Array.from(piece));
      if ((status & STATUS_MORE) === 0) return Buffer.concat(pieces);
      next = new Uint8Array();
    }
    throw refusal('too_long', 'the card answers without an end');
  }

  #pause(delayMs: number): Promise<void> {
    return delay(this.#context.clock, delayMs, this.#closed.signal);
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

/** 13.56 MHz readers with an NXP PN532 on a UART (HSU): PN532 note; UM0701-02; libnfc's pn532_uart. */
export const driver = defineDriver({
  id: 'pn532',
  kind: 'card',
  title: 'NXP PN532 13.56 MHz readers (UART)',
  hasLights: false,
  link: { baud: BAUD, dtr: false, rts: false, readyWithinMs: 0 },
  usb: USB_BRIDGES,
  silenceLimitMs: SILENCE_LIMIT_MS,
  options: pn532OptionsSchema,
  open: (context) => new Pn532Session(context),
});
