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
