import { hexNumber, tenDigits } from './card-number.js';
import type { DeviceModel, Firmware, FirmwareContext } from './device.js';

/** Scanned data report (HID point of sale usage tables; USB-HID note §2). */
const REPORT_ID = 0x02;
const REPORT_BYTES = 64;
const DATA_BYTES_MAX = 56;
const SYMBOLOGY_AT = 61;
const CONTINUED_AT = 63;
const HONEYWELL_ENABLE_ID = 0xfe;

export interface PosStyle {
  /** AIM identifier of the symbology. */
  aim: string;
  /** The vendor's own code of it. */
  symbology: number;
  /** One more byte between length and identifier, as some models have it. */
  isShifted?: boolean;
  /** Bytes of each report; the rest follows in the next one. */
  partBytes?: number;
}

/** The reports of one scanned code. */
export function scannedReports(
  text: string,
  { aim, symbology, isShifted = false, partBytes = DATA_BYTES_MAX }: PosStyle,
): Uint8Array[] {
  const reports: Uint8Array[] = [];
  for (let from = 0; from < text.length; from += partBytes) {
    const part = text.slice(from, from + partBytes);
    const report = new Uint8Array(REPORT_BYTES);
    report[0] = REPORT_ID;
    report[1] = part.length;
    report.set(Buffer.from(aim + part, 'latin1'), isShifted ? 3 : 2);
    report[SYMBOLOGY_AT] = symbology;
    report[CONTINUED_AT] = from + partBytes < text.length ? 1 : 0;
    reports.push(report);
  }
  return reports;
}

const CODE_128 = { aim: ']C0', symbology: 0x6a };
const QR = { aim: ']Q1', symbology: 0x73 };
const SCANS: Readonly<Record<string, (uid: Uint8Array) => Uint8Array[]>> = {
  code128: (uid) => scannedReports(tenDigits(uid), CODE_128),
  'qr-hex': (uid) => scannedReports(hexNumber(uid), QR),
  shifted: (uid) => scannedReports(`${tenDigits(uid)}\r`, { ...CODE_128, isShifted: true }),
  parts: (uid) => scannedReports(hexNumber(uid), { ...QR, partBytes: 6 }),
  honeywell: (uid) => scannedReports(tenDigits(uid), CODE_128),
};

class PosFirmware implements Firmware {
  readonly #context: FirmwareContext;
  #isEnabled: boolean;

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.#isEnabled = context.profile !== 'honeywell';
  }

  get configured(): boolean {
    return this.#isEnabled;
  }

  powerOn(): void {
    // A Honeywell has to be told again after each plug.
    this.#isEnabled = this.#context.profile !== 'honeywell';
  }

  powerOff(): void {
    // It has nothing under way.
  }

  hostOpened(): void {
    // It does not know who reads it.
  }

  cardIn(uid: Uint8Array): void {
    if (!this.#isEnabled) return;
    for (const report of SCANS[this.#context.profile]?.(uid) ?? []) this.#context.send(report);
  }

  cardOut(): void {
    // A code is read once.
  }

  receive(): void {
    // Trigger and beeper reports: this one has a button.
  }

  setFeature(report: Uint8Array): boolean {
    if (this.#context.profile !== 'honeywell' || report[0] !== HONEYWELL_ENABLE_ID) return false;
    this.#isEnabled = report[1] === 1;
    return true;
  }

  ghostFrame(): Uint8Array {
    return (
      scannedReports('9780131103627', { aim: ']E0', symbology: 0x64 })[0] ?? new Uint8Array(REPORT_BYTES)
    );
  }
}

export const hidPos: DeviceModel = {
  id: 'hid-pos',
  title: 'HID-POS barcode and QR scanner',
  connection: 'reports',
  profiles: [
    { id: 'code128', title: 'ten digits as Code 128', baud: 0 },
    { id: 'qr-hex', title: 'hex digits as QR', baud: 0 },
    { id: 'shifted', title: 'one more byte before the identifier, CR behind the number', baud: 0 },
    { id: 'parts', title: 'a code in several reports', baud: 0 },
    { id: 'honeywell', title: 'silent until feature report 254 enables it', baud: 0 },
  ],
  uidBytes: [4, 5, 7],
  boot: (context) => new PosFirmware(context),
};
