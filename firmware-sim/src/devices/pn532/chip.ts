import type { Clock } from '@rollcall/protocol/clock';
import type { AirInterface, CardAnswer, SimulatedCard } from './simulated-card.js';

/** PN532, firmware 1.6, ISO 14443 A and B and ISO 18092. */
const FIRMWARE = [0x32, 0x01, 0x06, 0x07];
const TARGET_NUMBER = 1;
const COMMAND_MS = 2;
const FOUND_MS = 8;
/** One try to find a card. */
const TRY_MS = 30;
const POLL_PERIOD_MS = 150;
const FOR_EVER = 0xff;
const WRONG_CONTEXT = 0x27;
const TIMED_OUT = 0x01;
const DEFAULT_BAUD_CODE = 0x04;

/** Kinds of InListPassiveTarget. */
const SEARCH_KINDS: Readonly<Record<number, AirInterface | undefined>> = {
  0: 'a',
  1: 'felica',
  2: 'felica',
  3: 'b',
};
/** Types of InAutoPoll. */
const POLL_TYPES: Readonly<Record<number, AirInterface | undefined>> = {
  0: 'a',
  1: 'felica',
  2: 'felica',
  3: 'b',
  16: 'a',
  17: 'felica',
  18: 'felica',
  32: 'a',
  35: 'b',
};
const TYPE_ISO_14443_4A = 32;

export interface ChipOptions {
  clock: Clock;
  /** The data of the answer to this command. */
  answer(code: number, data: readonly number[]): void;
  /** The command is not understood. */
  refuse(reason: string): void;
}

type Search = { card: SimulatedCard; data: readonly number[] };

/** What the firmware of a PN532 does with its commands (UM0701-02 §7; PN532 note §4). */
export class Chip {
  readonly #options: ChipOptions;
  readonly #registers = new Map<number, number>();
  readonly #gpio = [0x3f, 0x07, 0x02];
  #present: SimulatedCard | undefined;
  #selected: SimulatedCard | undefined;
  #isFieldOn = false;
  #passiveTries = FOR_EVER;
  #cancel: (() => void) | undefined;
  /** Looks again when a card arrives. */
  #waiting: (() => void) | undefined;

  constructor(options: ChipOptions) {
    this.#options = options;
  }

  cardIn(card: SimulatedCard): void {
    this.#present = card;
    card.select();
    this.#waiting?.();
  }

  cardOut(): void {
    this.#present = undefined;
    this.#selected = undefined;
  }

  /** Ends the command that is being carried out, without an answer. */
  abort(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting = undefined;
  }

  execute(code: number, parameters: Uint8Array): void {
    this.abort();
    if (code === 0x4a) this.#list(code, parameters);
    else if (code === 0x60) this.#autoPoll(code, parameters);
    else {
      const data = this.#answerTo(code, parameters);
      if (data === undefined) this.#options.refuse(`command ${code.toString(16)}`);
      else this.#later(COMMAND_MS, () => this.#options.answer(code, data));
    }
  }

  /** Of commands that are carried out at once; undefined for those that the chip does not have. */
  #answerTo(code: number, parameters: Uint8Array): readonly number[] | undefined {
    const [first] = parameters;
    switch (code) {
      case 0x00:
        return this.#diagnose(parameters);
      case 0x02:
        return FIRMWARE;
      case 0x04:
        return this.#status();
      case 0x06:
        return pairs(parameters).map((address) => this.#registers.get(address) ?? 0);
      case 0x08:
        return this.#writeRegisters(parameters);
      case 0x0c:
        return this.#gpio;
      case 0x0e:
        for (const [port, value] of parameters.entries()) if (value & 0x80) this.#gpio[port] = value & 0x7f;
        return [];
      case 0x10:
        // The line of the simulator has one speed.
        return first === DEFAULT_BAUD_CODE ? [] : undefined;
      case 0x12:
      case 0x14:
        return [];
      case 0x16:
        return [0x00];
      case 0x32:
        return this.#configureField(parameters);
      default:
        return this.#answerToInitiator(code, parameters);
    }
  }

  #answerToInitiator(code: number, parameters: Uint8Array): readonly number[] | undefined {
    switch (code) {
      case 0x40:
        return this.#toHost(parameters[0] === TARGET_NUMBER, (card) => card.exchange(parameters.slice(1)));
      case 0x42:
        return this.#toHost(true, (card) => card.exchangeRaw(parameters));
      case 0x44:
      case 0x52:
        this.#selected = undefined;
        return [0x00];
      case 0x54:
        this.#selected = this.#present;
        return [this.#present === undefined ? WRONG_CONTEXT : 0x00];
      default:
        return undefined;
    }
  }

