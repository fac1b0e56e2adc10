import { RollcallError } from '@rollcall/protocol/errors';
import type { DeviceModel, Firmware, FirmwareCommand, FirmwareContext } from './device.js';
import { type CardFormat, cardBits } from './wiegand-bits.js';

/** How bridges print a frame (Wiegand note §4); `undefined` where a form has no way to say it. */
const FORMS: Readonly<Record<string, (bits: string, card: Uint8Array) => string | undefined>> = {
  named: (bits) => `W${bits.length} 01 ${hexOf(bits)}`,
  counted: (bits) => `${bits.length}:${hexOf(bits)}`,
  bits: (bits) => bits,
  payload: (_, card) => Buffer.from(card).toString('hex').toUpperCase(),
  pair: (_, card) => (card.length === 3 ? `${facility(card)},${number(card)}` : undefined),
  decimal: (_, card) => (card.length === 3 ? `${facility(card)}${number(card)}` : undefined),
};
const FORMAT_BY_BYTES: Readonly<Record<number, CardFormat>> = {
  3: 'wiegand26',
  4: 'wiegand34',
  5: 'wiegand37',
};
const KEYS = '0123456789*#';

/** A reader sends the frame of a card once; the bridge prints it as a line. */
class WiegandBridge implements Firmware {
  readonly #context: FirmwareContext;

  constructor(context: FirmwareContext) {
    this.#context = context;
  }

  readonly commands: readonly FirmwareCommand[] = [
    { usage: 'keys <digits>', run: ([keys = '']) => this.#press(keys, 4) },
    { usage: 'keys8 <digits>', run: ([keys = '']) => this.#press(keys, 8) },
    {
      usage: 'frame <bits>',
      run: ([bits = '']) => {
        if (!/^[01]{1,64}$/.test(bits)) throw misuse('frame takes 0s and 1s');
        this.#print(FORMS['counted']?.(bits, new Uint8Array()));
      },
    },
  ];

  powerOn(): void {
    // Silent: everything that a bridge says is a frame.
  }

  powerOff(): void {
    // Nothing runs without a frame.
  }

  hostOpened(): void {
    // A line end of its own ends what was half sent before.
    this.#print('');
  }

  cardIn(uid: Uint8Array): void {
    const format = FORMAT_BY_BYTES[uid.length];
    const bits = format === undefined ? undefined : cardBits(format, uid);
    const line = bits === undefined ? undefined : FORMS[this.#context.profile]?.(bits, uid);
    if (line === undefined) this.#context.refuse(`a card of ${uid.length} bytes does not fit this form`);
    this.#print(line);
  }

  cardOut(): void {
    // Wiegand says only that a card came.
  }

  receive(): void {
    // D0 and D1 go one way.
  }

  ghostFrame(): Uint8Array {
    // Noise on both lines, counted as bits.
    return Buffer.from('26:1555555\r\n', 'latin1');
  }

  #press(keys: string, bitCount: 4 | 8): void {
    if (!/^[0-9*#]{1,32}$/.test(keys)) throw misuse('keys takes digits, * and #');
    for (const key of keys) {
      const value = KEYS.indexOf(key);
      const code = bitCount === 4 ? value : (15 - value) * 16 + value;
      this.#print(FORMS['counted']?.(code.toString(2).padStart(bitCount, '0'), new Uint8Array()));
    }
  }

  #print(line: string | undefined): void {
    if (line !== undefined) this.#context.send(Buffer.from(`${line}\r\n`, 'latin1'));
  }
}

const hexOf = (bits: string): string =>
  BigInt(`0b${bits}`)
    .toString(16)
    .toUpperCase()
    .padStart(Math.ceil(bits.length / 4), '0');
const facility = (card: Uint8Array): string => String(card[0] ?? 0).padStart(3, '0');
const number = (card: Uint8Array): string => String((card[1] ?? 0) * 256 + (card[2] ?? 0)).padStart(5, '0');
const misuse = (message: string): RollcallError =>
  new RollcallError('REQUEST_INVALID', `Wiegand: ${message}.`);

export const wiegand: DeviceModel = {
  id: 'wiegand',
  title: 'Wiegand reader behind a serial bridge',
  profiles: [
    { id: 'named', title: 'W26 01 2F623AE', baud: 9600 },
    { id: 'counted', title: '26:2F623AE', baud: 9600 },
    { id: 'bits', title: '10111101100010001110101110', baud: 9600 },
    { id: 'payload', title: '7B11D7, without the parity', baud: 9600 },
    { id: 'pair', title: '123,04567 (cards of 3 bytes)', baud: 9600 },
    { id: 'decimal', title: '12304567 (cards of 3 bytes)', baud: 9600 },
  ],
  uidBytes: [3, 4, 5],
  boot: (context) => new WiegandBridge(context),
};
