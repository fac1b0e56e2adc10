import { describe, expect, it } from 'vitest';
import { DriverBench } from './driver.fixture.js';
import { driver } from './line.js';

const UID = 'iso14443a:4A8D694F';
const OTHER = 'iso14443a:0A05FF01';

/** A session that has already seen a line end. */
function bench(options: Record<string, unknown> = {}): DriverBench {
  const on = new DriverBench(driver, options).settle();
  on.feed('\n');
  return on;
}

describe('lines of foreign sketches', () => {
  it.each([
    '4A8D694F',
    '4a8d694f',
    'Card UID: 4A 8D 69 4F',
    ' 4A 8D 69 4F',
    '4A:8D:69:4F',
    '4A-8D-69-4F',
    '4A,8D,69,4F',
    '0x4A, 0x8D, 0x69, 0x4F',
    '74,141,105,79',
    '1250781519',
    '{"uid":"4A8D694F"}',
    '{"Tag":"4A:8D:69:4F","rssi":-3}',
    '{"card":1250781519}',
    'UID: 4a8d694f',
    'UID tag : 4A 8D 69 4F',
    'RFID=4A8D694F',
    '320200069089',
    '\ufeff4A8D694F',
    '\x004A8D694F\r',
  ])('reads %j', (line) => {
    const on = bench();
    on.feed(Buffer.from(`${line}\r\n`));
    expect(on.cards).toEqual([UID]);
    expect(on.rejections).toEqual([]);
  });

  it.each([
    ['04A1B2C3D4E5F6', 'iso14443a:04A1B2C3D4E5F6'],
    ['00112233445566778899', 'iso14443a:00112233445566778899'],
    ['00000001', 'iso14443a:00000001'],
  ])('keeps every digit of %s', (line, expected) => {
    const on = bench();
    on.feed(`${line}\n`);
    expect(on.cards).toEqual([expected]);
  });

  it.each([
    'Scan PICC to see UID, SAK, type, and data blocks...',
    'PICC type: MIFARE 1KB',
    'Card SAK: 08',
    'Sector Block   0  1  2  3   4  5  6  7',
    ' 15     63   00 00 00 00  00 00 FF 07  80 69 FF FF  FF FF FF FF  [ 0 0 1 ]',
    ' 10  04 A1 B2 C3',
    'MIFARE_Read() failed: Timeout in communication.',
    'rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)',
    'ets Jul 29 2019 12:21:46',
    'Backtrace: 0x400d1234:0x3ffb1f70',
    'PC      : 0x400d1234  PS      : 0x00060030',
    'I (1234) rc522: 4A8D694F',
    'ready',
    '42',
    '{"state":"ok"}',
  ])('takes %j for chatter', (line) => {
    const on = bench();
    on.feed(`${line}\r\n`);
    expect(on.events).toEqual([]);
  });

  it.each([
    ['EDBA996', 'leading_zero', /print two digits per byte/],
    ['A5FF1', 'leading_zero', /print two digits per byte/],
    ['Card UID: A 5 FF 1', 'leading_zero', /print two digits per byte/],
    ['C3B2A1', 'truncated', /only 6 digits/],
    ['UID: 4A 8D 69', 'truncated', /whole UID/],
    ['UID: 4A 8D 69 4F E1', 'length', /5 bytes/],
    ['320200069090', 'check_byte', /check byte/],
    ['12,34,56,78', 'ambiguous', /options\.digits/],
    ['UID: 300,1,2,3', 'malformed', /255/],
    ['UID: none', 'malformed', /not a card number/],
    ['{"uid":', 'malformed', /JSON/],
    ['00000000', 'blank', /all zeros/],
    ['88041122', 'uid', /first part of a longer UID/],
  ])('rejects %j and says what to change', (line, reason, message) => {
    const on = bench();
    on.feed(`${line}\r\n`);
    expect(on.cards).toEqual([]);
    expect(on.events).toEqual([{ type: 'rejected', reason, message: expect.stringMatching(message) }]);
  });

  it('reverses the bytes where the device is declared little-endian', () => {
    const on = bench({ order: 'le' });
    on.feed('1332317514\n');
    expect(on.cards).toEqual([UID]);
  });

  it('finds the UID behind a check byte that comes first only when told so', () => {
    // 3784 ... is E1 4A8D694F: the same five bytes have an XOR of zero wherever the check byte stands.
    const number = String(0xe14a8d694fn);
    const first = bench({ check_byte: 'first' });
    first.feed(`${number}\n`);
    expect(first.cards).toEqual([UID]);
  });

  it('reads digits that fit both ways as declared, and refuses them once they became unclear', () => {
    const hex = bench({ digits: 'hex' });
    hex.feed('12,34,56,78\n');
    expect(hex.cards).toEqual(['iso14443a:12345678']);
    const decimal = bench({ digits: 'decimal' });
    decimal.feed('12345678\n');
    expect(decimal.cards).toEqual(['iso14443a:00BC614E']);
    const auto = bench();
    auto.feed('12345678\n1250781519\n87654321\n');
    expect(auto.cards).toEqual(['iso14443a:12345678', UID]);
    expect(auto.rejections).toEqual(['ambiguous']);
  });

  it('reads ten digits as EM4100 where the device is declared so', () => {
    const on = bench({ technology: 'em4100' });
    on.feed('0F00A1B2C3\n');
    expect(on.cards).toEqual(['em4100:0F00A1B2C3']);
  });
});

