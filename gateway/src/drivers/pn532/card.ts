import { RollcallError } from '@rollcall/protocol/errors';

/** A card that the reader has selected. */
export interface Target {
  /** The reader's own number for it. */
  number: number;
  technology: 'iso14443a' | 'iso14443b' | 'felica';
  /** In anticollision order; the PUPI of type B, the IDm of FeliCa. */
  uid: Uint8Array;
  /** Type A only: what the card says that it can do (SEL_RES). */
  sak?: number;
}

export interface ExchangeOptions {
  /** What is sent is a key, or holds one: it must not stay in the capture. */
  isSecret?: boolean;
}

/** The way to the selected card. */
export interface Card {
  target: Target;
  /**
   * Sends to the card and resolves with what it answers, without any status byte of the reader.
   *
   * @throws RollcallError `CARD_LEFT` when it went away or did not answer, `CREDENTIAL_INVALID` ({@link refusal})
   * when it refused a MIFARE key, or what the link throws.
   */
  exchange(data: Uint8Array, options?: ExchangeOptions): Promise<Uint8Array>;
  /** The same for commands that the reader itself does not know: nothing is wrapped. */
  exchangeRaw(data: Uint8Array, options?: ExchangeOptions): Promise<Uint8Array>;
  randomBytes(count: number): Uint8Array;
}

/** A card that stays a refused one however often it is tried. `reason` is that of the `rejected` event. */
export function refusal(reason: string, message: string): RollcallError {
  return new RollcallError('CREDENTIAL_INVALID', message, { context: { reason } });
}
