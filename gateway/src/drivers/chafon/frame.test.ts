import type { FramingEvent } from '@rollcall/protocol/framing/framer';
import { describe, expect, it } from 'vitest';
import { crc16Mcrf4xx } from '../crc16-mcrf4xx.js';
import { ChafonFramer, encodeCommand } from './frame.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex').toUpperCase();
const framesOf = (events: readonly FramingEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'frame' ? [hex(event.bytes)] : []));

const ONE_TAG = '13000103010C0000000000000000000003133F39';

describe('the checksum of Chafon readers', () => {
  it('is CRC-16/MCRF4XX', () => {
    expect(crc16Mcrf4xx(Buffer.from('123456789'))).toBe(0x6f91);
  });

  it('stands behind every command (UHF note, part A)', () => {
    expect(hex(encodeCommand(0xff, 0x01))).toBe('04FF011BB4');
    expect(hex(encodeCommand(0xff, 0x21))).toBe('04FF211995');
    expect(hex(encodeCommand(0x00, 0x2f, [20]))).toBe('05002F14289B');
  });
});

describe('the framer of Chafon readers', () => {
  it('finds a frame behind noise, inside a broken one, and however it is split', () => {
    const stream = bytes(`FF 07 03 2000010302 ${ONE_TAG} AABB ${ONE_TAG}`);
    expect(framesOf(new ChafonFramer([1]).push(stream))).toEqual([ONE_TAG, ONE_TAG]);
    const framer = new ChafonFramer([1]);
    expect(framesOf([...stream].flatMap((byte) => framer.push(Uint8Array.of(byte))))).toEqual([
      ONE_TAG,
      ONE_TAG,
    ]);
  });

  it('takes answers only to what is asked', () => {
    expect(framesOf(new ChafonFramer([0x21]).push(bytes(ONE_TAG)))).toEqual([]);
  });

  it('gives up a frame without an end once the line is silent, and keeps what stands in it', () => {
    const framer = new ChafonFramer([1]);
    expect(framesOf(framer.push(bytes(`FF0001 ${ONE_TAG}`)))).toEqual([]);
    expect(framesOf(framer.idle())).toEqual([ONE_TAG]);
    expect(framer.pendingBytes).toBe(0);
  });

  it('keeps no more of a flood than a frame', () => {
    const framer = new ChafonFramer([1]);
    for (let round = 0; round < 100; round++) framer.push(new Uint8Array(1_000).fill(1));
    expect(framer.pendingBytes).toBeLessThan(256);
  });
});
