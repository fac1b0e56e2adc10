import { RollcallError } from '@rollcall/protocol/errors';
import type { DeviceModel, Firmware, FirmwareCommand, FirmwareContext } from './device.js';
import type { LightColor } from './device-event.js';
import { BusReceiver } from './osdp/bus-packets.js';
import { ReaderFingerSensor } from './osdp/finger-sensor.js';
import { OsdpReader } from './osdp/reader.js';
import { CARD_FORMATS, type CardFormat, cardBits, packBits } from './wiegand-bits.js';

/** From the last byte of a command to the first of the answer: what a reader needs to think and turn the line around. */
const TURNAROUND_MS = 3;
const KEYS_PATTERN = /^[0-9*#]{1,32}$/;
const KEY_PATTERN = /^[0-9a-f]{32}$/i;
const COLORS: readonly LightColor[] = ['off', 'red', 'green', 'amber'];

/** All readers of one RS-485 bus behind one port; cards, keys and faults concern the one that was chosen. */
export class OsdpBus implements Firmware {
  readonly readers: readonly OsdpReader[];
  readonly #context: FirmwareContext;
  readonly #receiver = new BusReceiver();
  readonly #cancelAnswers = new Set<() => void>();
  #lateMs = 0;
  /** Of the line at this moment. */
  #baud: number;
  #chosen: OsdpReader;
  /** Where the finger lies; another reader may have been chosen meanwhile. */
  #touched: OsdpReader | undefined;

  constructor(context: FirmwareContext, baud: number) {
    this.#context = context;
    const { settings } = context;
    const addresses = (settings['addresses'] ?? '0').split(',').map((text) => wholeNumber('addresses', text));
    const key = settings['scbk'];
    if (key !== undefined && !KEY_PATTERN.test(key)) throw misuse('scbk takes 32 hex digits');
    this.#baud = baud;
    const isAlone = addresses.length === 1;
    this.readers = addresses.map((address) => this.#makeReader({ address, baud, isAlone }));
    const [first] = this.readers;
    if (first === undefined) throw misuse('addresses takes at least one number');
    this.#chosen = first;
  }

  readonly commands: readonly FirmwareCommand[] = [
    { usage: 'address <n>', run: ([text]) => this.choose(wholeNumber('address', text)) },
    { usage: 'keys <digits>', run: ([text = '']) => this.press(text) },
    { usage: 'tamper <on|off>', run: ([text]) => this.#chosen.setStatus({ tamper: onOff('tamper', text) }) },
    {
      usage: 'power-fails <on|off>',
      run: ([text]) => this.#chosen.setStatus({ power: onOff('power-fails', text) }),
    },
    { usage: 'reboot', run: () => this.#chosen.reboot() },
    { usage: 'reset-key', run: () => this.setKey(undefined) },
    { usage: 'scbk <hex>', run: ([text = '']) => this.setKey(text) },
    { usage: 'busy [n]', run: ([text]) => this.#spoil('busy', text) },
    { usage: 'drop-reply [n]', run: ([text]) => this.#spoil('drop', text) },
    { usage: 'bad-mac [n]', run: ([text]) => this.#spoil('badMac', text) },
    { usage: 'unsecured [n]', run: ([text]) => this.#spoil('clear', text) },
    { usage: 'replay [n]', run: ([text]) => this.#spoil('replay', text) },
    {
      usage: 'late <ms>',
      run: ([text]) => {
        this.#lateMs = wholeNumber('late', text);
      },
    },
  ];

  get configured(): unknown {
    return this.readers.map(({ address, key, baud }) => ({ address, key, baud }));
  }

  powerOn(): void {
    for (const reader of this.readers) reader.reboot();
  }

  powerOff(): void {
    for (const cancel of this.#cancelAnswers) cancel();
    this.#cancelAnswers.clear();
    this.#receiver.reset();
  }

  hostOpened(): void {
    // A bus has no line that would tell.
  }

  cardIn(uid: Uint8Array): void {
    const format = CARD_FORMATS.find((name) => name === this.#context.profile) ?? 'csn';
    const bits = cardBits(format, uid);
    if (bits === undefined) {
      this.#context.refuse(`a card of ${uid.length} bytes does not fit ${format}`);
      return;
    }
    this.#chosen.report({ code: 0x50, data: rawData(bits, format) });
  }

  cardOut(): void {
    // Readers do not report that a card has gone.
  }

  fingerIn(finger: string): void {
    this.#touched = this.#chosen;
    this.#touched.fingerIn(finger);
  }

  fingerOut(): void {
    this.#touched?.fingerOut();
  }

  receive(bytes: Uint8Array): void {
    this.#receiver.push(bytes);
    for (let command = this.#receiver.take(); command !== undefined; command = this.#receiver.take()) {
      // A packet that failed its check could have been for anybody: nobody answers.
      if (command === 'damaged') continue;
      for (const reader of this.readers) {
        if (command.address !== reader.address && command.address !== 0x7f) continue;
        const answer = reader.answer(command);
        if (answer !== undefined) this.#answerSoon(answer, reader.baud);
      }
    }
  }

  ghostFrame(): Uint8Array {
    // An answer that nobody asked for, as from a reader of the same address.
    return Uint8Array.of(0x53, 0x80 + this.#chosen.address, 0x08, 0x00, 0x00, 0x40);
  }

  choose(address: number): OsdpReader {
    const reader = this.readers.find((one) => one.address === address);
    if (reader === undefined) throw misuse(`no reader of this bus has address ${address}`);
    this.#chosen = reader;
    return reader;
  }

  /** Keys of the keypad, as ASCII with 0D for # and 7F for *. */
  press(keys: string): void {
    if (!KEYS_PATTERN.test(keys)) throw misuse('keys takes digits, * and #');
    const codes = [...keys].map((key) => ({ '#': 0x0d, '*': 0x7f })[key] ?? key.charCodeAt(0));
    this.#chosen.report({ code: 0x53, data: Uint8Array.of(0, codes.length, ...codes) });
  }

  setKey(hex: string | undefined): void {
    if (hex !== undefined && !KEY_PATTERN.test(hex)) throw misuse('scbk takes 32 hex digits');
    this.#chosen.key = hex === undefined ? undefined : Buffer.from(hex, 'hex');
    this.#chosen.reboot();
  }

  #makeReader(place: { address: number; baud: number; isAlone: boolean }): OsdpReader {
    const context = this.#context;
    const { settings, random, rates, clock } = context;
    const key = settings['scbk'];
    const nowMs = (): number => clock.monoMs();
    const parts = settings['parts'] ?? 'whole';
    if (parts !== 'whole' && parts !== 'rest') throw misuse('parts takes whole or rest');
    const abort = settings['abort'] ?? 'clean';
    if (abort !== 'clean' && abort !== 'late' && abort !== 'unknown')
      throw misuse('abort takes clean, late or unknown');
    const hasFingers = settings['fingers'] === 'on';
    return new OsdpReader({
      ...place,
      key: key === undefined ? undefined : Buffer.from(key, 'hex'),
      isStrict: settings['secure'] === 'required',
      fingers: hasFingers ? new ReaderFingerSensor({ random, rates, nowMs, parts, abort }) : undefined,
      packetBytes: wholeNumber('packet', settings['packet'] ?? '512'),
      random,
      nowMs,
      onLight: (color, ms) => context.showLight(COLORS[color] ?? 'off', ms),
      onBeep: (count, ms) => context.beep(count, ms),
      onRefused: (reason) => context.refuse(reason),
    });
  }

  #spoil(fault: keyof OsdpReader['faults'], count = '1'): void {
    this.#chosen.faults[fault] = wholeNumber(fault, count);
  }

  /** @param baud from then on: a reader that was told another speed answers at the old one */
  #answerSoon(answer: Uint8Array, baud: number): void {
    const delayMs = TURNAROUND_MS + this.#lateMs;
    this.#lateMs = 0;
    const cancel = this.#context.clock.after(delayMs, () => {
      this.#cancelAnswers.delete(cancel);
      this.#context.send(answer);
      if (baud === this.#baud) return;
      this.#baud = baud;
      this.#context.setBaud(baud);
    });
    this.#cancelAnswers.add(cancel);
  }
}

function rawData(bits: string, format: CardFormat): Uint8Array {
  return Uint8Array.of(0, format === 'csn' ? 0 : 1, bits.length, 0, ...packBits(bits));
}

function wholeNumber(name: string, text = ''): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw misuse(`${name} takes a whole number`);
}

function onOff(name: string, text = ''): boolean {
  if (text !== 'on' && text !== 'off') throw misuse(`${name} takes on or off`);
  return text === 'on';
}

const misuse = (message: string): RollcallError => new RollcallError('REQUEST_INVALID', `OSDP: ${message}.`);

export const osdp: DeviceModel = {
  id: 'osdp',
  title: 'OSDP reader with keypad, or a bus of them',
  profiles: [
    { id: 'wiegand26', title: 'cards as 26 bits (3 bytes of a card)', baud: 9600 },
    { id: 'wiegand34', title: 'cards as 34 bits (4 bytes)', baud: 9600 },
    { id: 'wiegand35', title: 'cards as 35 bits, Corporate 1000 (4 bytes)', baud: 9600 },
    { id: 'wiegand37', title: 'cards as 37 bits (5 bytes, the first up to 07)', baud: 9600 },
    { id: 'csn', title: 'the serial number of the card without a format', baud: 9600 },
  ],
  uidBytes: [3, 4, 5, 7, 8, 10],
  readsFingers: true,
  settings: [
    'addresses=1,2,3',
    'scbk=<32 hex digits>',
    'secure=required',
    'fingers=on',
    'packet=128',
    'parts=whole|rest',
    'abort=clean|late|unknown',
  ],
  boot: (context) => new OsdpBus(context, context.baud),
};
