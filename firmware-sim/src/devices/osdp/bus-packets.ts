/** Packets as a reader on the bus sees them (SIA OSDP v2.2 §5.9; written from the OSDP note §2 alone). */
const SOM = 0x53;
const HEADER = 5;
/** What a small reader has room for; longer ones are skipped. */
const BUFFER_BYTES = 512;
/** The shortest: header, code, checksum. */
const SHORTEST = HEADER + 2;

export interface BusCommand {
  address: number;
  sequence: number;
  crc: boolean;
  /** Type and further bytes of the security block. */
  block: Uint8Array | undefined;
  code: number;
  data: Uint8Array;
  mac: Uint8Array | undefined;
  /** From the start up to the MAC. */
  signed: Uint8Array;
}

export interface BusReply {
  address: number;
  sequence: number;
  crc: boolean;
  block?: Uint8Array;
  code: number;
  data: Uint8Array;
}

/** Collects what comes over the bus; `take` gives the next whole packet whose check is right. */
export class BusReceiver {
  #bytes: number[] = [];

  push(bytes: Uint8Array): void {
    this.#bytes.push(...bytes);
  }

  reset(): void {
    this.#bytes = [];
  }

  take(): BusCommand | 'damaged' | undefined {
    for (;;) {
      const start = this.#bytes.indexOf(SOM);
      this.#bytes.splice(0, start < 0 ? this.#bytes.length : start);
      if (this.#bytes.length < HEADER) return undefined;
      const length = (this.#bytes[2] ?? 0) | ((this.#bytes[3] ?? 0) << 8);
      if (length < SHORTEST || length > BUFFER_BYTES) {
        this.#bytes.shift();
        continue;
      }
      if (this.#bytes.length < length) return undefined;
      const packet = Uint8Array.from(this.#bytes.splice(0, length));
      return isIntact(packet) ? disassemble(packet) : 'damaged';
    }
  }
}

/** The reply without MAC and check, with the length that it will have. */
export function assemble(reply: BusReply, hasMac: boolean): Uint8Array {
  const { address, sequence, crc, block, code, data } = reply;
  const security = block === undefined ? [] : [block.length + 1, ...block];
  const length = HEADER + security.length + 1 + data.length + (hasMac ? 4 : 0) + (crc ? 2 : 1);
  const control = sequence + (crc ? 4 : 0) + (block === undefined ? 0 : 8);
  return Uint8Array.from([
    SOM,
    address + 0x80,
    length % 256,
    length >> 8,
    control,
    ...security,
    code,
    ...data,
  ]);
}

export function closeWithCheck(bytes: Uint8Array, crc: boolean): Uint8Array {
  if (!crc) return Uint8Array.from([...bytes, checksum(bytes)]);
  const value = crc16(bytes);
  return Uint8Array.from([...bytes, value % 256, value >> 8]);
}

function isIntact(packet: Uint8Array): boolean {
  const crc = ((packet[4] ?? 0) & 4) > 0;
  const body = packet.slice(0, crc ? -2 : -1);
  return Buffer.compare(closeWithCheck(body, crc), packet) === 0;
}

function disassemble(packet: Uint8Array): BusCommand | 'damaged' {
  const control = packet[4] ?? 0;
  const crc = (control & 4) > 0;
  const body = packet.slice(0, crc ? -2 : -1);
  let at = HEADER;
  let block: Uint8Array | undefined;
  if ((control & 8) > 0) {
    const length = body[HEADER] ?? 0;
    block = body.slice(HEADER + 1, HEADER + length);
    at += length;
  }
  const type = block?.[0] ?? 0;
  const isSealed = type >= 0x15 && type <= 0x18;
  const signed = isSealed ? body.slice(0, -4) : body;
  if (at >= signed.length) return 'damaged';
  return {
    address: packet[1] ?? 0,
    sequence: control & 3,
    crc,
    block,
    code: signed[at] ?? 0,
    data: signed.slice(at + 1),
    mac: isSealed ? body.slice(-4) : undefined,
    signed,
  };
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return (256 - (sum % 256)) % 256;
}

/** Polynomial 1021 by the byte, start value 1D0F. */
function crc16(bytes: Uint8Array): number {
  let crc = 0x1d0f;
  for (const byte of bytes) {
    let folded = (crc >> 8) ^ byte;
    folded ^= folded >> 4;
    crc = ((crc << 8) ^ (folded << 12) ^ (folded << 5) ^ folded) & 0xffff;
  }
  return crc;
}
