/** XOR of all bytes: RDM6300, and the line protocol's `*XX`. */
export function xor8(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value ^= byte;
  return value;
}

/** Lowest eight bits of the sum; a block whose last byte makes it 0 carries the two's complement form. */
export function sum8(bytes: Uint8Array): number {
  return sum16(bytes) & 0xff;
}

/** Lowest sixteen bits of the sum. */
export function sum16(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = (value + byte) & 0xffff;
  return value;
}

/** CRC-16 with polynomial 1021 and start value 1D0F, not reflected ("AUG-CCITT"): OSDP (OSDP note §2). */
export function crc16Aug(bytes: Uint8Array): number {
  let value = 0x1d0f;
  for (const byte of bytes) {
    value ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) value = value & 0x8000 ? ((value << 1) ^ 0x1021) & 0xffff : value << 1;
  }
  return value;
}
