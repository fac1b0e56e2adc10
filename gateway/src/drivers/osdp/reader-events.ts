import type { WiegandResult } from '@rollcall/protocol/wiegand';
import type { DriverContext } from '../driver.js';
import { Silence } from '../silence.js';
import { REPLY } from './codes.js';
import type { OsdpOptions } from './options.js';
import { parseFormatted, parseKeys, parseRaw } from './replies.js';

/** A card that the reader reports again within this time never left it. */
const MERGE_MS = 500;
const EVENTS: readonly number[] = [
  REPLY.raw,
  REPLY.formatted,
  REPLY.keypad,
  REPLY.fingerRead,
  REPLY.fingerMatched,
];

/** What a reader says of cards, keys and itself, as events of the driver. */
export class ReaderEvents {
  readonly #context: DriverContext<OsdpOptions>;
  readonly #presence: Silence;
  #present: string | undefined;

  constructor(context: DriverContext<OsdpOptions>) {
    this.#context = context;
    const { clock } = context;
    this.#presence = new Silence({ clock, limitMs: MERGE_MS, onSilent: () => this.#cardAway() });
  }

  /** @param isBelieved false for what came in the clear from a reader that has a key. */
  take({ code, data }: { code: number; data: Uint8Array }, { isBelieved }: { isBelieved: boolean }): void {
    if (EVENTS.includes(code) && !isBelieved) {
      this.rejectUnsecured();
      return;
    }
    if (code === REPLY.raw) this.#onCard(parseRaw(data, this.#context.options));
    else if (code === REPLY.formatted) this.#onCard(parseFormatted(data));
    else if (code === REPLY.keypad) this.#onKeys(parseKeys(data));
    else if (code === REPLY.localStatus) this.#onStatus(data);
  }

  close(): void {
    this.#presence.cancel();
    this.#present = undefined;
  }

  #onCard(result: WiegandResult | undefined): void {
    if (result?.type !== 'card') {
      this.#rejectCard(result?.reason ?? 'length');
      return;
    }
    const { values } = result.read;
    const key = values.full ?? values.u32 ?? values.w26;
    this.#presence.restart();
    if (this.#present === key) {
      this.#context.count('merged');
      return;
    }
    this.#present = key;
    this.#context.emit({ type: 'card', read: result.read });
  }

  #cardAway(): void {
    this.#present = undefined;
    this.#context.emit({ type: 'card_removed' });
  }

  #rejectCard(reason: 'length' | 'parity' | 'number'): void {
    const messages = {
      length:
        'a card of a length that is not known here; set the output of the reader, or csn (docs/readers/osdp.md)',
      parity: 'a card failed its parity; the reader sends another format than its length says',
      number: 'a number that no card has; look at the output format of the reader',
    };
    this.#context.emit({ type: 'rejected', reason, message: messages[reason] });
  }

  #onKeys(digits: string | undefined): void {
    if (digits !== undefined) this.#context.emit({ type: 'keys', digits });
  }

  #onStatus([tamper, power]: Uint8Array): void {
    const { emit } = this.#context;
    const tampered =
      'The reader says that it was opened or torn off; look at it before its cards are trusted again';
    const failing = 'The reader says that its power fails; check its supply';
    emit({ type: 'condition', code: 'DEVICE_TAMPERED', problem: tamper === 1 ? tampered : null });
    emit({ type: 'condition', code: 'DEVICE_POWER_FAILING', problem: power === 1 ? failing : null });
  }

  rejectUnsecured(): void {
    this.#context.emit({
      type: 'rejected',
      reason: 'unsecured',
      message:
        'something came outside the secure channel and was not believed; a reader that lost power, or somebody on the cable',
    });
  }
}
