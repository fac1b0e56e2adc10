/** Wiegand frames as text of `0` and `1`, first bit first (Wiegand note §2, written from it alone). */
export const CARD_FORMATS = ['wiegand26', 'wiegand34', 'wiegand35', 'wiegand37', 'csn'] as const;
export type CardFormat = (typeof CARD_FORMATS)[number];

const ones = (bits: string): number => bits.replaceAll('0', '').length;
const even = (bits: string): string => String(ones(bits) % 2);
const odd = (bits: string): string => String(1 - (ones(bits) % 2));
const binary = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');

/** Bytes of a card that each format carries. */
export const FORMAT_BYTES: Readonly<Record<CardFormat, readonly number[]>> = {
  wiegand26: [3],
  wiegand34: [4],
  wiegand35: [4],
  wiegand37: [5],
  csn: [4, 7, 8, 10],
};

/** The frame that a reader with this output sends; undefined for a card that does not fit it. */
export function cardBits(format: CardFormat, card: Uint8Array): string | undefined {
  if (!FORMAT_BYTES[format].includes(card.length)) return undefined;
  const data = binary(card);
  switch (format) {
    case 'wiegand26':
      return even(data.slice(0, 12)) + data + odd(data.slice(12));
    case 'wiegand34':
      return even(data.slice(0, 16)) + data + odd(data.slice(16));
    case 'wiegand35':
      return corporate35(data);
    case 'wiegand37': {
      const number = data.slice(5);
      return data.startsWith('00000')
        ? even(number.slice(0, 18)) + number + odd(number.slice(17))
        : undefined;
    }
    default:
      return data;
  }
}

/** HID Corporate 1000: parities over two of each three bits, then one over all. */
function corporate35(data: string): string {
  const cover = (bits: string, from: number): string =>
    [...bits].filter((_, index) => index >= from && (index - from) % 3 !== 2 && index < from + 32).join('');
  const first = even(cover(`00${data}0`, 2));
  const last = odd(cover(`0${first}${data}0`, 1));
  const rest = first + data + last;
  return odd(rest) + rest;
}

/** Packed as OSDP does: from the most significant bit of the first byte, zeros behind. */
export function packBits(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}
