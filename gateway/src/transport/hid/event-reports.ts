import { USAGE_BY_KEY_CODE } from './key-usages.js';

/** `struct input_event` of a 64-bit system: two times of 8 bytes, type, code, value. */
export const EVENT_BYTES = 24;
const EV_SYN = 0;
const EV_KEY = 1;
const EV_MSC = 4;
const SYN_REPORT = 0;
const SYN_DROPPED = 3;
const MSC_SCAN = 4;
const KEYBOARD_PAGE = 0x07;
const KEY_UP = 0;
const KEY_DOWN = 1;
const FIRST_MODIFIER = 0xe0;
const LAST_MODIFIER = 0xe7;
const KEYS_MAX = 6;
const ERROR_UNDEFINED = 0x03;

/**
 * Turns input events into boot keyboard reports (HID 1.11 appendix B.1), so that a driver decodes one thing however
 * its keyboard is read. Each packet becomes one report. The scan code wins over the key code: a key map of the
 * system must not change a card.
 */
export class EventReports {
  readonly #onReport: (report: Uint8Array) => void;
  /** Usages of the keys that are down, in the order in which they went down. */
  readonly #held = new Set<number>();
  #scanUsage: number | undefined;
  #hasChanged = false;
  /** The kernel's buffer overflowed: what follows until the end of the packet is a remainder. */
  #isDropped = false;

  constructor(onReport: (report: Uint8Array) => void) {
    this.#onReport = onReport;
  }

  /** Takes whole records, as one read of the device gives them; the rest of a broken one is left out. */
  push(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + EVENT_BYTES <= bytes.length; at += EVENT_BYTES) {
      this.#onEvent(
        view.getUint16(at + 16, true),
        view.getUint16(at + 18, true),
        view.getInt32(at + 20, true),
      );
    }
  }

  #onEvent(type: number, code: number, value: number): void {
    if (type === EV_SYN) this.#onSync(code);
    else if (this.#isDropped) return;
    else if (type === EV_MSC && code === MSC_SCAN) {
      this.#scanUsage = value >>> 16 === KEYBOARD_PAGE ? value & 0xffff : undefined;
    } else if (type === EV_KEY) {
      const usage = this.#scanUsage ?? USAGE_BY_KEY_CODE.get(code);
      this.#scanUsage = undefined;
      // A repeated key (value 2) is the kernel's, not the reader's.
      if (usage === undefined || (value !== KEY_UP && value !== KEY_DOWN)) return;
      if (value === KEY_DOWN) this.#held.add(usage);
      else this.#held.delete(usage);
      this.#hasChanged = true;
    }
  }

  #onSync(code: number): void {
    if (code === SYN_DROPPED) {
      this.#isDropped = true;
      this.#held.clear();
      this.#onReport(Uint8Array.of(0, 0, ...new Array<number>(KEYS_MAX).fill(ERROR_UNDEFINED)));
    } else if (code === SYN_REPORT) {
      if (this.#hasChanged && !this.#isDropped) this.#onReport(this.#report());
      this.#hasChanged = false;
      this.#isDropped = false;
      this.#scanUsage = undefined;
    }
  }

  #report(): Uint8Array {
    const report = new Uint8Array(2 + KEYS_MAX);
    let at = 2;
    for (const usage of this.#held) {
      if (usage >= FIRST_MODIFIER && usage <= LAST_MODIFIER)
        report[0] = (report[0] ?? 0) | (1 << (usage - FIRST_MODIFIER));
      else if (at < report.length) report[at++] = usage;
    }
    return report;
  }
}