describe('the first line after opening', () => {
  it('is discarded, since it may be the tail of a longer one', () => {
    const on = new DriverBench(driver).settle();
    on.feed('4A8D694F\n');
    expect(on.cards).toEqual([]);
    on.feed('4A8D694F\n');
    expect(on.cards).toEqual([UID]);
  });

  it('is believed when its checksum proves it whole, and only then', () => {
    const proven = new DriverBench(driver).settle();
    proven.feed('CARD,4A8D694F,A,000017*0B\n');
    expect(proven.cards).toEqual([UID]);
    const unproven = new DriverBench(driver).settle();
    unproven.feed('CARD,4A8D694F,A,000017\n');
    expect(unproven.cards).toEqual([]);
  });
});

describe('our own format', () => {
  it('reads cards, hello and heartbeat', () => {
    const on = bench();
    on.feed('HELLO,rc522-bridge,1.0,ab12*57\r\nCARD,4A8D694F,A,000017*0B\r\nHB,000018*2F\r\n');
    expect(on.events.map(({ type }) => type)).toEqual(['identity', 'card', 'alive']);
    expect(on.events[0]).toEqual({ type: 'identity', text: 'rc522-bridge 1.0 ab12' });
    expect(on.counts['frames_ok']).toBe(3);
  });

  it('marks a card without a checksum as unverified', () => {
    const on = bench();
    on.feed('CARD,4A8D694F,A,000017\n');
    expect(on.events).toEqual([expect.objectContaining({ type: 'card', unverified: true })]);
  });

  it('rejects a wrong checksum', () => {
    const on = bench();
    on.feed('CARD,4A8D694E,A,000017*0B\n');
    expect(on.cards).toEqual([]);
    expect(on.counts['frames_bad_checksum']).toBe(1);
    expect(on.rejections).toEqual(['checksum']);
  });

  it.each([
    'CARD,4A8D69,A,1',
    'CARD,4A8D694F,X,1',
    'CARD,4A8D694F,constructor,1',
    'CARD,4A8D694F,__proto__,1',
    'CARD,4A8D694F,toString,1',
    'CARD,4A8D694F,A',
    'CARD,4A8D694F,A,x',
    'HB,',
    'GONE,x,1',
    'FINGER,FAKE',
    'FINGER,FAKE,x',
    'FINGER,ASHA,1',
  ])('rejects the malformed %s', (line) => {
    const on = bench();
    on.feed(`${line}\n`);
    expect(on.rejections).toEqual(['malformed']);
  });

  it('reports the code of an error of the device and never its text', () => {
    const on = bench();
    on.feed('ERR,E12,card 4A8D694F unreadable\n');
    expect(on.events).toEqual([
      { type: 'rejected', reason: 'device_error', message: expect.stringContaining('E12') },
    ]);
    expect(JSON.stringify(on.events)).not.toContain('4A8D694F');
  });

  it('case 117: tells of each finger that is not a living one once, until the device starts again', () => {
    const on = bench();
    on.feed('FINGER,FAKE,000001*19\nFINGER,FAKE,1\n');
    expect(on.events).toEqual([{ type: 'finger_refused', reason: 'liveness' }]);
    expect([on.counts['merged'], on.counts['frames_ok']]).toEqual([1, 2]);
    on.feed('FINGER,FAKE,2\n');
    expect(on.events).toHaveLength(2);
    on.feed('HELLO,m,1.0,s\nFINGER,FAKE,2\n');
    expect(on.events.filter(({ type }) => type === 'finger_refused')).toHaveLength(3);
    expect(on.rejections).toEqual([]);
    on.feed('FINGER,FAKE,3*00\n');
    expect(on.rejections).toEqual(['checksum']);
  });

  it('names the technology by its letter', () => {
    const on = bench();
    on.feed('CARD,0F00A1B2C3,EM,1\nCARD,04A1B2C3,B,2\nCARD,0102030405060708,F,3\n');
    expect(on.cards).toEqual(['em4100:0F00A1B2C3', 'iso14443b:04A1B2C3', 'felica:0102030405060708']);
  });
});

