import { COMMAND, type Packet } from './packet.js';

/** Bytes of one table of a terminal: a million entries of forty. */
export const TABLE_BYTES_MAX = 64 * 1024 * 1024;
/** Packets of one transfer: that table in pieces of 512. Whoever sends smaller ones, or empty ones, is not heard out. */
export const PACKETS_MAX = TABLE_BYTES_MAX / 512;
/** The packet that begins a transfer has so many at most: the length of it, and that of a piece. */
const PREPARED_BYTES = 8;
/** Before its records a table has its own length. */
const TABLE_HEAD_BYTES = 4;

/** Whether the answer is data at all, and no refusal or acknowledgement. */
export function isTransfer(first: Packet | undefined): boolean {
  return first?.command === COMMAND.data || first?.command === COMMAND.prepareData;
}

/**
 * How long a table is that waits in the terminal's buffer, from the answer to the question for it; undefined for any other
 * answer. Most say OK, some say the same in the packet that otherwise begins a transfer (node-zklib, pyzk).
 */
export function bufferedLength(first: Packet | undefined): number | undefined {
  if (first === undefined || first.data.length < 5) return undefined;
  const data = Buffer.from(first.data);
  const length = data.readUInt32LE(1);
  if (first.command === COMMAND.ok) return length;
  // Behind a zero and twice; a transfer begins with the length itself.
  const isBuffered = data.length > PREPARED_BYTES && data[0] === 0 && data.readUInt32LE(5) === length;
  return first.command === COMMAND.prepareData && isBuffered ? length : undefined;
}

/**
 * Asked of each packet of an answer in turn, whether it is the last: the announced bytes are there, the terminal said that there
 * is no more, or it sent more packets than any table needs.
 *
 * @param isAll of the first one, that nothing follows it though it looks like the beginning of a transfer.
 */
export function untilWhole(isAll: (first: Packet) => boolean): (packet: Packet) => boolean {
  let expected: number | undefined;
  let bytes = 0;
  let packets = 0;
  return (packet) => {
    packets += 1;
    if (expected === undefined) {
      expected = packet.command === COMMAND.prepareData ? announced(packet) : 0;
      return expected === 0 || expected > TABLE_BYTES_MAX || isAll(packet);
    }
    bytes += packet.data.length;
    return !isData(packet) || bytes >= expected || packets >= PACKETS_MAX;
  };
}

/** The data of a transfer; undefined where it was none, or came short. */
export function wholeOf(packets: readonly Packet[]): Uint8Array | undefined {
  const [first, ...rest] = packets;
  if (first?.command === COMMAND.data) return first.data;
  if (first?.command !== COMMAND.prepareData) return undefined;
  const whole = Buffer.concat(rest.filter(isData).map((packet) => packet.data));
  return whole.length === announced(first) ? whole : undefined;
}

/** In how many packets the data came. */
export function piecesOf(packets: readonly Packet[]): number {
  return packets.filter(isData).length;
}

/** Whether a table is as long as its own head says. */
export function hasOwnLength(table: Uint8Array): boolean {
  return (
    table.length >= TABLE_HEAD_BYTES && Buffer.from(table).readUInt32LE(0) === table.length - TABLE_HEAD_BYTES
  );
}

const isData = ({ command }: Packet): boolean => command === COMMAND.data;

function announced({ data }: Packet): number {
  return data.length < 4 ? 0 : Buffer.from(data).readUInt32LE(0);
}
