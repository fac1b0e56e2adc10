import type { FramingEvent } from '@rollcall/protocol/framing/framer';
import { describe, expect, it } from 'vitest';
import { ACK, decodeReply, encodeCommand, NACK } from './frame.js';
import { FRAME_DATA_BYTES_MAX, Pn532Framer } from './framer.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex').toUpperCase();

function framesOf(events: readonly FramingEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'frame' ? [hex(event.bytes)] : []));
}

function discardedBy(events: readonly FramingEvent[]): number {
  return events.reduce((sum, event) => sum + (event.type === 'discarded' ? event.bytes : 0), 0);
}

describe('the framer of the PN532', () => {
  it('hands out acknowledgments, refusals, errors and answers, and takes the zeros between them for nothing', () => {
    const events = new Pn532Framer().push(
      bytes('0000FF00FF00 0000FFFF0000 0000FF01FF7F8100 0000FF02FED51516 00 0000FF00FF00'),
    );
    expect(framesOf(events)).toEqual(['00FF', 'FF00', '01FF7F81', '02FED51516', '00FF']);
    expect(discardedBy(events)).toBe(0);
  });

  it('reads normal frames up to their longest, and extended ones up to theirs', () => {
    for (const length of [1, 254, 255, 256, FRAME_DATA_BYTES_MAX - 1]) {
      const frame = encodeCommand(new Uint8Array(length).fill(0xaa));
      const framer = new Pn532Framer();
      expect(framesOf(framer.push(frame)), `${length} bytes`).toHaveLength(1);
      expect(framer.pendingBytes).toBe(0);
    }
  });

  it('gives up lengths that no frame has, and finds what follows', () => {
    for (const head of ['0000FF0000', '0000FF02FD', '0000FFFFFF0000FF', '0000FFFFFFFFFF02']) {
      expect(framesOf(new Pn532Framer().push(bytes(`${head} 0000FF00FF00`))), head).toEqual(['00FF']);
    }
  });

  it('keeps no more of a flood than a frame', () => {
    for (const byte of [0x00, 0xff, 0x55]) {
      const framer = new Pn532Framer();
      const lost = discardedBy(framer.push(new Uint8Array(65_536).fill(byte)));
      expect(lost).toBeGreaterThan(65_000);
    }
  });

  it('finds the whole frame behind a half one once the line is silent', () => {
    const framer = new Pn532Framer();
    expect(framesOf(framer.push(bytes('0000FF20E0D54B01 0000FF02FED51516')))).toEqual([]);
    expect(framer.pendingBytes).toBeGreaterThan(0);
    expect(framesOf(framer.idle())).toEqual(['02FED51516']);
    expect(framer.pendingBytes).toBe(0);
  });
});

describe('a frame', () => {
  it('is written as in the worked examples of PN532 note §10', () => {
    expect(hex(encodeCommand(bytes('14011401')))).toBe('0000FF05FBD41401140102' + '00');
    expect(hex(encodeCommand(bytes('02')))).toBe('0000FF02FED4022A00');
    expect(hex(encodeCommand(bytes('4A0100')))).toBe('0000FF04FCD44A0100E100');
    const long = encodeCommand(Uint8Array.of(0x42, ...new Uint8Array(260).fill(0xaa)));
    expect(hex(long.subarray(0, 10))).toBe('0000FFFFFF0106F9D442');
  });

  it('is read for what it is', () => {
    expect(decodeReply(ACK.subarray(3, 5))).toEqual({ type: 'ack' });
    expect(decodeReply(NACK.subarray(3, 5))).toEqual({ type: 'nack' });
    expect(decodeReply(bytes('01FF7F81'))).toEqual({ type: 'error' });
    expect(decodeReply(bytes('06FAD50332010607E8'))).toEqual({
      type: 'response',
      code: 0x03,
      data: bytes('32010607'),
    });
    // Our own command, heard again over a short-circuited line.
    expect(decodeReply(bytes('02FED4022A'))).toEqual({ type: 'foreign' });
  });
});
