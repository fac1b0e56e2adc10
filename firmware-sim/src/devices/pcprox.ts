import type { DeviceModel, Firmware, FirmwareContext } from './device.js';
import { typedReports } from './hid-keyboard.js';

/** Feature reports without a number: a 0, and eight bytes (pcProx protocol of micolous/pcprox). */
const REPORT_BYTES = 8;
const PAGES = 3;
const FIRST_PAGE = 0x80;
const INFO = 0x8a;
const CARD_INFO = 0x8e;
const CARD_DATA = 0x8f;
const FINISH = 0x90;
/** Firmware 7.3.0, model 0x6081. */
const INFO_ANSWER = [0, 0, 0x30, 0x07, 0, 0x81, 0x60, 0];
/** Factory pages: one parity bit at each end, Enter behind the number, typing on. */
const FACTORY: readonly (readonly number[])[] = [
  [0x03, 0x05, 0x11, 0x10, 0x1a, 0x00, 0x28, 0x00],
  [0x00, 0x0c, 0x14, 0x14, 0x02, 0x02, 0x00, 0x00],
  [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
];
const HALT_KEYS = 0x80;
const HOST_HAS_LIGHTS = 0x02;
const GREEN = 0x02;
const RED = 0x01;
/** How long a card stays in its buffer (iIDHoldTO, page 1, in steps of 50 ms). */
const HOLD_STEP_MS = 50;
/** A light stays on until the host puts it out. */
const LIGHT_MS = 0;
const GHOST_TEXT = '\n';

const BITS_BY_PROFILE: Readonly<Record<string, number>> = {
  h10301: 26,
  w34: 34,
  c1000: 35,
  w37: 37,
  em4100: 40,
};

/** What lies between the card's bits and the host: parity stripped, silence kept, pages in memory. */
class PcproxFirmware implements Firmware {
  readonly #context: FirmwareContext;
  #pages: Uint8Array[] = [];
  #selected: number | undefined;
  #answer = new Uint8Array(REPORT_BYTES);
  #card: { raw: bigint; bits: number } | undefined;
  #wasDataAsked = false;
  #cancelHold: (() => void) | undefined;
  #litColor = 0;

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.powerOn();
  }

  get configured(): readonly Uint8Array[] {
    return this.#pages.map((page) => Uint8Array.from(page));
  }

  powerOn(): void {
    this.#pages = FACTORY.map((page) => Uint8Array.from(page));
    this.#selected = undefined;
    this.#litColor = 0;
  }

  powerOff(): void {
    this.#cancelHold?.();
    this.#card = undefined;
  }

  hostOpened(): void {
    // A keyboard does not know who reads it.
  }

  cardIn(uid: Uint8Array): void {
    this.#cancelHold?.();
    this.#card = withParity(uid, BITS_BY_PROFILE[this.#context.profile] ?? 0);
    this.#wasDataAsked = false;
    if (!this.#has(0, 7, HALT_KEYS)) {
      const { data } = this.#stripped();
      for (const report of typedReports(`${data.toString()}\n`)) this.#context.send(report);
    }
  }

  cardOut(): void {
    const holdMs = (this.#pages[1]?.[2] ?? 0) * HOLD_STEP_MS;
    this.#cancelHold?.();
    this.#cancelHold = this.#context.clock.after(holdMs, () => {
      this.#card = undefined;
    });
  }

  receive(): void {
    // Output reports: lights of a keyboard, which this one has not.
  }

  setFeature(report: Uint8Array): boolean {
    if (report.length !== 1 + REPORT_BYTES || report[0] !== 0) return false;
    const body = report.subarray(1);
    // A page is written right after it was selected; nothing else tells it from a command.
    if (this.#selected !== undefined) {
      this.#pages[this.#selected] = Uint8Array.from(body);
      this.#selected = undefined;
      return true;
    }
    this.#run(body);
    return true;
  }

  getFeature(): Uint8Array {
    this.#selected = undefined;
    return Uint8Array.of(0, ...this.#answer);
  }

  ghostFrame(): Uint8Array {
    return typedReports(GHOST_TEXT)[0] ?? new Uint8Array(REPORT_BYTES);
  }

  #run(body: Uint8Array): void {
    const [command = 0] = body;
    this.#selected = undefined;
    this.#answer = new Uint8Array(REPORT_BYTES);
    if (command >= FIRST_PAGE && command < FIRST_PAGE + PAGES) {
      this.#selected = command - FIRST_PAGE;
      this.#answer = Uint8Array.from(this.#pages[this.#selected] ?? []);
    } else if (command === INFO) this.#answer = Uint8Array.from(INFO_ANSWER);
    else if (command === CARD_DATA && this.#card !== undefined) {
      this.#wasDataAsked = true;
      this.#answer = lowestFirst(this.#stripped().data);
    } else if (command === CARD_INFO && this.#card !== undefined && this.#wasDataAsked) {
      const { bits } = this.#stripped();
      this.#answer = Uint8Array.of(bits, bits, 0, 0, 0, 0, 0, 0);
    } else if (command === FINISH) this.#showLights();
  }

  /** The bits without those that page 0 says to take off at each end. */
  #stripped(): { data: bigint; bits: number } {
    const { raw, bits } = this.#card ?? { raw: 0n, bits: 0 };
    const counts = this.#pages[0]?.[2] ?? 0;
    const lead = counts & 15;
    const trail = counts >> 4;
    const left = bits - lead - trail;
    return { data: (raw >> BigInt(trail)) & ((1n << BigInt(left)) - 1n), bits: left };
  }

  #showLights(): void {
    const lit = this.#has(2, 1, HOST_HAS_LIGHTS) ? (this.#pages[2]?.[0] ?? 0) & (GREEN | RED) : 0;
    if (lit === this.#litColor) return;
    this.#litColor = lit;
    if ((lit & GREEN) !== 0) this.#context.showLight('green', LIGHT_MS);
    else if ((lit & RED) !== 0) this.#context.showLight('red', LIGHT_MS);
    else this.#context.showLight('off', LIGHT_MS);
  }

  #has(page: number, at: number, flag: number): boolean {
    return ((this.#pages[page]?.[at] ?? 0) & flag) !== 0;
  }
}

