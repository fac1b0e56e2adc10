/** The numbers that readers make of the bytes of a card, written from the leaflets of EM4100 cards. */
const UINT32 = 0x1_0000_0000n;

function numberOf(uid: Uint8Array): bigint {
  return uid.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

export function hexNumber(uid: Uint8Array): string {
  return [...uid].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('');
}

/** The lowest 32 bits in ten digits. */
export function tenDigits(uid: Uint8Array): string {
  return (numberOf(uid) % UINT32).toString().padStart(10, '0');
}

/** Facility and card of 26-bit Wiegand, as many cards have it printed. */
export function facilityAndCard(uid: Uint8Array): string {
  const low = numberOf(uid) % 0x1_00_0000n;
  return `${(low >> 16n).toString().padStart(3, '0')},${(low & 0xffffn).toString().padStart(5, '0')}`;
}
