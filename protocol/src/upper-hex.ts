const DIGITS_OF_BYTE = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).toUpperCase().padStart(2, '0'),
);

/** Two upper-case hex digits for each byte, as canonical forms have them; also where there is no `Buffer`. */
export function upperHex(bytes: Uint8Array): string {
  let digits = '';
  for (const byte of bytes) digits += DIGITS_OF_BYTE[byte];
  return digits;
}
