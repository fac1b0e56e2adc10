import { expect, it } from 'vitest';
import { decodeResponse, encodeCommand, encodeData, Gt521fFramer, payloadOf } from './packet.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

/** GT-521F note §A6, most of them from public wire logs. */
it.each([
  ['55AA01000100000001000201', 0x01, 1],
  ['55AA01000000000026002601', 0x26, 0],
  ['55AA01000600000050005601', 0x50, 6],
  ['55AA01000500FFFF71007403', 0x71, 0xffff0005],
  ['55AA010000C201000400C701', 0x04, 115_200],
])('a command is %s', (frame, code, parameter) => {
  expect(hex(encodeCommand(code, parameter))).toBe(frame);
});

it('an answer is told by its code, and anything else is none', () => {
  expect(decodeResponse(Buffer.from('55AA01000500000030003501', 'hex'))).toEqual({
    isAck: true,
    parameter: 5,
  });
  expect(decodeResponse(Buffer.from('55AA01000710000031004801', 'hex'))).toEqual({
    isAck: false,
    parameter: 0x1007,
  });
  expect(decodeResponse(encodeCommand(0x51, 0))).toBeUndefined();
});

it('data is what was expected, and is found behind noise and split anywhere', () => {
  const content = Uint8Array.from({ length: 16 }, (_, index) => index);
  const packet = encodeData(content);
  expect(hex(packet)).toBe('5AA50100000102030405060708090A0B0C0D0E0F7801');
  for (let at = 0; at <= packet.length; at++) {
    const framer = new Gt521fFramer();
    framer.expectData(16);
    framer.push(Uint8Array.of(0x5a, 0x00, 0x55));
    const events = [...framer.push(packet.subarray(0, at)), ...framer.push(packet.subarray(at))];
    const frames = events.flatMap((event) => (event.type === 'frame' ? [event.bytes] : []));
    expect(frames.map(payloadOf)).toEqual([content]);
  }
});

it('data that nobody expects is noise', () => {
  const events = new Gt521fFramer().push(encodeData(new Uint8Array(16)));
  expect(events).toEqual([{ type: 'discarded', bytes: 22, reason: 'noise' }]);
});

it('a good answer inside a bad one is found', () => {
  const good = encodeCommand(0x30, 5);
  const framer = new Gt521fFramer();
  const events = framer.push(Uint8Array.of(0x55, 0xaa, 0x01, 0x00, ...good));
  expect(events.at(-1)).toEqual({ type: 'frame', bytes: good });
  expect(framer.pendingBytes).toBe(0);
});
