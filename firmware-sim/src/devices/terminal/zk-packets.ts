/** Longest packet that a terminal takes. */
const PACKET_BYTES_MAX = 64 * 1024;
const PREFIX = Buffer.from([0x50, 0x50, 0x82, 0x7d]);
const HEAD_BYTES = 16;

export interface ZkPacket {
  command: number;
  session: number;
  reply: number;
  data: Buffer;
}

/** How packets come and go, as the terminal's side sees them. */
export interface ZkPacketLink {
  encode(packet: ZkPacket): Buffer;
  push(bytes: Uint8Array): ZkPacket[];
}

/** By UDP: one in each datagram. */
export class ZkDatagrams implements ZkPacketLink {
  encode(packet: ZkPacket): Buffer {
    return bodyOf(packet);
  }

  push(datagram: Uint8Array): ZkPacket[] {
    const body = Buffer.from(datagram);
    return body.length >= 8 && isRight(body) ? [decoded(body)] : [];
  }
}

/** By TCP: one behind the other. */
export class ZkPackets implements ZkPacketLink {
  #bytes = Buffer.alloc(0);

  encode(packet: ZkPacket): Buffer {
    const body = bodyOf(packet);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    return Buffer.concat([PREFIX, length, body]);
  }

  push(bytes: Uint8Array): ZkPacket[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const packets: ZkPacket[] = [];
    for (;;) {
      const start = this.#bytes.indexOf(PREFIX);
      if (start < 0) {
        this.#bytes = Buffer.from(this.#bytes.subarray(-PREFIX.length + 1));
        return packets;
      }
      this.#bytes = this.#bytes.subarray(start);
      if (this.#bytes.length < HEAD_BYTES) return packets;
      const length = this.#bytes.readUInt32LE(4);
      if (length < 8 || length > PACKET_BYTES_MAX) {
        this.#bytes = this.#bytes.subarray(PREFIX.length);
        continue;
      }
      if (this.#bytes.length < 8 + length) return packets;
      const body = Buffer.from(this.#bytes.subarray(8, 8 + length));
      this.#bytes = Buffer.from(this.#bytes.subarray(8 + length));
      // A terminal says nothing to a packet with a wrong checksum.
      if (isRight(body)) packets.push(decoded(body));
    }
  }
}

function bodyOf({ command, session, reply, data }: ZkPacket): Buffer {
  const body = Buffer.alloc(8 + data.length);
  body.writeUInt16LE(command, 0);
  body.writeUInt16LE(session, 4);
  body.writeUInt16LE(reply, 6);
  data.copy(body, 8);
  body.writeUInt16LE(checksum(body), 2);
  return body;
}

function decoded(body: Buffer): ZkPacket {
  return {
    command: body.readUInt16LE(0),
    session: body.readUInt16LE(4),
    reply: body.readUInt16LE(6),
    data: body.subarray(8),
  };
}

function isRight(body: Buffer): boolean {
  const told = body.readUInt16LE(2);
  const copy = Buffer.from(body);
  copy.writeUInt16LE(0, 2);
  // 0 and 65535 are the same in ones' complement.
  return told % 0xffff === checksum(copy) % 0xffff;
}

/** 65535 less the sum of the words, as the terminal's own library does it: with the carry taken off each time. */
function checksum(body: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < body.length; at += 2) {
    sum += body.readUInt16LE(at);
    if (sum > 0xffff) sum -= 0xffff;
  }
  if (body.length % 2 === 1) sum += body.readUInt8(body.length - 1);
  while (sum > 0xffff) sum -= 0xffff;
  return 0xffff - sum;
}

/** What has to come after the terminal said that it has a key (commpro.c, by way of pyzk). */
export function commKeyBytes(key: number, session: number): Buffer {
  const bits = key.toString(2).padStart(32, '0');
  const mirrored = Number.parseInt([...bits].reverse().join(''), 2);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE((mirrored + session) % 2 ** 32);
  const masked = Buffer.from(sum.map((byte, at) => byte ^ 'ZKSO'.charCodeAt(at)));
  const tick = 50;
  return Buffer.from([
    masked.readUInt8(2) ^ tick,
    masked.readUInt8(3) ^ tick,
    tick,
    masked.readUInt8(1) ^ tick,
  ]);
}
