/** A finger that a gateway knows, in a form that other makers understand. */
export interface KnownFinger {
  readonly templateId: string;
  /** ISO/IEC 19794-2: 1 right thumb to 10 left little finger. */
  readonly position: number;
  /** INCITS 378-2004. */
  readonly record: Uint8Array;
}

export type Verification =
  /** With which of these. */
  | { outcome: 'fits'; templateId: string; score: number }
  /** A finger came, and it is none of these. */
  | { outcome: 'other' }
  /** Nobody touched the sensor. */
  | { outcome: 'absent' };

/** A reader that compares the finger of whoever has shown a card with fingers that it is given (verification 1:1). */
export interface FingerVerifier {
  /**
   * One at a time: a second one ends the first.
   *
   * @throws RollcallError `DEVICE_REFUSED`, `DEVICE_TIMEOUT`, `PORT_CLOSED`, or the reason of the signal.
   */
  verify(fingers: readonly KnownFinger[], signal: AbortSignal): Promise<Verification>;
}
