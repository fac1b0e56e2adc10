import type { Firmware, FirmwareContext } from '../device.js';
import { FingerTouch } from '../finger-touch.js';
import { isSameFinger, makeTemplate, searchLibrary } from '../simulated-finger.js';
import { dataPacket, Gt521fReader, little, response } from './packets.js';

export interface Gt521fProfile {
  id: string;
  title: string;
  baud: number;
  capacity: number;
  templateBytes: number;
  width: number;
  height: number;
}

const BOOT_MS = 300;
const DEFAULT_BAUD = 9_600;
const BAUDS: readonly number[] = [9_600, 19_200, 38_400, 57_600, 115_200];
const CAPTURE_MS = { fast: 120, best: 400 };
const SEARCH_MS = 150;
const SIMPLE_MS = 4;
/** From the answer to the first byte of a picture. */
const PICTURE_MS = 10;
const DPI = 450;
const CAPTURES = 3;
const RAW_IMAGE_BYTES = 160 * 120;
const NO_DUPLICATE_CHECK = 0xffff;

const ERROR = {
  badBaud: 0x1002,
  badId: 0x1003,
  notUsed: 0x1004,
  used: 0x1005,
  damaged: 0x1006,
  notVerified: 0x1007,
  notIdentified: 0x1008,
  empty: 0x100a,
  wrongStep: 0x100b,
  badFinger: 0x100c,
  notEnrolled: 0x100d,
  unknown: 0x100e,
  device: 0x100f,
  notPressed: 0x1012,
} as const;

/** An acknowledgement with a value, and data behind it; or an error. */
type Answer = { ack: number; data?: Uint8Array | (() => Uint8Array) } | { error: number };
const OK: Answer = { ack: 0 };

/** The program of a GT-521F or GT-511C (GT-511C1R data sheet; sparkfun Fingerprint_Scanner-TTL). */
export class Gt521fFirmware implements Firmware {
  readonly #context: FirmwareContext;
  readonly #profile: Gt521fProfile;
  readonly #reader = new Gt521fReader();
  readonly #library = new Map<number, Uint8Array>();
  readonly #serial: Uint8Array;
  readonly #cancels = new Set<() => void>();
  #isReady = false;
  #isLit = false;
  #touch: FingerTouch | undefined;
  #captured: FingerTouch | undefined;
  #enrolling: { slot: number; captures: Uint8Array[] } | undefined;
  #onData: ((content: Uint8Array) => Answer) | undefined;

  constructor(context: FirmwareContext, profile: Gt521fProfile) {
    this.#context = context;
    this.#profile = profile;
    this.#serial = context.random.bytes(16);
  }