  #diagnose(parameters: Uint8Array): readonly number[] {
    const [test] = parameters;
    if (test === 0x00) return [...parameters];
    return [test === 0x06 && this.#selected === undefined ? TIMED_OUT : 0x00];
  }

  #writeRegisters(parameters: Uint8Array): readonly number[] {
    for (let at = 0; at + 2 < parameters.length; at += 3) {
      const address = (parameters[at] ?? 0) * 256 + (parameters[at + 1] ?? 0);
      this.#registers.set(address, parameters[at + 2] ?? 0);
    }
    return [];
  }

  #status(): number[] {
    const targets = this.#selected === undefined ? [] : [TARGET_NUMBER, 0x00, 0x00, 0x10];
    return [0x00, this.#isFieldOn ? 0x01 : 0x00, targets.length === 0 ? 0 : 1, ...targets, 0x80];
  }

  #configureField([item, first = 0, , passive = FOR_EVER]: Uint8Array): readonly number[] {
    if (item === 0x01) {
      this.#isFieldOn = (first & 0x01) !== 0;
      if (!this.#isFieldOn) {
        this.#selected = undefined;
        this.#present?.select();
      }
    }
    if (item === 0x05) this.#passiveTries = passive;
    return [];
  }

  #toHost(isKnown: boolean, exchange: (card: SimulatedCard) => CardAnswer): number[] {
    const card = this.#selected;
    if (card === undefined || !isKnown) return [isKnown ? TIMED_OUT : WRONG_CONTEXT];
    const result = exchange(card);
    return 'data' in result ? [0x00, ...result.data] : [result.status];
  }

  #list(code: number, [, kind = 0, ...rest]: Uint8Array): void {
    const request = Uint8Array.from(rest);
    const air = SEARCH_KINDS[kind];
    const find = (): Search | undefined => {
      const card = this.#present;
      if (card === undefined || card.air !== air || !isMeant(card, request)) return undefined;
      return { card, data: [1, TARGET_NUMBER, ...card.targetData(request)] };
    };
    const tries = air === undefined ? 0 : this.#passiveTries;
    this.#search(code, find, tries === FOR_EVER ? undefined : (tries + 1) * TRY_MS);
  }

  #autoPoll(code: number, [rounds = 1, period = 1, ...types]: Uint8Array): void {
    const find = (): Search | undefined => {
      const card = this.#present;
      const type = types.find(
        (one) =>
          card !== undefined && POLL_TYPES[one] === card.air && (one !== TYPE_ISO_14443_4A || card.hasLayer4),
      );
      if (card === undefined || type === undefined) return undefined;
      const data = [TARGET_NUMBER, ...card.targetData(new Uint8Array())];
      return { card, data: [1, type, data.length, ...data] };
    };
    const limitMs = rounds * period * POLL_PERIOD_MS * types.length;
    this.#search(code, find, rounds === FOR_EVER ? undefined : limitMs);
  }

  /** Answers with what is found, or with "none" after the limit; without one it looks until it is told to stop. */
  #search(code: number, find: () => Search | undefined, limitMs: number | undefined): void {
    this.#isFieldOn = true;
    this.#selected = undefined;
    const look = (): void => {
      const found = find();
      if (found === undefined) return;
      this.abort();
      found.card.select();
      this.#selected = found.card;
      this.#later(FOUND_MS, () => this.#options.answer(code, found.data));
    };
    if (limitMs !== undefined) this.#later(limitMs, () => this.#options.answer(code, [0]));
    this.#waiting = look;
    look();
  }

  #later(delayMs: number, act: () => void): void {
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#cancel = undefined;
      this.#waiting = undefined;
      act();
    });
  }
}

/** Whether the search is for any card or for this one; a long UID is written with its cascade tags. */
function isMeant(card: SimulatedCard, request: Uint8Array): boolean {
  if (card.air !== 'a' || request.length === 0) return true;
  const uid = [...request].filter((byte, index) => !(byte === 0x88 && index % 4 === 0 && request.length > 4));
  return Buffer.from(uid).equals(Buffer.from(card.uid));
}

function pairs(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at + 1 < bytes.length; at += 2) found.push((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0));
  return found;
}
