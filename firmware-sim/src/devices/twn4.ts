import type { DeviceModel, Firmware, FirmwareContext } from './device.js';
import type { LightColor } from './device-event.js';

const CR = 0x0d;
const COMMAND_CHARACTERS_MAX = 600;
const VERSION = 'TWN4/B1.08/NCF3.01/PRS1.04';
const ANSWER_MS = 3;
/** A search lasts as long as the antennas need. */
const SEARCH_MS = 25;

const OK = '00';
const UNKNOWN_FUNCTION = '01';
const MISSING_PARAMETER = '02';
const UNUSED_PARAMETERS = '03';
const PARSER_ERROR = '05';
/** Binary commands are as short as lines are. */
const COMMAND_BYTES_MAX = COMMAND_CHARACTERS_MAX / 2;

type Form = 'line' | 'binary' | 'binary-crc';

/** Types of the tags and their place in the masks of SetTagTypes, by the length of the number (DocRev25). */
const EM4102 = 0x40;
const MIFARE = 0x80;
const FELICA = 0x85;

/** Parameters in bytes after the two of the function. */
const PARAMETER_BYTES: Readonly<Record<string, number>> = {
  '0003': 0,
  '0004': 1,
  '0500': 1,
  '0501': 0,
  '0502': 8,
  '0407': 7,
  '0410': 1,
  '0411': 1,
  '0412': 1,
  '0413': 1,
  '0414': 5,
};

const byte = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** The simple protocol of a TWN4: one command in, one answer out, and never a word unasked. */
class Twn4Firmware implements Firmware {
  readonly #context: FirmwareContext;
  readonly #form: Form;
  #command = '';
  /** Of a binary command that is not whole yet; it is waited for, for ever. */
  #held: number[] = [];
  #card: Uint8Array | undefined;
  #masks = { low: 0xffffffff, high: 0xffffffff };
  #cancelAnswers = new Set<() => void>();
  #bootMs = 0;

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.#form = context.profile.startsWith('binary') ? (context.profile as Form) : 'line';
  }

  get configured(): { low: number; high: number } {
    return this.#masks;
  }

  powerOn(): void {
    this.#command = '';
    this.#held = [];
    this.#bootMs = this.#context.clock.monoMs();
    this.#masks = { low: 0xffffffff, high: 0xffffffff };
  }

  powerOff(): void {
    for (const cancel of this.#cancelAnswers) cancel();
    this.#cancelAnswers.clear();
    this.#card = undefined;
  }

  hostOpened(): void {
    // Its USB is its own: nothing is reset.
  }

  cardIn(uid: Uint8Array): void {
    this.#card = uid;
  }

  cardOut(): void {
    this.#card = undefined;
  }

  receive(bytes: Uint8Array): void {
    if (this.#form !== 'line') {
      this.#held.push(...bytes);
      while (this.#takeBinary());
      return;
    }
    for (const value of bytes) {
      if (value === CR) {
        const command = this.#command;
        this.#command = '';
        if (command !== '') this.#onCommand(command);
      } else if (this.#command.length < COMMAND_CHARACTERS_MAX) {
        this.#command += String.fromCharCode(value);
      }
    }
  }

  /** An answer of a search that nobody waits for any more. */
  ghostFrame(): Uint8Array {
    return framed('0000', this.#form);
  }

  /** Takes one command behind its length; false when more has to come. */
  #takeBinary(): boolean {
    const [low, high] = this.#held;
    if (low === undefined || high === undefined) return false;
    const length = low + high * 256;
    if (this.#held.length < length + 2) return false;
    const body = this.#held.splice(0, length + 2).slice(2);
    const command = this.#form === 'binary' ? body : body.slice(0, -2);
    const isWhole = this.#form === 'binary' || sameBytes(body.slice(-2), crcBytes(command));
    if (isWhole && length <= COMMAND_BYTES_MAX) {
      this.#onCommand(Buffer.from(command).toString('hex'));
    } else {
      this.#context.refuse('checksum or length');
      this.#answer(PARSER_ERROR);
    }
    return true;
  }

  #onCommand(command: string): void {
    if (!/^(?:[0-9A-Fa-f]{2})+$/.test(command)) {
      this.#context.refuse('no hex digits');
      this.#answer(PARSER_ERROR);
      return;
    }
    const name = command.slice(0, 4).toUpperCase();
    const parameters = Buffer.from(command.slice(4), 'hex');
    const expected = PARAMETER_BYTES[name];
    if (expected === undefined) {
      this.#context.refuse(`function ${name}`);
      this.#answer(UNKNOWN_FUNCTION);
    } else if (parameters.length !== expected) {
      this.#context.refuse(`parameters of ${name}`);
      this.#answer(parameters.length < expected ? MISSING_PARAMETER : UNUSED_PARAMETERS);
    } else {
      this.#execute(name, parameters);
    }
  }

  #execute(name: string, parameters: Buffer): void {
    const [first = 0] = parameters;
    switch (name) {
      case '0003': {
        const ticks = Buffer.alloc(4);
        ticks.writeUInt32LE(Math.floor(this.#context.clock.monoMs() - this.#bootMs));
        this.#answer(OK + ticks.toString('hex').toUpperCase());
        return;
      }
      case '0004': {
        const text = Buffer.from(VERSION.slice(0, first), 'latin1');
        this.#answer(OK + byte(text.length) + text.toString('hex').toUpperCase());
        return;
      }
      case '0500':
        this.#answer(this.#search(first), SEARCH_MS);
        return;
      case '0502':
        this.#masks = { low: parameters.readUInt32LE(0), high: parameters.readUInt32LE(4) };
        break;
      case '0407': {
        const onMs = parameters.readUInt16LE(3);
        this.#context.beep(1, onMs);
        this.#answer(OK, onMs + parameters.readUInt16LE(5));
        return;
      }
      case '0411':
        this.#context.showLight(colorOf(first), 0);
        break;
      case '0412':
        this.#context.showLight('off', 0);
        break;
      default:
        break;
    }
    this.#answer(OK);
  }

  #search(bytesMax: number): string {
    const card = this.#card;
    if (card === undefined) return `${OK}00`;
    const type = typeOf(card);
    const mask = type < 0x80 ? this.#masks.low : this.#masks.high;
    if (((mask >>> (type & 0x1f)) & 1) === 0 || card.length > bytesMax) return `${OK}00`;
    const id = Buffer.from(card).toString('hex').toUpperCase();
    return `${OK}01${byte(type)}${byte(card.length * 8)}${byte(card.length)}${id}`;
  }

  #answer(text: string, delayMs = ANSWER_MS): void {
    const cancel = this.#context.clock.after(delayMs, () => {
      this.#cancelAnswers.delete(cancel);
      this.#context.send(framed(text, this.#form));
    });
    this.#cancelAnswers.add(cancel);
  }
}

