import { RollcallError } from '@rollcall/protocol/errors';
import type { Firmware, FirmwareCommand, FirmwareContext } from './device.js';
import { LIGHT_COLORS } from './device-event.js';
import { checkedFields, withChecksum } from './line-checksum.js';

/** A heartbeat each 10 s; the host gives up after 30 s (line note §4). */
const HEARTBEAT_MS = 10_000;
/** Longest command accepted; a real board has a small buffer. */
const COMMAND_BYTES_MAX = 128;
const COUNTER_DIGITS = 6;
const SIGNAL_MS_MAX = 60_000;
const BEEPS_MAX = 20;
const LF = 0x0a;

/** The firmware we ship: framed lines with checksums, a heartbeat, lights and a beeper (line note §4). */
export class RollcallLineFirmware implements Firmware {
  /** Boards may have a finger sensor beside the reader, of which only its doubts are told. */
  readonly commands: readonly FirmwareCommand[] = [
    { usage: 'fake-finger', run: (words) => this.#fakeFinger(words) },
  ];
  readonly #context: FirmwareContext;
  readonly #hasChecksum: boolean;
  #bootMs = 0;
  #seq = 0;
  #refusedFingers = 0;
  #card: { uid: string; seq: string } | undefined;
  #cancelHeartbeat: (() => void) | undefined;
  #command: number[] = [];
  #isCommandTooLong = false;

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.#hasChecksum = context.profile === 'rollcall';
  }

  powerOn(): void {
    this.#bootMs = this.#context.clock.monoMs();
    this.#seq = 0;
    this.#refusedFingers = 0;
    this.#command = [];
    this.#hello();
    this.#scheduleHeartbeat();
  }

  powerOff(): void {
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = undefined;
    this.#card = undefined;
  }

  hostOpened(): void {
    this.#hello();
  }

  cardIn(uid: Uint8Array): void {
    this.cardOut();
    this.#seq += 1;
    this.#card = { uid: Buffer.from(uid).toString('hex').toUpperCase(), seq: counter(this.#seq) };
    this.#say(`CARD,${this.#card.uid},${technologyOf(uid)},${this.#card.seq}`);
  }

  cardOut(): void {
    const card = this.#card;
    this.#card = undefined;
    if (card !== undefined) this.#say(`GONE,${card.uid},${card.seq}`);
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === LF) this.#endOfCommand();
      else if (this.#command.length >= COMMAND_BYTES_MAX) this.#isCommandTooLong = true;
      else this.#command.push(byte);
    }
  }

  ghostFrame(): Uint8Array {
    this.#seq += 1;
    const uid = Buffer.from(this.#context.random.bytes(4)).toString('hex').toUpperCase();
    return this.#encode(`CARD,${uid},A,${counter(this.#seq)}`);
  }

  #fakeFinger(words: readonly string[]): void {
    if (words.length > 0) throw new RollcallError('REQUEST_INVALID', 'Write: fake-finger');
    this.#refusedFingers += 1;
    this.#say(`FINGER,FAKE,${counter(this.#refusedFingers)}`);
  }

  #endOfCommand(): void {
    const text = Buffer.from(this.#command).toString('latin1').replace(/\r$/, '');
    const isTooLong = this.#isCommandTooLong;
    this.#command = [];
    this.#isCommandTooLong = false;
    if (text === '') return;
    const fields = isTooLong ? undefined : checkedFields(text);
    if (fields === undefined) {
      this.#refuse('CHECKSUM', isTooLong ? 'command too long' : 'missing or wrong checksum');
      return;
    }
    this.#execute(fields);
  }

  #execute([name, ...values]: string[]): void {
    if (name === '?HELLO' && values.length === 0) this.#hello();
    else if (name === '?STAT' && values.length === 0) this.#heartbeat();
    else if (name === 'LED' || name === 'BUZ') this.#signal(name, values);
    else this.#refuse('COMMAND', 'unknown command');
  }

  #signal(name: 'LED' | 'BUZ', values: string[]): void {
    const [number, ms] = values.map(wholeNumber);
    if (values.length !== 2 || number === undefined || ms === undefined || ms > SIGNAL_MS_MAX) {
      this.#refuse('VALUE', `${name} takes two whole numbers`);
      return;
    }
    const color = LIGHT_COLORS[number];
    if (name === 'LED' && color !== undefined) this.#context.showLight(color, ms);
    else if (name === 'BUZ' && number > 0 && number <= BEEPS_MAX) this.#context.beep(number, ms);
    else this.#refuse('VALUE', `${name} has no ${number}`);
  }

  #refuse(code: string, text: string): void {
    this.#context.refuse(text);
    this.#say(`ERR,${code},${text}`);
  }

  #hello(): void {
    this.#say('HELLO,rollcall-sim,1.0,sim1');
  }

  #scheduleHeartbeat(): void {
    this.#cancelHeartbeat = this.#context.clock.after(HEARTBEAT_MS, () => {
      this.#heartbeat();
      this.#scheduleHeartbeat();
    });
  }

  #heartbeat(): void {
    const uptimeMs = this.#context.clock.monoMs() - this.#bootMs;
    this.#say(`HB,${counter(Math.floor(uptimeMs / 1000))}`);
  }

  #say(fields: string): void {
    this.#context.send(this.#encode(fields));
  }

  #encode(fields: string): Uint8Array {
    return Buffer.from(`${this.#hasChecksum ? withChecksum(fields) : fields}\n`, 'latin1');
  }
}

/** Cards of ISO/IEC 14443 type A have 4, 7 or 10 bytes; five bytes are a 125 kHz card. */
function technologyOf(uid: Uint8Array): 'A' | 'EM' {
  return uid.length === 5 ? 'EM' : 'A';
}

function counter(value: number): string {
  return String(value).padStart(COUNTER_DIGITS, '0');
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
