import { describe, expect, it } from 'vitest';
import { decodePacket, encodePacket, PACKET_BYTES_MAX, PID, packetFramer } from './packet.js';

const ADDRESS = 0xffffffff;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

/** EF01 note §12. */
const WORKED: [string, number, string][] = [
  ['EF01FFFFFFFF0100071300000000001B', PID.command, '1300000000'],
  ['EF01FFFFFFFF0100030F0013', PID.command, '0F'],
  ['EF01FFFFFFFF07000700000500BB00CE', PID.ack, '00000500BB'],
  ['EF01FFFFFFFF0100080401000000C800D6', PID.command, '0401000000C8'],
];

describe('a packet', () => {
  it.each(WORKED)('%s is what the manuals say', (frame, pid, payload) => {
    expect(hex(encodePacket({ address: ADDRESS, pid, payload: Buffer.from(payload, 'hex') }))).toBe(frame);
    expect(decodePacket(Buffer.from(frame, 'hex'))).toMatchObject({ address: ADDRESS, pid });
    expect(hex(decodePacket(Buffer.from(frame, 'hex')).payload)).toBe(payload);
  });

  it('has a sum that reaches FF05 without turning over, with 256 bytes of FF', () => {
    const payload = new Uint8Array(256).fill(0xff);
    const frame = encodePacket({ address: ADDRESS, pid: PID.data, payload });
    expect(hex(frame.subarray(-2))).toBe('FF05');
    expect(frame).toHaveLength(PACKET_BYTES_MAX);
    expect(packetFramer().push(frame)).toEqual([{ type: 'frame', bytes: frame }]);
  });

  it('without anything in it is none', () => {
    const [event] = packetFramer().push(Buffer.from('EF01FFFFFFFF0700020009', 'hex'));
    expect(event).toMatchObject({ type: 'discarded', reason: 'bad_checksum' });
  });

  it('is found inside a damaged one', () => {
    const inner = encodePacket({ address: ADDRESS, pid: PID.ack, payload: Uint8Array.of(2) });
    const damaged = encodePacket({ address: ADDRESS, pid: PID.data, payload: inner });
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    const frames = packetFramer()
      .push(damaged)
      .filter(({ type }) => type === 'frame');
    expect(frames).toEqual([{ type: 'frame', bytes: inner }]);
  });
});