function typeOf(card: Uint8Array): number {
  if (card.length === 5) return EM4102;
  return card.length === 8 ? FELICA : MIFARE;
}

function colorOf(mask: number): LightColor {
  if (mask & 0x02) return 'green';
  return mask & 0x01 ? 'red' : 'amber';
}

/** An answer in hex digits as it goes over the line. */
export function framed(hex: string, form: Form): Uint8Array {
  if (form === 'line') return Uint8Array.from([...Buffer.from(hex, 'latin1'), CR]);
  const answer = [...Buffer.from(hex, 'hex')];
  const body = form === 'binary' ? answer : [...answer, ...crcBytes(answer)];
  return Uint8Array.from([body.length % 256, Math.floor(body.length / 256), ...body]);
}

/** Elatec's own form of CRC-16/MCRF4XX, without a table; the low byte goes first. */
function crcBytes(bytes: readonly number[]): [number, number] {
  let crc = 0xffff;
  for (const value of bytes) {
    let mixed = value ^ (crc & 0xff);
    mixed ^= (mixed << 4) & 0xff;
    crc = ((mixed << 8) | (crc >> 8)) ^ (mixed >> 4) ^ (mixed << 3);
    crc &= 0xffff;
  }
  return [crc & 0xff, crc >> 8];
}

const sameBytes = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((value, at) => value === other[at]);

export const twn4: DeviceModel = {
  id: 'twn4',
  title: 'Elatec TWN4 reader',
  profiles: [
    { id: 'twn4', title: 'simple protocol, ASCII without CRC', baud: 9600 },
    { id: 'binary', title: 'simple protocol, binary without CRC', baud: 9600 },
    { id: 'binary-crc', title: 'simple protocol, binary with CRC', baud: 9600 },
  ],
  uidBytes: [4, 5, 7, 8, 10],
  boot: (context) => new Twn4Firmware(context),
};
