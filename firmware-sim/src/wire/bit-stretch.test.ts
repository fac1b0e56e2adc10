import { describe, expect, it } from 'vitest';
import { heardAt } from './bit-stretch.js';

const FRAME = Buffer.from('0230433030303632314135384503', 'hex');

describe('heardAt', () => {
  it('passes bytes unchanged at the same baud and within UART tolerance', () => {
    expect(heardAt(FRAME, { senderBaud: 9600, receiverBaud: 9600 })).toEqual(FRAME);
    expect(heardAt(FRAME, { senderBaud: 9600, receiverBaud: 9700 })).toEqual(FRAME);
  });

  it.each([
    1200, 4800, 19_200, 57_600, 115_200,
  ])('turns a 9600 baud frame into garbage at %i', (receiverBaud) => {
    const heard = heardAt(FRAME, { senderBaud: 9600, receiverBaud });
    expect(Buffer.from(heard).equals(FRAME)).toBe(false);
    expect(heard).toEqual(heardAt(FRAME, { senderBaud: 9600, receiverBaud }));
    // A faster receiver sees more start bits, a slower one fewer: at most one byte per falling edge.
    expect(heard.length).toBeLessThanOrEqual(FRAME.length * 5);
  });

  it('hears 0x00 at half speed as the shape an oscilloscope would show', () => {
    // Start bit and eight zeros last nine bits; sampled twice as fast they are one 0x00 with a missed stop bit.
    expect([...heardAt(Uint8Array.of(0x00), { senderBaud: 9600, receiverBaud: 19_200 })]).toEqual([0x00]);
    // 0xFF: one low sender bit is two low receiver bits, the start bit and one zero.
    expect([...heardAt(Uint8Array.of(0xff), { senderBaud: 9600, receiverBaud: 19_200 })]).toEqual([0xfe]);
  });

  it('hears nothing when the host has hung up its line (baud 0)', () => {
    expect(heardAt(FRAME, { senderBaud: 9600, receiverBaud: 0 })).toHaveLength(0);
  });
});
