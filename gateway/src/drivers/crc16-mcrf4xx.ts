/** Reflected (UHF note, part A). */
const POLYNOMIAL = 0x8408;
const START = 0xffff;

/** CRC-16/MCRF4XX: 6F91 over the digits 1 to 9. */
export function crc16Mcrf4xx(bytes: Uint8Array): number {
  let value = START;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >> 1) ^ POLYNOMIAL : value >> 1;
  }
  return value;
}
