import { facilityAndCard, hexNumber, tenDigits } from './card-number.js';
import type { DeviceModel, Firmware, FirmwareContext } from './device.js';

/** From one report to the next: readers type every 2 to 20 ms (USB-HID note §1). */
const REPORT_GAP_MS = 4;
const REPORT_BYTES = 8;
const LEFT_SHIFT = 0x02;
const ENTER = 0x28;
const TAB = 0x2b;
/** Keys of a US keyboard by what they write, first row plain, second with Shift (HID usage tables §10). */
const PLAIN = ['abcdefghijklmnopqrstuvwxyz1234567890', 0x04] as const;
const SIGNS: Readonly<Record<string, { usage: number; isShifted: boolean }>> = {
  '\n': { usage: ENTER, isShifted: false },
  '\t': { usage: TAB, isShifted: false },
  ',': { usage: 0x36, isShifted: false },
  ';': { usage: 0x33, isShifted: false },
  '?': { usage: 0x38, isShifted: true },
};
/** What flaky readers were seen to type without a card: nothing but the end. */
const GHOST = '\n';

function keyOf(character: string): { usage: number; isShifted: boolean } {
  const sign = SIGNS[character];
  if (sign !== undefined) return sign;
  const [row, first] = PLAIN;
  const at = row.indexOf(character.toLowerCase());
  return { usage: first + at, isShifted: character !== character.toLowerCase() };
}

export interface TypingStyle {
  /** Leaves out the report with everything up between different keys. */
  rollsOver?: boolean;
}

/** The reports of a text: each key down, and everything up (HID 1.11 appendix B.1). */
export function typedReports(text: string, { rollsOver = false }: TypingStyle = {}): Uint8Array[] {
  const reports: Uint8Array[] = [];
  const up = new Uint8Array(REPORT_BYTES);
  let before: { usage: number; isShifted: boolean } | undefined;
  for (const character of text) {
    const key = keyOf(character);
    if (rollsOver && before !== undefined) {
      // Without a change of Shift the next key goes down first and the last one up after it.
      if (before.usage === key.usage || before.isShifted !== key.isShifted) reports.push(up);
      else reports.push(report(key.isShifted, before.usage, key.usage));
    }
    reports.push(report(key.isShifted, key.usage));
    if (!rollsOver) reports.push(up);
    before = key;
  }
  if (rollsOver) reports.push(up);
  return reports;
}

function report(isShifted: boolean, ...usages: number[]): Uint8Array {
  const bytes = new Uint8Array(REPORT_BYTES);
  bytes[0] = isShifted ? LEFT_SHIFT : 0;
  bytes.set(usages, 2);
  return bytes;
}

const TEXTS: Readonly<Record<string, (uid: Uint8Array) => string>> = {
  '8h10d': (uid) => `${tenDigits(uid)}\n`,
  'hex-rollover': (uid) => `${hexNumber(uid)}\n`,
  'hex-tab': (uid) => `${hexNumber(uid)}\t`,
  '2h4h-marks': (uid) => `;${facilityAndCard(uid)}?\n`,
  idle: (uid) => tenDigits(uid),
};

class KeyboardFirmware implements Firmware {
  readonly #context: FirmwareContext;
  #cancel: (() => void) | undefined;

  constructor(context: FirmwareContext) {
    this.#context = context;
  }

  powerOn(): void {
    // It says nothing until a card comes.
  }

  powerOff(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  hostOpened(): void {
    // A keyboard does not know who reads it.
  }

  /** Typed once, whole, even when the card leaves meanwhile. */
  cardIn(uid: Uint8Array): void {
    const { profile } = this.#context;
    const text = TEXTS[profile]?.(uid) ?? '';
    this.#type(typedReports(text, { rollsOver: profile === 'hex-rollover' }));
  }

  cardOut(): void {
    // Nothing is typed about a card that leaves.
  }

  receive(): void {
    // Lights of a keyboard (NumLock …): this one has none.
  }

  ghostFrame(): Uint8Array {
    return typedReports(GHOST)[0] ?? new Uint8Array(REPORT_BYTES);
  }

  #type(reports: readonly Uint8Array[]): void {
    this.#cancel?.();
    const [first, ...rest] = reports;
    this.#cancel = undefined;
    if (first === undefined) return;
    this.#context.send(first);
    this.#cancel = this.#context.clock.after(REPORT_GAP_MS, () => this.#type(rest));
  }
}

export const hidKeyboard: DeviceModel = {
  id: 'hid-keyboard',
  title: 'keyboard-emulating USB reader',
  connection: 'reports',
  profiles: [
    { id: '8h10d', title: 'ten decimal digits and Enter', baud: 0 },
    { id: 'hex-rollover', title: 'hex digits and Enter, the next key down before the last is up', baud: 0 },
    { id: 'hex-tab', title: 'hex digits and Tab', baud: 0 },
    { id: '2h4h-marks', title: 'facility,card between ; and ? and Enter', baud: 0 },
    { id: 'idle', title: 'ten decimal digits and nothing behind them', baud: 0 },
  ],
  uidBytes: [4, 5, 7, 10],
  boot: (context) => new KeyboardFirmware(context),
};
