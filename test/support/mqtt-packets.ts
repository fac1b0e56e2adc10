/** Control packet types of MQTT 3.1.1 §2.2.1 that a man in the middle cares about. */
export const PUBLISH = 3;
export const PUBACK = 4;

const LENGTH_BYTES_MAX = 4;
/** Larger than any message of the contract, so that garbage cannot fill the memory of a test. */
const PACKET_BYTES_MAX = 16 * 1024 * 1024;

export interface MqttPacket {
  type: number;
  /** The packet exactly as it travelled. */
  bytes: Buffer;
  /** Of a PUBLISH. */
  topic?: string;
  qos?: number;
  payload?: Buffer;
}

/** Cuts one direction of an MQTT connection into its packets. */
export class PacketCutter {
  #rest = Buffer.alloc(0);

  push(chunk: Buffer): MqttPacket[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const packets: MqttPacket[] = [];
    for (;;) {
      const size = packetSize(this.#rest);
      if (size === undefined || this.#rest.length < size) return packets;
      packets.push(describePacket(Buffer.from(this.#rest.subarray(0, size))));
      this.#rest = this.#rest.subarray(size);
    }
  }
}

/** Bytes of the packet at the start, header included; undefined while its length is not complete. */
function packetSize(bytes: Buffer): number | undefined {
  let length = 0;
  for (let index = 0; index < LENGTH_BYTES_MAX; index++) {
    const byte = bytes[1 + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** index;
    if ((byte & 0x80) === 0) {
      const size = 2 + index + length;
      if (size > PACKET_BYTES_MAX) throw new Error(`an MQTT packet of ${size} bytes cannot be right`);
      return size;
    }
  }
  throw new Error('this is not MQTT: the length field does not end');
}

function describePacket(bytes: Buffer): MqttPacket {
  const first = bytes[0] ?? 0;
  const type = first >> 4;
  if (type !== PUBLISH) return { type, bytes };
  let at = 1;
  while (((bytes[at] ?? 0) & 0x80) !== 0) at++;
  at++;
  const topicLength = bytes.readUInt16BE(at);
  const topic = bytes.toString('utf8', at + 2, at + 2 + topicLength);
  const qos = (first >> 1) & 3;
  const payload = bytes.subarray(at + 2 + topicLength + (qos > 0 ? 2 : 0));
  return { type, bytes, topic, qos, payload };
}
