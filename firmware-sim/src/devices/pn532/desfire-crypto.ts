import { createCipheriv, createDecipheriv } from 'node:crypto';

const BLOCK = 16;
export const NO_IV = Buffer.alloc(BLOCK);

export function aesEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

export function aesDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-128-cbc', key, iv);
  decipher.setAutoPadding(false);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}

/** CMAC over big numbers instead of bytes (SP 800-38B): another road to the same sixteen bytes. */
export function macOf(key: Uint8Array, message: Uint8Array, iv: Uint8Array = NO_IV): Buffer {
  const first = times2(BigInt(`0x${aesEncrypt(key, NO_IV, NO_IV).toString('hex')}`));
  const isWhole = message.length > 0 && message.length % BLOCK === 0;
  const padded = isWhole ? Buffer.from(message) : Buffer.concat([message, Buffer.of(0x80)]);
  const blocks = Buffer.alloc(Math.ceil(padded.length / BLOCK) * BLOCK);
  padded.copy(blocks);
  const last = blocks.subarray(-BLOCK);
  const mixed = BigInt(`0x${last.toString('hex')}`) ^ (isWhole ? first : times2(first));
  Buffer.from(mixed.toString(16).padStart(BLOCK * 2, '0'), 'hex').copy(last);
  return aesEncrypt(key, iv, blocks).subarray(-BLOCK);
}

function times2(value: bigint): bigint {
  const shifted = value << 1n;
  return shifted >> 128n === 0n ? shifted : (shifted ^ 0x87n) & ((1n << 128n) - 1n);
}

export function leftRotated(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)]);
}

const CRC_TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** CRC-32/JAMCRC, lowest byte first. */
export function desfireCrc(bytes: Uint8Array): Buffer {
  let value = 0xffffffff;
  for (const byte of bytes) value = ((CRC_TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)) >>> 0;
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}
