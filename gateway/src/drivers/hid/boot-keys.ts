/** Modifiers, a reserved byte, up to six keys (HID 1.11 appendix B.1). */
export const BOOT_REPORT_BYTES = 8;
const FIRST_KEY = 2;
/** More keys are down than the device can tell; it goes on by itself. */
const ERROR_ROLLOVER = 0x01;
const LAST_ERROR = 0x03;
const SHIFTS = 0x22;

export interface KeyPress {
  usage: number;
  isShifted: boolean;
  /** Ctrl, Alt or GUI were down: no character is meant. */
  isCommand: boolean;
}

export type BootResult =
  | { type: 'pressed'; keys: KeyPress[] }
  /** The device lost track of its keys. */
  | { type: 'lost' }
  | { type: 'malformed' };

/**
 * Finds the keys that went down: those of a report that were not in the one before. Some readers leave out the report
 * in which everything is up.
 */
export class BootKeys {
  #held: ReadonlySet<number> = new Set();

  push(report: Uint8Array): BootResult {
    if (report.length !== BOOT_REPORT_BYTES || report[1] !== 0) return { type: 'malformed' };
    const codes = [...report.subarray(FIRST_KEY)].filter((code) => code !== 0);
    if (codes.some((code) => code === ERROR_ROLLOVER)) return { type: 'pressed', keys: [] };
    if (codes.some((code) => code <= LAST_ERROR)) return { type: 'lost' };
    if (new Set(codes).size !== codes.length) return { type: 'malformed' };
    const modifiers = report[0] ?? 0;
    const keys = codes
      .filter((usage) => !this.#held.has(usage))
      .map((usage) => ({
        usage,
        isShifted: (modifiers & SHIFTS) !== 0,
        isCommand: (modifiers & ~SHIFTS) !== 0,
      }));
    this.#held = new Set(codes);
    return { type: 'pressed', keys };
  }
}
