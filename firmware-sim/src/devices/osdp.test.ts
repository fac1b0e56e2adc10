import { ManualClock } from '@rollcall/protocol/manual-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { type OsdpBus, osdp } from './osdp.js';

let clock: ManualClock;
let sent: string[];
let bauds: number[];

function bus(settings: Record<string, string> = {}): OsdpBus {
  const made = osdp.boot({
    clock,
    random: new Random(1),
    profile: 'wiegand26',
    baud: 9600,
    settings: { addresses: '5', ...settings },
    link: '',
    rates: { falseReject: 0, falseAccept: 0, poor: 0 },
    setBaud: (baud) => bauds.push(baud),
    send: (bytes) => sent.push(Buffer.from(bytes).toString('hex').toUpperCase()),
    showLight: () => undefined,
    beep: () => undefined,
    refuse: () => undefined,
  });
  made.powerOn();
  return made as OsdpBus;
}

function ask(reader: OsdpBus, hex: string): string | undefined {
  sent.length = 0;
  reader.receive(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  clock.advance(10);
  return sent[0];
}

beforeEach(() => {
  clock = new ManualClock();
  sent = [];
  bauds = [];
});

/** Frames of the OSDP note §12, whose generator shares no code with this simulator. */
describe('a simulated OSDP reader', () => {
  it('answers the worked frames byte by byte', () => {
    const reader = bus();
    expect(ask(reader, '53 05 08 00 04 60 BC 89')).toBe('5385080004400E8F');
    reader.cardIn(Buffer.from('7B11D7', 'hex'));
    ask(reader, '53 05 09 00 05 61 00 F1 12');
    ask(reader, '53 05 09 00 06 62 00 F2 1E');
    expect(ask(reader, '53 05 08 00 07 64 6B 9C')).toMatch(/^53850A0007480000/);
  });

  it('repeats its last answer for a repeated number, and starts anew at number 0', () => {
    const reader = bus();
    ask(reader, '53 05 08 00 04 60 BC 89');
    reader.press('1');
    const id = ask(reader, '53 05 09 00 05 61 00 F1 12');
    expect(ask(reader, '53 05 09 00 05 61 00 F1 12')).toBe(id);
    expect(ask(reader, '53 05 08 00 07 64 6B 9C')).toBe(`53850900074104${checkOf('53850900074104')}`);
  });

  it('says nothing to a packet that failed its check, or to another address', () => {
    const reader = bus();
    expect(ask(reader, '53 05 08 00 04 60 BC 88')).toBeUndefined();
    expect(ask(reader, '53 06 08 00 04 60 00 00')).toBeUndefined();
    expect(ask(reader, '53 05 08 00 04 60 BC 89')).toBeDefined();
  });

  it('answers with a checksum where it was asked with one', () => {
    expect(ask(bus({ addresses: '0' }), '53 00 08 00 00 61 00 44')).toMatch(/^5380130000455AA500/);
  });

  it('moves to another address and speed after it has answered at the old ones, if it is alone', () => {
    const reader = bus();
    expect(ask(reader, '53 05 08 00 04 60 BC 89')).toBeDefined();
    expect(ask(reader, '53 05 0D 00 05 6E 06 00 96 00 00 5D 7C')).toMatch(/^53850D00055406009600/);
    expect(bauds).toEqual([38_400]);
    expect(reader.readers[0]).toMatchObject({ address: 6, baud: 38_400 });
    const two = bus({ addresses: '5,7' });
    ask(two, '53 05 08 00 04 60 BC 89');
    expect(ask(two, '53 05 0D 00 05 6E 06 00 96 00 00 5D 7C')).toMatch(/^538509000541/);
    expect(bauds).toEqual([38_400]);
  });

  it('is misused with a message that helps', () => {
    const reader = bus();
    const run =
      (name: string, ...words: string[]) =>
      () =>
        reader.commands.find(({ usage }) => usage.startsWith(name))?.run(words);
    expect(run('keys', '12x')).toThrow(/keys takes digits/);
    expect(run('address', '9')).toThrow(/no reader of this bus has address 9/);
    expect(run('tamper', 'maybe')).toThrow(/on or off/);
    expect(run('scbk', '00')).toThrow(/32 hex digits/);
    expect(() => bus({ addresses: 'one' })).toThrow(/addresses takes a whole number/);
  });
});

/** As the note computes it, bit by bit. */
function checkOf(hex: string): string {
  let crc = 0x1d0f;
  for (const byte of Buffer.from(hex, 'hex')) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return Buffer.of(crc & 0xff, crc >> 8)
    .toString('hex')
    .toUpperCase();
}
