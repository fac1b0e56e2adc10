import type { DeviceModel, Firmware, FirmwareContext } from './device.js';

const COMMAND_BYTES_MAX = 256;
const INTER_BYTE_GAP_MS = 50;
const ADDRESS = 0x00;
const ANY_ADDRESS = 0xff;
const INFO_MS = 5;
const SEARCH_MS = 60;
/** In active mode a tag is told this often. */
const REPORT_MS = 100;
const STRENGTH = 0x4b;
const SERIAL = [0x01, 0xc4, 0xdd, 0x93, 0x8e, 0x17, 0x01];
const READER18_INFO = [0x02, 0x0e, 0x09, 0x03, 0x4e, 0x00, 0x1e, 0x0a];
const CT_INFO = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09];

type Family = '18' | '288' | 'ct';

/** UHF note, part A: a table-driven CRC-16/MCRF4XX. */
const CRC_TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++)
    value = value % 2 === 1 ? Math.floor(value / 2) ^ 0x8408 : Math.floor(value / 2);
  return value;
});

export function readerFrame(command: number, status: number, data: readonly number[]): Uint8Array {
  const body = [data.length + 5, ADDRESS, command, status, ...data];
  return Uint8Array.from([...body, ...crcBytes(body)]);
}

function crcBytes(bytes: readonly number[]): [number, number] {
  const crc = bytes.reduce((value, byte) => (CRC_TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >> 8), 0xffff);
  return [crc & 0xff, crc >> 8];
}

/** UHF note, part B: the sum over the whole frame is zero. */
export function ctFrame(command: number, status: number, data: readonly number[]): Uint8Array {
  const length = data.length + 4;
  const body = [0x43, 0x54, length >> 8, length & 0xff, ADDRESS, command, status, ...data];
  const sum = body.reduce((total, byte) => total + byte, 0);
  return Uint8Array.from([...body, (256 - (sum % 256)) % 256]);
}

/** UHF note, part B: plain text, and nothing to check it by. */
export function textFrame(tag: Uint8Array): Uint8Array {
  const digits = [...tag].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('');
  return Buffer.from(`\u0002${digits}\r\n\u0003`, 'latin1');
}

