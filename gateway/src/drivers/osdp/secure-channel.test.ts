import { describe, expect, it } from 'vitest';
import { COMMAND } from './codes.js';
import { encodePacket, isChecked, type Packet, parsePacket } from './packet.js';
import { deriveSession, SCBK_D, SecureChannel } from './secure-channel.js';

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(/[^0-9a-f]/gi, ''), 'hex');
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex').toUpperCase();

const RND_A = bytes('B0B1B2B3B4B5B6B7');
const RND_B = bytes('A0A1A2A3A4A5A6A7');
const ZERO = new Uint8Array(16);

const command = (more: Partial<Packet>): Packet => ({
  address: 0,
  isReply: false,
  sequence: 2,
  hasCrc: true,
  code: COMMAND.poll,
  data: new Uint8Array(),
  ...more,
});

function parsed(text: string): Packet {
  const packet = isChecked(bytes(text)) ? parsePacket(bytes(text)) : undefined;
  if (packet === undefined) throw new Error(text);
  return packet;
}

describe('the published vectors', () => {
  it('of SIA Annex E: session keys and cryptograms under SCBK-D', () => {
    const session = deriveSession(SCBK_D, RND_A, RND_B);
    expect(Object.fromEntries(Object.entries(session).map(([name, value]) => [name, hex(value)]))).toEqual({
      sEnc: 'BF8DC2A8329ACB8C67C6D0CD9A451682',
      sMac1: '5E86C676603BDEE2D8BEAFE178637332',
      sMac2: '6FDA86E857777E81132035758239172E',
      client: 'FDE5D2F428EC16312471EA3C02BD7796',
      server: '26D3356E07762D262801FC8E6665A891',
      rMac: 'B2A30057EB98BA2229EC1F875662B524',
    });
  });

  it.each([
    [
      'COMSET to all, CRC',
      { address: 0x7f, sequence: 0, code: 0x6e, data: bytes('0080250000') },
      '537F0D00046E00802500006E38',
    ],
    ['ID, CRC', { sequence: 0, code: 0x61, data: bytes('00') }, '53000900046100C066'],
    [
      'COMSET to all, checksum',
      { address: 0x7f, sequence: 0, hasCrc: false, code: 0x6e, data: bytes('0080250000') },
      '537F0C00006E00802500000F',
    ],
    ['ID, checksum', { sequence: 0, hasCrc: false, code: 0x61, data: bytes('00') }, '5300080000610044'],
  ])('of SIA Annex E: %s', (_name, packet, wire) => {
    expect(hex(encodePacket(command(packet)))).toBe(wire);
  });

  it.each([
    [
      'COMSET',
      { code: 0x6e, data: bytes('0180250000') },
      '53001E000E02176EACA3C2FFE4D9E599CD771B8EF3D13F23FAAB634E0895',
    ],
    [
      'CAP',
      { code: 0x62, data: bytes('00') },
      '53001E000E021762D14EB7AD982CC5F9AA25318A7EAED6260F6A2AA73870',
    ],
    [
      'KEYSET',
      { code: 0x75, data: bytes('011000010203040506070001020304050607') },
      '53002E000E021775F0DDEC9A0ED8CE4C80BAF5D55C18436F9189FD66C9F223DC041486D8335 7DF986C1D4BC2B2F2'.replace(
        ' ',
        '',
      ),
    ],
    ['POLL', {}, '53000E000E0215604B32767773B6'],
    ['LSTAT', { code: 0x64 }, '53000E000E0215646F63246FD050'],
  ])('of OSDP.Net, all keys and the first MAC zero: %s', (_name, packet, wire) => {
    const channel = new SecureChannel({
      sEnc: ZERO,
      sMac1: ZERO,
      sMac2: ZERO,
      client: ZERO,
      server: ZERO,
      rMac: ZERO,
    });
    expect(hex(channel.seal(command(packet)))).toBe(wire);
  });

  it.each([
    ['wire capture of a PDID', '53 81 14 00 04 45 18 68 CB 00 00 68 44 96 B7 02 01 00 F4 0C', 0x45],
    ['wire capture of an LSTATR', '53 98 0A 00 07 48 00 00 24 8E', 0x48],
    ['wire capture of a NAK', '53 80 09 00 06 41 06 A0 BA', 0x41],
  ])('%s', (_name, wire, code) => {
    expect(parsed(wire)).toMatchObject({ isReply: true, code });
    const flipped = bytes(wire);
    flipped[6] = (flipped[6] ?? 0) ^ 1;
    expect(isChecked(flipped)).toBe(false);
  });
});

describe('a session as in the note', () => {
  const POLL = '53 05 0E 00 0E 02 15 60 CF C0 EC 6D DD E1';
  const ACK = '53 85 0E 00 0E 02 16 40 D9 1F 36 4D 36 05';
  const LED = '53 05 1E 00 0F 02 17 69 DB CE C2 5A 24 01 53 4D A1 8E 24 93 23 B5 32 1C B0 FE 92 06 7D 11';
  const LED_ACK = '53 85 0E 00 0F 02 16 40 78 7D C1 5C 6A A3';
  const NEXT = '53 05 0E 00 0D 02 15 60 6C 03 13 BF 65 CF';
  const RAW = '53 85 1E 00 0D 02 18 50 29 8C A2 7C 2B B3 21 82 DB B4 2A CE 23 6D 23 D4 F4 EE 06 CD 19 74';
  const at5 = (more: Partial<Packet>): Packet => command({ address: 5, ...more });

  it('seals and opens every packet of it, in order', () => {
    const channel = new SecureChannel(deriveSession(SCBK_D, RND_A, RND_B));
    expect(hex(channel.seal(at5({})))).toBe(hex(bytes(POLL)));
    expect(channel.open(parsed(ACK))).toMatchObject({ code: 0x40 });
    const led = bytes('0000020505 02001E00010100 0100');
    expect(hex(channel.seal(at5({ sequence: 3, code: COMMAND.led, data: led })))).toBe(hex(bytes(LED)));
    expect(channel.open(parsed(LED_ACK))).toMatchObject({ code: 0x40 });
    expect(hex(channel.seal(at5({ sequence: 1 })))).toBe(hex(bytes(NEXT)));
    const raw = channel.open(parsed(RAW));
    expect(hex(raw?.data ?? ZERO)).toBe('00011A00BD88EB80');
  });

  it('opens nothing twice, nothing out of order and nothing of another session', () => {
    const channel = new SecureChannel(deriveSession(SCBK_D, RND_A, RND_B));
    channel.seal(at5({}));
    expect(channel.open(parsed(LED_ACK))).toBeUndefined();
    expect(channel.open(parsed(ACK))).toBeDefined();
    channel.seal(at5({ sequence: 3 }));
    expect(channel.open(parsed(ACK))).toBeUndefined();
    const other = new SecureChannel(deriveSession(SCBK_D, RND_B, RND_A));
    other.seal(at5({}));
    expect(other.open(parsed(ACK))).toBeUndefined();
  });

  it('opens nothing that came in the clear', () => {
    const channel = new SecureChannel(deriveSession(SCBK_D, RND_A, RND_B));
    channel.seal(at5({}));
    expect(channel.open(parsed('53 85 08 00 04 40 0E 8F'))).toBeUndefined();
  });
});
