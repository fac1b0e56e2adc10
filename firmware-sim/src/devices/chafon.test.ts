import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { chafon, ctFrame, readerFrame, textFrame } from './chafon.js';
import type { Firmware } from './device.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex').toUpperCase();
const EPC = '000000000000000000000313';

function boot(profile: string): {
  firmware: Firmware;
  clock: ManualClock;
  sent: string[];
  refused: string[];
} {
  const clock = new ManualClock();
  const sent: string[] = [];
  const refused: string[] = [];
  const firmware = chafon.boot({
    clock,
    random: new Random(1),
    baud: 57_600,
    settings: {},
    link: '',
    rates: { falseReject: 0, falseAccept: 0, poor: 0 },
    setBaud: () => undefined,
    profile,
    send: (frame) => sent.push(hex(frame)),
    showLight: () => expect.unreachable(),
    beep: () => expect.unreachable(),
    refuse: (reason) => refused.push(reason),
  });
  firmware.powerOn();
  return { firmware, clock, sent, refused };
}

/** UHF note: frames of the tests of wabson/chafon-rfid and of the UHF Reader manual V2.0. */
describe('a simulated Chafon reader', () => {
  it('writes the frames of the notes', () => {
    expect(hex(readerFrame(0x01, 0x03, [0x01, 0x0c, ...bytes(EPC)]))).toBe(
      '13000103010C0000000000000000000003133F39',
    );
    expect(hex(readerFrame(0x01, 0xfb, []))).toBe('050001FBF23D');
    expect(hex(readerFrame(0x01, 0x01, [0x01, 0x00]))).toBe('0700010101001E4B');
    expect(hex(ctFrame(0x01, 0x00, []))).toBe('4354000400010064');
    expect(hex(textFrame(bytes('E200'))).toLowerCase()).toBe('02453230300d0a03');
  });

  it.each([
    ['18', '04FF011BB4', '050001FBF23D', '13000103010C0000000000000000000003133F39'],
    ['288', '0DFF010F000100000000801 4C03A', '0700010101001E4B', '1500010301010C000000000000000000000313'],
    ['ct', '53570003FF0153', '4354000400010064', '435400'],
  ])('answers an inventory as family %s does', (profile, question, none, tag) => {
    const { firmware, clock, sent } = boot(profile);
    firmware.receive(bytes(question));
    clock.advance(100);
    expect(sent).toEqual([none]);
    firmware.cardIn(bytes(EPC));
    firmware.receive(bytes(question));
    clock.advance(100);
    expect(sent[1]?.startsWith(tag)).toBe(true);
  });

  it('reports by itself in active mode for as long as the tag is there', () => {
    const { firmware, clock, sent } = boot('ct-active');
    firmware.cardIn(bytes(EPC));
    clock.advance(1_000);
    firmware.cardOut();
    const { length } = sent;
    expect(length).toBeGreaterThan(5);
    clock.advance(1_000);
    expect(sent).toHaveLength(length);
    expect(clock.pendingTimers).toBe(0);
  });

  it('answers no command with a wrong checksum, and finds the good one behind it', () => {
    const { firmware, clock, sent, refused } = boot('18');
    firmware.receive(bytes('04FF011BB5 04FF011BB4'));
    clock.advance(100);
    expect(refused).toContain('checksum');
    expect(sent).toEqual(['050001FBF23D']);
  });
});
