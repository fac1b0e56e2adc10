/** A UART samples at the middle of each bit; beyond this mismatch (percent) the stop bit is missed. */
const TOLERATED_MISMATCH_PERCENT = 3;
const BITS_PER_BYTE = 10;

export interface BaudPair {
  senderBaud: number;
  receiverBaud: number;
}

/**
 * What a receiver set to one baud rate hears when the sender talks at another: the waveform of the sender
 * (8N1, least significant bit first, idle high) sampled by the receiver's clock. Deterministic, as on a bench.
 */
export function heardAt(bytes: Uint8Array, { senderBaud, receiverBaud }: BaudPair): Uint8Array {
  if (!Number.isFinite(receiverBaud) || receiverBaud <= 0) return new Uint8Array(0);
  const mismatchPercent = (Math.abs(receiverBaud - senderBaud) / senderBaud) * 100;
  if (mismatchPercent <= TOLERATED_MISMATCH_PERCENT) return bytes;
  return sample(waveform(bytes), senderBaud / receiverBaud);
}

function waveform(bytes: Uint8Array): Uint8Array {
  const bits = new Uint8Array(bytes.length * BITS_PER_BYTE);
  bytes.forEach((byte, index) => {
    const start = index * BITS_PER_BYTE;
    for (let bit = 0; bit < 8; bit++) bits[start + 1 + bit] = (byte >> bit) & 1;
    bits[start + 9] = 1;
  });
  return bits;
}

/** `stretch` is the length of one receiver bit in sender bits. */
function sample(bits: Uint8Array, stretch: number): Uint8Array {
  const level = (position: number): number => bits[Math.floor(position)] ?? 1;
  const heard: number[] = [];
  let position = 0;
  while (position < bits.length) {
    if (level(position) === 1) {
      position = Math.floor(position) + 1;
      continue;
    }
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte |= level(position + (bit + 1.5) * stretch) << bit;
    heard.push(byte);
    position += (BITS_PER_BYTE - 0.5) * stretch;
    // A missed stop bit is a break: nothing is heard until the line is high again.
    while (position < bits.length && level(position) === 0) position = Math.floor(position) + 1;
  }
  return Uint8Array.from(heard);
}
