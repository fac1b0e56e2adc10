import type { Random } from '../../random.js';
import type { FingerTouch } from '../finger-touch.js';
import { type FingerRates, isSameFinger, makeTemplate, searchLibrary } from '../simulated-finger.js';
import type { Ef01Profile } from './profiles.js';

/** Confirmation codes that the simulated module gives. */
export const CONFIRM = {
  ok: 0x00,
  damaged: 0x01,
  noFinger: 0x02,
  messy: 0x06,
  tooFew: 0x07,
  different: 0x08,
  notFound: 0x09,
  notCombined: 0x0a,
  outOfRange: 0x0b,
  unreadable: 0x0c,
  wrongPassword: 0x13,
  noImage: 0x15,
  badRegister: 0x1a,
  badValue: 0x1b,
  badPage: 0x1c,
  full: 0x1f,
  locked: 0x21,
  timedOut: 0x26,
  enrolled: 0x27,
  unknown: 0xfc,
} as const;

const NOTEPAD_PAGES = 16;
const NOTEPAD_BYTES = 32;

export interface SensorStateOptions {
  profile: Ef01Profile;
  rates: FingerRates;
  random: Random;
}

/** The finger, the image, the buffers and the flash of one module. */
export class SensorState {
  readonly library = new Map<number, Uint8Array>();
  readonly buffers = new Map<number, Uint8Array>();
  readonly notepad = Array.from({ length: NOTEPAD_PAGES }, () => new Uint8Array(NOTEPAD_BYTES));
  /** Lies on the sensor now. */
  touch: FingerTouch | undefined;
  readonly #options: SensorStateOptions;
  /** In the buffer of the picture: what was seen, or what the host put there, two pixels a byte. */
  #image: FingerTouch | Uint8Array | undefined;

  constructor(options: SensorStateOptions) {
    this.#options = options;
  }

  /** What is in RAM is lost without power. */
  forget(): void {
    this.buffers.clear();
    this.#image = undefined;
  }

  get hasImage(): boolean {
    return this.#image !== undefined;
  }

  capture(): number {
    this.#image = this.touch;
    return this.touch === undefined ? CONFIRM.noFinger : CONFIRM.ok;
  }

  putImage(packed: Uint8Array): void {
    this.#image = packed;
  }

  /** Two pixels a byte, the left one in the upper half. */
  packedImage(): Uint8Array {
    const image = this.#image ?? new Uint8Array();
    if (image instanceof Uint8Array) return image;
    const pixels = image.draw(this.#options.profile);
    return Uint8Array.from(
      { length: pixels.length / 2 },
      (_, at) => ((pixels[at * 2] ?? 0) & 0xf0) | ((pixels[at * 2 + 1] ?? 0) >> 4),
    );
  }

  extract(buffer: number): number {
    const { profile, rates, random } = this.#options;
    if (buffer < 1 || buffer > profile.buffers) return CONFIRM.badValue;
    const image = this.#image;
    if (image === undefined) return CONFIRM.noImage;
    // This module knows fingers by their names only, and a picture from elsewhere has none.
    if (image instanceof Uint8Array) return CONFIRM.messy;
    if (random.chance(rates.poor)) return random.pick([CONFIRM.messy, CONFIRM.tooFew]);
    this.buffers.set(buffer, makeTemplate(image.finger, profile.templateBytes, random));
    return CONFIRM.ok;
  }

  /** All buffers become one template, which then stands in all of them. */
  combine(): number {
    const [first, ...others] = this.buffers.values();
    if (first === undefined || others.length === 0) return CONFIRM.notCombined;
    if (others.some((other) => !isSameFinger(first, other))) return CONFIRM.notCombined;
    for (const buffer of this.buffers.keys()) this.buffers.set(buffer, first);
    return CONFIRM.ok;
  }

  store(buffer: number, slot: number): number {
    const template = this.buffers.get(buffer);
    if (slot >= this.#options.profile.capacity) return CONFIRM.outOfRange;
    if (template === undefined) return CONFIRM.unreadable;
    this.library.set(slot, template);
    return CONFIRM.ok;
  }

  load(buffer: number, slot: number): number {
    if (slot >= this.#options.profile.capacity) return CONFIRM.outOfRange;
    const template = this.library.get(slot);
    if (template === undefined) return CONFIRM.unreadable;
    this.buffers.set(buffer, template);
    return CONFIRM.ok;
  }

  search(buffer: number, start: number, count: number): { code: number; slot: number; score: number } {
    const { profile, rates, random } = this.#options;
    const none = (code: number) => ({ code, slot: 0, score: 0 });
    const probe = this.buffers.get(buffer);
    if (probe === undefined) return none(CONFIRM.noImage);
    if (profile.isStrict && start + count > profile.capacity) return none(CONFIRM.outOfRange);
    const range = [...this.library]
      .filter(([slot]) => slot >= start && slot < start + count)
      .sort(([a], [b]) => a - b);
    const found = searchLibrary(probe, new Map(range), rates, random);
    return found === undefined ? none(CONFIRM.notFound) : { code: CONFIRM.ok, ...found };
  }

  /** The score of the first two buffers, or undefined when they are of two fingers. */
  compare(): number | undefined {
    const { rates, random } = this.#options;
    const [first, second] = [this.buffers.get(1), this.buffers.get(2)];
    if (first === undefined || second === undefined) return undefined;
    return searchLibrary(first, new Map([[0, second]]), rates, random)?.score;
  }

  /** 256 slots a table, slot 0 in the lowest bit of the first byte. */
  indexTable(table: number): Uint8Array {
    const bits = new Uint8Array(NOTEPAD_BYTES);
    for (const slot of this.library.keys()) {
      if (slot >> 8 !== table) continue;
      const at = (slot & 0xff) >> 3;
      bits[at] = (bits[at] ?? 0) | (1 << (slot & 7));
    }
    return bits;
  }
}
