import type { Random } from '../../random.js';
import { assemble, type BusCommand, type BusReply, closeWithCheck } from './bus-packets.js';
import type { ReaderFingerSensor } from './finger-sensor.js';
import { DEFAULT_KEY, ReaderSession } from './reader-crypto.js';

/** Events that wait for a poll; older ones are kept and newer ones lost, as small readers do. */
const EVENTS_MAX = 8;
/** Without a valid command for this long the session is over (OSDP note §3). */
const OFFLINE_MS = 8_000;
const VENDOR = [0x5a, 0xa5, 0x00];
const PDCAP = [
  [0x01, 0x03, 1],
  [0x03, 0x01, 0],
  [0x04, 0x02, 1],
  [0x05, 0x01, 1],
  [0x08, 0x01, 0],
  [0x09, 0x01, 1],
  [0x0d, 0x00, 1],
  [0x10, 0x02, 0],
].flat();
const NAK = { command: 3, sequence: 4, security: 6, cannot: 9 } as const;
const BAUDS = [9_600, 19_200, 38_400, 57_600, 115_200, 230_400];
const LED_BYTES = 14;
/** What everybody on a bus takes until somebody says more (OSDP note §2). */
const SMALLEST_BYTES = 128;
/** Of messages in parts. */
const MESSAGE_BYTES = 2048;
/** Around the data of a sealed reply: head, security block, code, MAC and CRC. */
const SEALED_FRAME = 14;
/** What a reader that wants a secure channel answers before it stands: ID, CAP, CHLNG, SCRYPT. */
const BEFORE_CHANNEL = [0x61, 0x62, 0x76, 0x77];

export interface ReaderEvent {
  code: number;
  data: Iterable<number>;
}

export interface ReaderOptions {
  address: number;
  /** Undefined: at the default key, as from the factory. */
  key: Uint8Array | undefined;
  /** Answers next to nothing in the clear. */
  isStrict: boolean;
  baud: number;
  /** No other reader is on its bus, so that the speed is its own. */
  isAlone: boolean;
  /** Undefined without a fingerprint sensor. */
  fingers: ReaderFingerSensor | undefined;
  /** Largest packet that it takes, and that it sends unless it is told a smaller size. */
  packetBytes: number;
  random: Random;
  nowMs(): number;
  /** A light: color as OSDP numbers it, and how long. */
  onLight(color: number, ms: number): void;
  onBeep(count: number, ms: number): void;
  onRefused(reason: string): void;
}