describe('one presentation', () => {
  it('merges repeats for as long as the card stays, whatever their number', () => {
    const on = bench();
    for (let count = 0; count < 30; count++) {
      on.feed('4A8D694F\n');
      on.clock.advance(200);
    }
    expect(on.cards).toEqual([UID]);
    expect(on.counts['merged']).toBe(29);
  });

  it('ends after a second without the card', () => {
    const on = bench();
    on.feed('4A8D694F\n');
    on.clock.advance(999);
    on.feed('4A8D694F\n');
    on.clock.advance(1_000);
    on.feed('4A8D694F\n');
    expect(on.events.map(({ type }) => type)).toEqual(['card', 'card_removed', 'card']);
  });

  it('ends at once when the device says that the card is gone', () => {
    const on = bench();
    on.feed('CARD,4A8D694F,A,1\nGONE,4A8D694F,1\nCARD,4A8D694F,A,2\n');
    expect(on.cards).toEqual([UID, UID]);
  });

  it('does not end when another card is said to be gone', () => {
    const on = bench();
    on.feed('CARD,4A8D694F,A,1\nGONE,0A05FF01,1\nCARD,4A8D694F,A,2\n');
    expect(on.cards).toEqual([UID]);
  });

  it('ends when another card is read', () => {
    const on = bench();
    on.feed('4A8D694F\n0A05FF01\n4A8D694F\n');
    expect(on.cards).toEqual([UID, OTHER, UID]);
  });

  it('takes a repeated read number for the same read, until the device starts again', () => {
    const on = bench();
    on.feed('CARD,4A8D694F,A,7\nGONE,4A8D694F,7\n');
    on.clock.advance(60_000);
    on.feed('CARD,4A8D694F,A,7\n');
    expect(on.cards).toHaveLength(1);
    on.feed('HELLO,m,1.0,s\nCARD,4A8D694F,A,7\n');
    expect(on.cards).toHaveLength(2);
    on.feed('GONE,4A8D694F,7\nHB,90\nHB,1\nCARD,4A8D694F,A,7\n');
    expect(on.cards).toHaveLength(3);
  });
});

describe('bytes that are no lines', () => {
  it('are bounded: 512 bytes without a line end are dropped, up to the next line end', () => {
    const on = bench();
    on.feed('x'.repeat(600));
    on.feed('4A8D694F\n4A8D694F\n');
    expect(on.cards).toEqual([UID]);
    expect(on.counts['bytes_discarded']).toBe(600 + 9);
    expect(on.rejections).toEqual(['too_long']);
  });

  it('are rejected again and again when no line end ever comes, as at a wrong baud rate', () => {
    const on = bench();
    for (let chunk = 0; chunk < 100; chunk++) on.feed('x'.repeat(64));
    expect(on.rejections).toHaveLength(12);
    expect(on.cards).toEqual([]);
  });

  it('are rejected with a hint at the baud rate when they are unreadable', () => {
    const on = bench();
    on.feed(Uint8Array.of(0xf8, 0x00, 0x9c, 0x81, 0x0a));
    expect(on.rejections).toEqual(['garbage']);
  });

  it('make the next line doubtful, since their line end may have been noise in the middle of a line', () => {
    const on = bench();
    on.feed(Uint8Array.of(0x30, 0x34, 0xf8, 0x9c, 0x0a));
    on.feed('C3D4E580\n4A8D694F\n');
    expect(on.cards).toEqual([UID]);
  });

  it('never become a card when the connection ends inside a line', () => {
    const on = bench();
    on.feed('4A8D694F');
    on.disconnect();
    expect(on.events).toEqual([]);
  });
});

describe('feedback', () => {
  it.each([
    ['kept', 'LED,1,400*48\nBUZ,1,80*74\n'],
    ['kept_unknown', 'LED,1,400*48\nBUZ,2,80*77\n'],
    ['kept_again', 'LED,1,400*48\n'],
    ['refused', 'LED,3,800*46\nBUZ,3,150*4A\n'],
  ] as const)('shows %s as one write of checksummed commands', async (signal, expected) => {
    const on = bench();
    await on.session.feedback?.(signal);
    expect(on.written).toEqual([expected]);
  });
});
