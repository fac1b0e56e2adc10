import { describe, expect, it } from 'vitest';
import { COMMAND, type Packet } from './packet.js';
import { PACKETS_MAX, TABLE_BYTES_MAX, untilWhole, wholeOf } from './transfer.js';

const packet = (command: number, data: Uint8Array = new Uint8Array()): Packet => ({
  command,
  session: 1,
  reply: 1,
  data,
});

function prepared(bytes: number): Packet {
  const data = Buffer.alloc(8);
  data.writeUInt32LE(bytes);
  return packet(COMMAND.prepareData, data);
}

const isNeverAll = (): boolean => false;

describe('a transfer of a terminal', () => {
  it('is whole with its last byte, in pieces of any size', () => {
    const isLast = untilWhole(isNeverAll);
    const packets = [
      prepared(5),
      ...['ab', '', 'cde'].map((text) => packet(COMMAND.data, Buffer.from(text))),
    ];
    expect(packets.map(isLast)).toEqual([false, false, false, true]);
    expect(Buffer.from(wholeOf(packets) ?? []).toString()).toBe('abcde');
  });

  it('is over where the terminal says something else, and never begins where it is none, empty or too long', () => {
    const isLast = untilWhole(isNeverAll);
    expect([prepared(5), packet(COMMAND.ok)].map(isLast)).toEqual([false, true]);
    for (const first of [
      packet(COMMAND.data),
      packet(COMMAND.ok),
      prepared(0),
      prepared(TABLE_BYTES_MAX + 1),
    ])
      expect(untilWhole(isNeverAll)(first)).toBe(true);
    expect(untilWhole(() => true)(prepared(5))).toBe(true);
  });

  it('of nothing but empty packets ends, and each of them costs as little as the first', () => {
    const isLast = untilWhole(isNeverAll);
    isLast(prepared(5));
    const empty = packet(COMMAND.data);
    let heard = 1;
    do heard += 1;
    while (!isLast(empty) && heard <= PACKETS_MAX);
    expect(heard).toBe(PACKETS_MAX);
  });
});