/** The bits that the card sends: its number between parity bits, or all of an EM4100. */
function withParity(uid: Uint8Array, bits: number): { raw: bigint; bits: number } {
  const number = uid.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (bits === 40) return { raw: number, bits };
  const payloadBits = bits === 35 ? 32 : bits - 2;
  const payload = number & ((1n << BigInt(payloadBits)) - 1n);
  const text = payload.toString(2).padStart(payloadBits, '0');
  const half = Math.floor(payloadBits / 2);
  const lead = ones(text.slice(0, half)) % 2 === 0 ? '0' : '1';
  const trail = ones(text.slice(payloadBits - half)) % 2 === 0 ? '1' : '0';
  const inner = bits === 35 ? `${lead}${text}` : text;
  return { raw: BigInt(`0b${lead}${inner}${trail}`), bits };
}

function ones(text: string): number {
  return [...text].filter((bit) => bit === '1').length;
}

function lowestFirst(data: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: REPORT_BYTES }, (_, index) => Number((data >> BigInt(8 * index)) & 0xffn));
}

export const pcprox: DeviceModel = {
  id: 'pcprox',
  title: 'rf IDEAS pcProx',
  connection: 'reports',
  profiles: [
    { id: 'h10301', title: '26 bits: facility and card', baud: 0 },
    { id: 'w34', title: '34 bits', baud: 0 },
    { id: 'c1000', title: '35 bits, Corporate 1000', baud: 0 },
    { id: 'w37', title: '37 bits', baud: 0 },
    { id: 'em4100', title: '40 bits of an EM4100', baud: 0 },
  ],
  uidBytes: [3, 4, 5],
  boot: (context) => new PcproxFirmware(context),
};
