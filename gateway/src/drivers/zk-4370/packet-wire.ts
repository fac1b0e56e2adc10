import type { DiscardReason } from '@rollcall/protocol/framing/framer';
import {
  checkBody,
  decodeBody,
  decodePacket,
  encodeBody,
  encodePacket,
  type Packet,
  packetFramer,
} from './packet.js';

export type PacketEvent =
  | { type: 'packet'; packet: Packet }
  | { type: 'discarded'; bytes: number; reason: DiscardReason };

/** How packets travel. */
export interface PacketWire {
  push(chunk: Uint8Array): readonly PacketEvent[];
  encode(packet: Packet): Uint8Array;
}

/** On TCP: one behind the other, each behind prefix and length. */
export function streamOfPackets(): PacketWire {
  const framer = packetFramer();
  return {
    encode: encodePacket,
    push: (chunk) =>
      framer
        .push(chunk)
        .map((event) =>
          event.type === 'frame' ? { type: 'packet', packet: decodePacket(event.bytes) } : event,
        ),
  };
}

/** On UDP: one in each datagram, whole or not at all. */
export const datagramsOfPackets: PacketWire = {
  encode: encodeBody,
  push: (datagram) => {
    const worth = checkBody(datagram);
    if (worth === 'whole') return [{ type: 'packet', packet: decodeBody(datagram) }];
    const reason = worth === 'short' ? 'noise' : 'bad_checksum';
    return datagram.length === 0 ? [] : [{ type: 'discarded', bytes: datagram.length, reason }];
  },
};