  powerOn(): void {
    // The speed does not outlive the power (GT-521F note §A5).
    this.#context.setBaud(DEFAULT_BAUD);
    this.#after(BOOT_MS, () => {
      this.#isReady = true;
    });
  }

  powerOff(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#reader.clear();
    this.#isReady = false;
    this.#isLit = false;
    this.#captured = undefined;
    this.#enrolling = undefined;
    this.#onData = undefined;
  }

  hostOpened(): void {
    // A UART does not tell.
  }

  cardIn(): void {
    // Reads no cards.
  }

  cardOut(): void {
    // Reads no cards.
  }

  fingerIn(finger: string): void {
    this.#touch = new FingerTouch(finger, this.#context.random);
  }

  fingerOut(): void {
    this.#touch = undefined;
  }

  receive(bytes: Uint8Array): void {
    if (!this.#isReady) return;
    for (const received of this.#reader.push(bytes)) {
      if ('command' in received) this.#onCommand(received.command.code, received.command.parameter);
      else this.#answer(SIMPLE_MS, () => this.#takeData(received.data));
    }
  }

  ghostFrame(): Uint8Array {
    return response(true, 0);
  }

  #takeData(content: Uint8Array): Answer {
    const take = this.#onData;
    this.#onData = undefined;
    this.#reader.expected = 0;
    return take?.(content) ?? { error: ERROR.damaged };
  }

  #onCommand(code: number, parameter: number): void {
    this.#onData = undefined;
    this.#reader.expected = 0;
    if (code === 0x04) {
      this.#after(SIMPLE_MS, () => this.#changeBaud(parameter));
      return;
    }
    const busyMs = { 96: parameter === 0 ? CAPTURE_MS.fast : CAPTURE_MS.best, 80: SEARCH_MS, 81: SEARCH_MS };
    this.#answer(busyMs[code as keyof typeof busyMs] ?? SIMPLE_MS, () => this.#execute(code, parameter));
  }

  #answer(afterMs: number, decide: () => Answer): void {
    this.#after(afterMs, () => {
      const answer = decide();
      if ('error' in answer) {
        this.#context.send(response(false, answer.error));
        return;
      }
      this.#context.send(response(true, answer.ack));
      const { data } = answer;
      // The answer goes out before a picture is made, which takes this machine longer than a module.
      if (typeof data === 'function') this.#after(PICTURE_MS, () => this.#context.send(dataPacket(data())));
      else if (data !== undefined) this.#context.send(dataPacket(data));
    });
  }

  #execute(code: number, parameter: number): Answer {
    switch (code) {
      case 0x01:
        return parameter === 0 ? OK : { ack: 0, data: this.#info() };
      case 0x02:
      case 0x03:
        return OK;
      case 0x12:
        this.#isLit = parameter !== 0;
        return OK;
      case 0x20:
        return { ack: this.#library.size };
      case 0x21:
        return this.#inSlot(parameter, () => OK);
      case 0x22:
        return this.#startEnrollment(parameter);
      case 0x23:
      case 0x24:
      case 0x25:
        return this.#enroll(code - 0x22);
      case 0x26:
        return { ack: this.#isLit && this.#touch !== undefined ? 0 : ERROR.notPressed };
      case 0x40:
        return this.#inSlot(parameter, () => {
          this.#library.delete(parameter);
          return OK;
        });
      case 0x41:
        if (this.#library.size === 0) return { error: ERROR.empty };
        this.#library.clear();
        return OK;
      case 0x60:
        return this.#capture();
      default:
        return this.#compareOrTransfer(code, parameter);
    }
  }

  #compareOrTransfer(code: number, parameter: number): Answer {
    switch (code) {
      case 0x50:
        return this.#inSlot(parameter, () => this.#search(this.#probe(), new Set([parameter])));
      case 0x51:
        return this.#search(this.#probe());
      case 0x52:
        return this.#inSlot(parameter, () =>
          this.#expect((probe) => this.#search(probe, new Set([parameter]))),
        );
      case 0x53:
        return this.#expect((probe) => this.#search(probe));
      case 0x61: {
        const template = this.#probe();
        return template === undefined ? { error: ERROR.badFinger } : { ack: 0, data: template };
      }
      case 0x62:
        return this.#picture();
      case 0x63:
        return this.#isLit ? { ack: 0, data: new Uint8Array(RAW_IMAGE_BYTES) } : { error: ERROR.device };
      case 0x70:
        return this.#inSlot(parameter, (template) => ({ ack: 0, data: template }));
      case 0x71:
        return this.#setTemplate(parameter & 0xffff, parameter >>> 16);
      default:
        this.#context.refuse('unknown command');
        return { error: ERROR.unknown };
    }
  }

  #inSlot(slot: number, act: (template: Uint8Array) => Answer): Answer {
    if (slot >= this.#profile.capacity) return { error: ERROR.badId };
    const template = this.#library.get(slot);
    return template === undefined ? { error: ERROR.notUsed } : act(template);
  }

  #capture(): Answer {
    this.#captured = undefined;
    if (!this.#isLit || this.#touch === undefined) return { error: ERROR.notPressed };
    const { random, rates } = this.#context;
    if (random.chance(rates.poor)) return { error: ERROR.badFinger };
    this.#captured = this.#touch;
    return OK;
  }

  #probe(): Uint8Array | undefined {
    const { templateBytes } = this.#profile;
    if (this.#captured === undefined) return undefined;
    return makeTemplate(this.#captured.finger, templateBytes, this.#context.random);
  }

  /** Among all slots, or those; what does not fit is an error of its own for one slot and for all. */
  #search(probe: Uint8Array | undefined, only?: ReadonlySet<number>): Answer {
    if (probe === undefined) return { error: ERROR.badFinger };
    if (this.#library.size === 0) return { error: ERROR.empty };
    const all = [...this.#library].sort(([a], [b]) => a - b);
    const candidates = all.filter(([slot]) => only === undefined || only.has(slot));
    const { rates, random } = this.#context;
    const found = searchLibrary(probe, new Map(candidates), rates, random);
    if (found !== undefined) return { ack: found.slot };
    return { error: only === undefined ? ERROR.notIdentified : ERROR.notVerified };
  }

  #startEnrollment(slot: number): Answer {
    if (slot >= this.#profile.capacity) return { error: ERROR.badId };
    if (this.#library.has(slot)) return { error: ERROR.used };
    this.#enrolling = { slot, captures: [] };
    return OK;
  }

  #enroll(step: number): Answer {
    const enrolling = this.#enrolling;
    if (enrolling === undefined || enrolling.captures.length !== step - 1) return { error: ERROR.wrongStep };
    const capture = this.#probe();
    if (capture === undefined) return { error: ERROR.badFinger };
    enrolling.captures.push(capture);
    if (step < CAPTURES) return OK;
    this.#enrolling = undefined;
    const known = [...this.#library].find(([, template]) => isSameFinger(template, capture));
    if (known !== undefined) return { error: known[0] };
    if (!enrolling.captures.every((other) => isSameFinger(other, capture)))
      return { error: ERROR.notEnrolled };
    this.#library.set(enrolling.slot, capture);
    return OK;
  }

  #setTemplate(slot: number, flags: number): Answer {
    if (slot >= this.#profile.capacity) return { error: ERROR.badId };
    return this.#expect((template) => {
      const known = [...this.#library].find(([, other]) => isSameFinger(other, template));
      if (flags !== NO_DUPLICATE_CHECK && known !== undefined) return { error: known[0] };
      this.#library.set(slot, template);
      return OK;
    });
  }

  #expect(take: (content: Uint8Array) => Answer): Answer {
    this.#onData = take;
    this.#reader.expected = this.#profile.templateBytes;
    return OK;
  }

  #picture(): Answer {
    const captured = this.#captured;
    if (captured === undefined) return { error: ERROR.notPressed };
    const { width, height } = this.#profile;
    return { ack: 0, data: () => captured.draw({ width, height, dpi: DPI }) };
  }

  #info(): Uint8Array {
    const { width, height } = this.#profile;
    return Uint8Array.from([...little(0x20130101, 4), ...little(width * height, 4), ...this.#serial]);
  }

  #changeBaud(baud: number): void {
    const isKnown = BAUDS.includes(baud);
    this.#context.send(response(isKnown, isKnown ? 0 : ERROR.badBaud));
    if (isKnown) this.#context.setBaud(baud);
  }

  #after(ms: number, act: () => void): void {
    const cancel = this.#context.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      act();
    });
    this.#cancels.add(cancel);
  }
}
