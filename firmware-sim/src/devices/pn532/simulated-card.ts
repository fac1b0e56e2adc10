/** What a card gives back: bytes, or nothing but the status with which the chip tells why (PN532 note §4). */
export type CardAnswer = { data: Uint8Array } | { status: number };

export const NO_ANSWER: CardAnswer = { status: 0x01 };
/** The chip's word for a Classic card that refused a key. */
export const AUTHENTICATION_FAILED: CardAnswer = { status: 0x14 };

export type AirInterface = 'a' | 'b' | 'felica';

/** A card in the field of a simulated PN532, written from the data sheets of the cards. */
export interface SimulatedCard {
  readonly air: AirInterface;
  readonly uid: Uint8Array;
  /** True where it speaks ISO 14443-4. */
  readonly hasLayer4: boolean;
  /** Target data of InListPassiveTarget without the target's number. `request` is what the host sent to find it. */
  targetData(request: Uint8Array): Uint8Array;
  /** Powered up or selected anew: everything that was proven is forgotten. */
  select(): void;
  /** InDataExchange. */
  exchange(data: Uint8Array): CardAnswer;
  /** InCommunicateThru: the bytes as they are in the air. */
  exchangeRaw(data: Uint8Array): CardAnswer;
}

export function answer(...bytes: number[]): CardAnswer {
  return { data: Uint8Array.from(bytes) };
}

/** SENS_RES, SEL_RES, UID and ATS of a type A card. */
export function typeATarget(
  uid: Uint8Array,
  { atqa, sak, ats = [] }: { atqa: readonly [number, number]; sak: number; ats?: readonly number[] },
): Uint8Array {
  return Uint8Array.from([...atqa, sak, uid.length, ...uid, ...ats]);
}

/** Sixteen bytes that a campus might write into a card: its own number, made from the UID for the simulation. */
export function campusNumber(uid: Uint8Array): Uint8Array {
  const tail = Buffer.from(uid.slice(-5)).toString('hex').toUpperCase().padStart(10, '0');
  return Uint8Array.from(Buffer.from(`ROLL-${tail}\0`, 'latin1'));
}