/** A UHF reader with one antenna. */
class ChafonFirmware implements Firmware {
  readonly #context: FirmwareContext;
  readonly #family: Family;
  readonly #isActive: boolean;
  /** Set to plain text instead of frames. */
  readonly #isText: boolean;
  #held: number[] = [];
  #heardMs = 0;
  #tag: Uint8Array | undefined;
  readonly #cancels = new Set<() => void>();

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.#isText = context.profile.endsWith('text');
    this.#isActive = this.#isText || context.profile.endsWith('active');
    this.#family = context.profile.startsWith('ct') ? 'ct' : context.profile.startsWith('288') ? '288' : '18';
  }

  powerOn(): void {
    this.#held = [];
  }

  powerOff(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#tag = undefined;
  }

  hostOpened(): void {
    // A serial line says nothing about who opened it.
  }

  cardIn(uid: Uint8Array): void {
    const isFirst = this.#tag === undefined;
    this.#tag = uid;
    if (this.#isActive && isFirst) this.#report();
  }

  cardOut(): void {
    this.#tag = undefined;
  }

  receive(bytes: Uint8Array): void {
    const nowMs = this.#context.clock.monoMs();
    // Half a command is given up when the host pauses in it.
    if (nowMs - this.#heardMs > INTER_BYTE_GAP_MS) this.#held = [];
    this.#heardMs = nowMs;
    this.#held.push(...bytes);
    this.#held.splice(0, Math.max(0, this.#held.length - COMMAND_BYTES_MAX));
    while (this.#takeCommand());
  }

  ghostFrame(): Uint8Array {
    return this.#tagFrame(this.#context.random.bytes(12));
  }

  /** Takes one command, or one byte that begins none; false when more has to come. */
  #takeCommand(): boolean {
    const held = this.#held;
    const [first = 0, second = 0, high = 0, low = 0] = held;
    const size = this.#family === 'ct' ? high * 256 + low + 4 : first + 1;
    const isStart =
      this.#family === 'ct' ? first === 0x53 && (held.length < 2 || second === 0x57) : first >= 4;
    if (held.length === 0) return false;
    if (!isStart) {
      held.shift();
      return true;
    }
    if (held.length < (this.#family === 'ct' ? 4 : 1) || held.length < size) return false;
    const frame = held.slice(0, size);
    held.splice(0, size);
    if (!this.#isWhole(frame)) {
      this.#context.refuse('checksum');
      return true;
    }
    const [address = 0, command = 0] = this.#family === 'ct' ? frame.slice(4) : frame.slice(1);
    if (address === ADDRESS || address === ANY_ADDRESS) this.#execute(command);
    return true;
  }

  #isWhole(frame: readonly number[]): boolean {
    if (this.#family === 'ct') return frame.reduce((sum, byte) => sum + byte, 0) % 256 === 0;
    const [low, high] = crcBytes(frame.slice(0, -2));
    return frame.at(-2) === low && frame.at(-1) === high;
  }

  #execute(command: number): void {
    if (command === 0x01) this.#later(SEARCH_MS, () => this.#answerInventory());
    else if (this.#family !== 'ct' && command === 0x21) this.#say(readerFrame(command, 0x00, READER18_INFO));
    else if (this.#family === 'ct' && command === 0x10) this.#say(ctFrame(command, 0x01, CT_INFO));
    else {
      this.#context.refuse(`command ${command.toString(16)}`);
      if (this.#family !== 'ct') this.#say(readerFrame(command, 0xfe, []));
    }
  }

  #answerInventory(): void {
    const tag = this.#tag;
    if (this.#family === 'ct') {
      this.#context.send(tag === undefined ? ctFrame(0x01, 0x00, []) : ctFrame(0x01, 0x01, ctTags(tag)));
    } else if (tag === undefined) {
      this.#context.send(
        this.#family === '288' ? readerFrame(0x01, 0x01, [0x01, 0x00]) : readerFrame(0x01, 0xfb, []),
      );
    } else {
      // What was found, and then that this was all.
      this.#context.send(this.#tagFrame(tag));
      this.#context.send(readerFrame(0x01, 0x01, this.#family === '288' ? [0x01, 0x00] : [0x00]));
    }
  }

  #report(): void {
    const tag = this.#tag;
    if (tag === undefined) return;
    this.#context.send(this.#tagFrame(tag));
    this.#later(REPORT_MS, () => this.#report());
  }

  #tagFrame(tag: Uint8Array): Uint8Array {
    if (this.#isText) return textFrame(tag);
    if (this.#family === 'ct') return ctFrame(0x45, 0x01, ctTags(tag));
    return this.#family === '288'
      ? readerFrame(0x01, 0x03, [0x01, 0x01, tag.length, ...tag, STRENGTH])
      : readerFrame(0x01, 0x03, [0x01, tag.length, ...tag]);
  }

  #say(frame: Uint8Array): void {
    this.#later(INFO_MS, () => this.#context.send(frame));
  }

  #later(delayMs: number, act: () => void): void {
    const cancel = this.#context.clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      act();
    });
    this.#cancels.add(cancel);
  }
}

/** Serial number, count, and for each: length, type, antenna, EPC, strength. */
function ctTags(tag: Uint8Array): number[] {
  return [...SERIAL, 0x01, tag.length + 3, 0x01, 0x01, ...tag, STRENGTH];
}

export const chafon: DeviceModel = {
  id: 'chafon',
  title: 'Chafon UHF reader',
  profiles: [
    { id: '18', title: 'UHFReader18, asked', baud: 57_600 },
    { id: '288', title: 'UHFReader288, asked', baud: 57_600 },
    { id: '18-active', title: 'UHFReader18 that reports by itself', baud: 57_600 },
    { id: 'ct', title: 'CT frames, asked', baud: 115_200 },
    { id: 'ct-text', title: 'plain text, reports by itself', baud: 115_200 },
    { id: 'ct-active', title: 'CT frames, reports by itself', baud: 115_200 },
  ],
  uidBytes: [8, 12, 16],
  boot: (context) => new ChafonFirmware(context),
};