/** One reader of the bus: what it remembers, and what it answers to each command. */
export class OsdpReader {
  address: number;
  key: Uint8Array | undefined;
  /** Speed at which it hears the next command. */
  baud: number;
  readonly #options: ReaderOptions;
  #session: ReaderSession | undefined;
  /** Of the last command; undefined after power-on. */
  #sequence: number | undefined;
  #lastReply: Uint8Array | undefined;
  #lastSealed: Uint8Array | undefined;
  #heardMs = 0;
  #events: ReaderEvent[] = [];
  #tamper = 0;
  #power = 0;
  /** Faults: how many of the next answers they spoil. */
  readonly faults = { busy: 0, drop: 0, badMac: 0, clear: 0, replay: 0 };

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.address = options.address;
    this.key = options.key;
    this.baud = options.baud;
  }

  get isSecure(): boolean {
    return this.#session?.isOpen === true;
  }

  /** Its power fails for a moment: the key survives, everything else does not. */
  reboot(): void {
    this.#session = undefined;
    this.#sequence = undefined;
    this.#lastReply = undefined;
    this.#events = [];
    this.#takeSize(SMALLEST_BYTES);
    this.#options.fingers?.reset();
  }

  fingerIn(finger: string): void {
    const { fingers, onRefused } = this.#options;
    if (fingers === undefined) onRefused('this reader has no fingerprint sensor; set fingers=on');
    fingers?.fingerIn(finger);
  }

  fingerOut(): void {
    this.#options.fingers?.fingerOut();
  }

  /** Waits for the next poll. */
  report(event: ReaderEvent): void {
    if (this.#events.length < EVENTS_MAX) this.#events.push(event);
  }

  setStatus(status: { tamper?: boolean; power?: boolean }): void {
    if (status.tamper !== undefined) this.#tamper = Number(status.tamper);
    if (status.power !== undefined) this.#power = Number(status.power);
    this.report({ code: 0x48, data: Uint8Array.of(this.#tamper, this.#power) });
  }

  /** The bytes of the answer; undefined where a fault swallows them. */
  answer(command: BusCommand): Uint8Array | undefined {
    const { faults } = this;
    if (faults.busy > 0) {
      faults.busy -= 1;
      return this.#encode(command, { code: 0x79, data: [] }, { sequence: 0, isClear: true });
    }
    const reply = this.#next(command);
    if (faults.drop > 0) {
      faults.drop -= 1;
      return undefined;
    }
    return reply;
  }

  #next(command: BusCommand): Uint8Array {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#heardMs > OFFLINE_MS) this.#session = undefined;
    this.#heardMs = nowMs;
    const { sequence } = command;
    if (sequence !== 0 && sequence === this.#sequence && this.#lastReply !== undefined)
      return this.#lastReply;
    if (sequence === 0) {
      this.#session = undefined;
    } else if (this.#sequence === undefined || sequence !== (this.#sequence % 3) + 1) {
      return this.#encode(command, nak(NAK.sequence), { isClear: true });
    }
    this.#sequence = sequence;
    const reply = this.#spoil(command, this.#serve(command));
    this.#lastReply = reply;
    return reply;
  }

  #serve(command: BusCommand): Uint8Array {
    const session = this.#session;
    if (session?.isOpen !== true) {
      const isHeld = this.#options.isStrict && !BEFORE_CHANNEL.includes(command.code);
      return this.#encode(command, isHeld ? nak(NAK.security) : this.#execute(command, command.data));
    }
    const isProven = command.mac !== undefined && session.verifies(command.signed, command.mac);
    if (!isProven) {
      this.#session = undefined;
      return this.#encode(command, nak(NAK.security), { isClear: true });
    }
    const data = command.block?.[0] === 0x17 ? session.decrypt(command.data) : command.data;
    return this.#encode(command, this.#execute(command, data));
  }

  #spoil(command: BusCommand, reply: Uint8Array): Uint8Array {
    const { faults } = this;
    const before = this.#lastSealed;
    if (this.isSecure) this.#lastSealed = reply;
    if (faults.badMac > 0 && this.isSecure) {
      faults.badMac -= 1;
      const body = reply.slice(0, command.crc ? -2 : -1);
      const last = body.length - 1;
      body[last] = (body[last] ?? 0) ^ 1;
      return closeWithCheck(body, command.crc);
    }
    if (faults.replay > 0 && before !== undefined) {
      faults.replay -= 1;
      const body = before.slice(0, command.crc ? -2 : -1);
      body[4] = ((body[4] ?? 0) & ~3) | command.sequence;
      return closeWithCheck(body, command.crc);
    }
    return reply;
  }

  #execute(command: BusCommand, data: Uint8Array): Answer {
    switch (command.code) {
      case 0x60:
        return this.#poll();
      case 0x61:
        return { code: 0x45, data: [...VENDOR, 1, 2, ...this.#serial(), 1, 2, 3] };
      case 0x62:
        return { code: 0x46, data: this.#capabilities() };
      case 0x64:
        return { code: 0x48, data: [this.#tamper, this.#power] };
      case 0x65:
      case 0x66:
      case 0x67:
        return { code: command.code - 0x1c, data: [0] };
      case 0x69:
        return this.#light(data);
      case 0x6a:
        return this.#buzz(data);
      case 0x6e:
        return this.#comset(data);
      case 0x75:
        return this.#keyset(data);
      case 0x76:
        return this.#challenge(command);
      case 0x77:
        return this.#serverCryptogram(command);
      case 0x7b:
        this.#takeSize((data[0] ?? 0) + (data[1] ?? 0) * 256);
        return { code: 0x40, data: [] };
      case 0x73:
        return this.#options.fingers?.read(data) ?? nak(NAK.command);
      case 0x74:
        return this.#options.fingers?.match(data) ?? nak(NAK.command);
      case 0xa2:
        return this.#options.fingers?.abort() ?? nak(NAK.command);
      default:
        return nak(NAK.command);
    }
  }

  /** What the panel takes (ACURXSIZE); a byte of the last block of a sealed reply is padding. */
  #takeSize(panelBytes: number): void {
    const { packetBytes, fingers } = this.#options;
    const sealed = Math.min(packetBytes, panelBytes) - SEALED_FRAME;
    if (fingers !== undefined) fingers.roomBytes = sealed - (sealed % 16) - 1;
  }

  #capabilities(): number[] {
    const { packetBytes, fingers } = this.#options;
    const sizes = [0x0a, packetBytes % 256, packetBytes >> 8];
    if (fingers === undefined) return [...PDCAP, ...sizes];
    return [...PDCAP, ...sizes, 0x0b, MESSAGE_BYTES % 256, MESSAGE_BYTES >> 8, 0x0e, 1, 1];
  }

  #poll(): Answer {
    const event = this.#events.shift() ?? this.#options.fingers?.poll();
    return event === undefined ? { code: 0x40, data: [] } : { code: event.code, data: [...event.data] };
  }

  #light(data: Uint8Array): Answer {
    if (data.length === 0 || data.length % LED_BYTES !== 0) return this.#refuse('LED takes 14 bytes each');
    for (let at = 0; at < data.length; at += LED_BYTES) {
      const led = data.subarray(at, at + LED_BYTES);
      if (led[2] === 2) this.#options.onLight(led[5] ?? 0, ((led[7] ?? 0) + (led[8] ?? 0) * 256) * 100);
    }
    return { code: 0x40, data: [] };
  }

  #buzz(data: Uint8Array): Answer {
    if (data.length !== 5) return this.#refuse('BUZ takes 5 bytes');
    if (data[1] === 2) this.#options.onBeep(data[4] ?? 0, (data[2] ?? 0) * 100);
    return { code: 0x40, data: [] };
  }

  /** The answer still comes from the old address, at the old speed. Readers that share a bus keep its speed. */
  #comset(data: Uint8Array): Answer {
    const [address = 0] = data;
    if (data.length !== 5 || address > 126) return nak(NAK.cannot);
    const baud = Buffer.from(data).readUInt32LE(1);
    const isMoved = baud !== this.baud;
    if (isMoved && !(this.#options.isAlone && BAUDS.includes(baud))) return nak(NAK.cannot);
    const answer = { code: 0x54, data: [...data], address: this.address };
    this.address = address;
    this.baud = baud;
    return answer;
  }

  #keyset(data: Uint8Array): Answer {
    if (!this.isSecure) return nak(NAK.security);
    if (data.length !== 18 || data[0] !== 1 || data[1] !== 16)
      return this.#refuse('KEYSET takes a key of 16 bytes');
    this.key = data.slice(2);
    return { code: 0x40, data: [] };
  }

  #challenge({ block, data }: BusCommand): Answer {
    const isDefault = block?.[1] === 0;
    // The default key opens a reader only as long as it has no other.
    if (block?.[0] !== 0x11 || data.length !== 8 || isDefault !== (this.key === undefined)) {
      return nak(NAK.security);
    }
    const rndB = this.#options.random.bytes(8);
    this.#session = new ReaderSession(this.key ?? DEFAULT_KEY, data, rndB);
    const clientId = [...VENDOR, ...this.#serial(), 0];
    return {
      code: 0x76,
      data: [...clientId, ...rndB, ...this.#session.clientCryptogram],
      block: [0x12, Number(!isDefault)],
    };
  }

  #serverCryptogram({ block, data }: BusCommand): Answer {
    const session = this.#session;
    if (session === undefined || block?.[0] !== 0x13) return nak(NAK.security);
    const isRight = session.accepts(data);
    if (!isRight) this.#session = undefined;
    return { code: 0x78, data: [...session.rMacI], block: [0x14, isRight ? 1 : 0xff], isHandshake: true };
  }

  #refuse(reason: string): Answer {
    this.#options.onRefused(reason);
    return nak(NAK.cannot);
  }

  #encode(
    { sequence, crc }: BusCommand,
    answer: Answer,
    { sequence: other, isClear = false }: { sequence?: number; isClear?: boolean } = {},
  ): Uint8Array {
    const { code, data, block, address = this.address } = answer;
    const plain: BusReply = { address, sequence: other ?? sequence, crc, code, data: Uint8Array.from(data) };
    const isEvent = code === 0x50 || code === 0x53 || code === 0x57 || code === 0x58;
    const isDowngraded = this.faults.clear > 0 && isEvent;
    if (isDowngraded) this.faults.clear -= 1;
    const session = this.#session;
    if (session?.isOpen !== true || isClear || answer.isHandshake === true || isDowngraded) {
      const reply = block === undefined ? plain : { ...plain, block: Uint8Array.from(block) };
      return closeWithCheck(assemble(reply, false), crc);
    }
    const sealed =
      data.length === 0
        ? { ...plain, block: Uint8Array.of(0x16) }
        : { ...plain, block: Uint8Array.of(0x18), data: session.encrypt(plain.data) };
    const signed = assemble(sealed, true);
    return closeWithCheck(Buffer.concat([signed, session.sign(signed)]), crc);
  }

  #serial(): number[] {
    return [0x78, 0x56, 0x34, this.#options.address];
  }
}

interface Answer {
  code: number;
  data: readonly number[];
  block?: readonly number[];
  /** Of a reply that still comes from an earlier address. */
  address?: number;
  isHandshake?: true;
}

const nak = (reason: number): Answer => ({ code: 0x41, data: [reason] });
