import type { Random } from '../../random.js';
import type { FingerRates } from '../simulated-finger.js';
import { compareRecord, fingerRecord } from './minutiae-record.js';

/** A reader ends a scan by itself when nobody comes (OSDP leaves the time to it). */
const SCAN_MS = 10_000;
const QUALITY = { good: 200, poor: 20 } as const;
const STATUS = { done: 0, timeout: 1, failed: 0xff } as const;
const NAK = { command: 3, type: 7, format: 8, record: 9 } as const;
const HEAD = 6;
const TEMPLATE = 2;
const FINGERS_MAX = 10;
/** Score below which a comparison that errs stays. */
const WRONG_SCORE_MAX = 40;

export interface SensorAnswer {
  code: number;
  data: readonly number[];
}

export interface FingerSensorOptions {
  random: Random;
  rates: FingerRates;
  nowMs(): number;
  /** Whether all of a reply is sent in parts, or only what did not fit behind its head: readers differ. */
  parts: 'whole' | 'rest';
  /** What ABORT does: forget everything, end the scan and still send a result that waits, or nothing. */
  abort: 'clean' | 'late' | 'unknown';
}

interface Scan {
  sinceMs: number;
  type: number;
  /** Undefined where the template is to be sent. */
  compareWith: Uint8Array | undefined;
}

/** The fingerprint sensor of a reader: BIOREAD and BIOMATCH (OSDP note §4, §5), answered at a later poll. */
export class ReaderFingerSensor {
  readonly #options: FingerSensorOptions;
  #finger: string | undefined;
  /** One laying-on is scanned once. */
  #isScanned = false;
  #scan: Scan | undefined;
  #answers: SensorAnswer[] = [];
  #message: number[] = [];
  #messageBytes = 0;
  /** Bytes of data that fit into one reply. */
  roomBytes = 0;

  constructor(options: FingerSensorOptions) {
    this.#options = options;
  }

  reset(): void {
    this.#scan = undefined;
    this.#answers = [];
    this.#message = [];
    this.#messageBytes = 0;
  }

  fingerIn(finger: string): void {
    this.#finger = finger;
    this.#isScanned = false;
    this.#look();
  }

  fingerOut(): void {
    this.#finger = undefined;
  }

  /** What there is to say at this poll. */
  poll(): SensorAnswer | undefined {
    const scan = this.#scan;
    if (scan !== undefined && this.#options.nowMs() - scan.sinceMs > SCAN_MS) {
      this.#scan = undefined;
      this.#answers = [this.#outcome(scan, STATUS.timeout, 0)];
    }
    return this.#answers.shift();
  }

  abort(): SensorAnswer {
    const { abort } = this.#options;
    if (abort === 'unknown') return nak(NAK.command);
    const waiting = abort === 'late' ? this.#answers : [];
    this.reset();
    this.#answers = waiting;
    return ack();
  }

  /** BIOREAD: reader, finger, format, quality. */
  read(data: Uint8Array): SensorAnswer {
    if (data.length !== 4) return nak(NAK.record);
    return this.#begin(data[1] ?? 0, data[2] ?? 0, undefined);
  }

  /** BIOMATCH: reader, finger, format, threshold, length, template; or a part of that. */
  match(data: Uint8Array): SensorAnswer {
    if (data.length < HEAD) return nak(NAK.record);
    // The first part begins at 0, where a whole message has its format.
    const isPart = this.#messageBytes > 0 || ((data[2] ?? 0) === 0 && (data[3] ?? 0) === 0);
    if (!isPart) return this.#matchWhole(data);
    const offset = word(data, 2);
    if (offset === 0) {
      this.#message = [];
      this.#messageBytes = word(data, 0);
    }
    if (offset !== this.#message.length || word(data, 4) !== data.length - HEAD) {
      this.reset();
      return nak(NAK.record);
    }
    this.#message.push(...data.subarray(HEAD));
    if (this.#message.length < this.#messageBytes) return ack();
    const whole = Uint8Array.from(this.#message);
    this.#message = [];
    this.#messageBytes = 0;
    return this.#matchWhole(whole);
  }

  #matchWhole(message: Uint8Array): SensorAnswer {
    const template = message.slice(HEAD);
    if (word(message, 4) !== template.length) return nak(NAK.record);
    if (compareRecord(template, '') === undefined) return nak(NAK.format);
    return this.#begin(message[1] ?? 0, message[2] ?? 0, template);
  }

  #begin(type: number, format: number, compareWith: Uint8Array | undefined): SensorAnswer {
    if (type > FINGERS_MAX) return nak(NAK.type);
    if (format !== TEMPLATE && format !== 0) return nak(NAK.format);
    if (this.#options.abort === 'clean') this.#answers = [];
    this.#scan = { sinceMs: this.#options.nowMs(), type, compareWith };
    this.#look();
    return ack();
  }

  #look(): void {
    const [finger, scan] = [this.#finger, this.#scan];
    if (finger === undefined || scan === undefined || this.#isScanned) return;
    const { random, rates } = this.#options;
    this.#isScanned = true;
    this.#scan = undefined;
    if (scan.compareWith === undefined) {
      const isPoor = random.chance(rates.poor);
      const template = isPoor ? [] : [...fingerRecord(finger, scan.type, random)];
      const status = isPoor ? STATUS.failed : STATUS.done;
      this.#answers = this.#read(status, scan.type, isPoor ? QUALITY.poor : QUALITY.good, template);
      return;
    }
    const fit = compareRecord(scan.compareWith, finger) ?? 0;
    const score = random.chance(rates.falseReject) ? Math.min(fit, WRONG_SCORE_MAX) : fit;
    this.#answers = [this.#outcome(scan, STATUS.done, score)];
  }

  #outcome({ type, compareWith }: Scan, status: number, score: number): SensorAnswer {
    if (compareWith !== undefined) return { code: 0x58, data: [0, status, score] };
    return { code: 0x57, data: [0, status, type, 0, 0, 0] };
  }

  #read(status: number, type: number, quality: number, template: number[]): SensorAnswer[] {
    const whole = [0, status, type, quality, ...le16(template.length), ...template];
    const room = this.roomBytes;
    const answer = (data: number[]): SensorAnswer => ({ code: 0x57, data });
    if (whole.length <= room) return [answer(whole)];
    if (this.#options.parts === 'whole') return partsOf(whole, room, 0).map(answer);
    return [answer(whole.slice(0, room)), ...partsOf(template, room, room - HEAD).map(answer)];
  }
}

/** From `start` on: length of the whole, offset and length of the piece, piece. */
function partsOf(whole: number[], room: number, start: number): number[][] {
  const parts: number[][] = [];
  for (let at = start; at < whole.length; at += room - HEAD) {
    const piece = whole.slice(at, at + room - HEAD);
    parts.push([...le16(whole.length), ...le16(at), ...le16(piece.length), ...piece]);
  }
  return parts;
}

const ack = (): SensorAnswer => ({ code: 0x40, data: [] });
const nak = (reason: number): SensorAnswer => ({ code: 0x41, data: [reason] });
const le16 = (value: number): number[] => [value % 256, value >> 8];
const word = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
