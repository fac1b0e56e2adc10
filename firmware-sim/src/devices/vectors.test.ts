import { ManualClock } from '@rollcall/protocol/manual-clock';
import hidKeyboard from '@rollcall/protocol/vectors/hid-keyboard.json' with { type: 'json' };
import hidPos from '@rollcall/protocol/vectors/hid-pos.json' with { type: 'json' };
import line from '@rollcall/protocol/vectors/line.json' with { type: 'json' };
import rdm from '@rollcall/protocol/vectors/rdm6300.json' with { type: 'json' };
import zk from '@rollcall/protocol/vectors/zk-4370.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import type { DeviceModel } from './device.js';
import { typedReports } from './hid-keyboard.js';
import { scannedReports } from './hid-pos.js';
import { deviceModel } from './registry.js';
import { commKeyBytes, ZkDatagrams, ZkPackets } from './terminal/zk-packets.js';

interface Vector {
  name: string;
  chunks_hex: string[];
  expect: { type: string; canonical?: string }[];
}

interface CardVector {
  name: string;
  uid: string;
  /** The bytes as latin1 text. */
  text: string;
}

/** Long enough for every repetition in the vectors. */
const FIELD_MS = 3_000;

/** What a device of this profile sends when it reads the card for the `seq`-th time since it booted. */
function output(model: DeviceModel, profile: string, { uid, seq }: { uid: string; seq: number }): string {
  let sent = '';
  const clock = new ManualClock();
  const firmware = model.boot({
    clock,
    random: new Random(1),
    profile,
    link: '',
    rates: { falseReject: 0, falseAccept: 0, poor: 0 },
    setBaud: () => expect.unreachable(),
    baud: 9600,
    settings: {},
    send: (frame) => {
      sent += Buffer.from(frame).toString('latin1');
    },
    showLight: () => expect.unreachable(),
    beep: () => expect.unreachable(),
    refuse: () => expect.unreachable(),
  });
  const bytes = Buffer.from(uid, 'hex');
  for (let read = 1; read < seq; read++) {
    firmware.cardIn(bytes);
    firmware.cardOut();
  }
  sent = '';
  firmware.cardIn(bytes);
  clock.advance(FIELD_MS);
  firmware.powerOff();
  return sent;
}

/** The vectors of which exactly one whole card comes out. */
function cardVectors(vectors: readonly Vector[]): CardVector[] {
  return vectors.flatMap(({ name, chunks_hex: chunks, expect: expected }) => {
    const [only, ...more] = expected;
    if (only?.type !== 'card' || only.canonical === undefined || more.length > 0) return [];
    const text = Buffer.from(chunks.join('').replaceAll(' ', ''), 'hex').toString('latin1');
    // A vector begins with the end of the line before, which is not the card's.
    return [{ name, uid: only.canonical.split(':')[1] ?? '', text: text.replace(/^[\r\n]+/, '') }];
  });
}

function notReproduced(model: DeviceModel, vectors: readonly Vector[]): string[] {
  const isReproduced = ({ uid, text }: CardVector): boolean => {
    const seq = Number(/^CARD,\w+,\w+,(\d{6})/.exec(text)?.[1] ?? 1);
    return model.profiles.some((profile) => output(model, profile.id, { uid, seq }).startsWith(text));
  };
  return cardVectors(vectors)
    .filter((vector) => !isReproduced(vector))
    .map(({ name }) => name);
}

describe('the ground truth vectors', () => {
  it('are reproduced byte by byte by the RDM6300 encoder', () => {
    expect(cardVectors(rdm.vectors).length).toBeGreaterThanOrEqual(15);
    // The rest is a damaged stream, which faults produce and no encoder does.
    expect(notReproduced(deviceModel('rdm6300'), rdm.vectors)).toEqual([
      'a ghost between two frames of a card delays it',
    ]);
  });

  it('are reproduced byte by byte by the line encoders', () => {
    expect(cardVectors(line.vectors).length).toBeGreaterThanOrEqual(25);
    expect(notReproduced(deviceModel('line'), line.vectors)).toEqual([
      // Spellings beside one that is simulated.
      'JSON tag among other members',
      'JSON id',
      'JSON card',
      'TAG: label',
      'RFID: label',
      // Damaged streams and text around a card, which faults and banners produce.
      'byte order mark and NULs',
      'our CARD with the same number twice is one read',
      'what DumpInfo prints around a card',
      'ESP32 start-up text, then a card',
      'half a line before, a whole one behind',
    ]);
  });

  it('are reproduced report by report by the keyboard encoder, or are damaged or of other keys', () => {
    const texts: Readonly<Record<string, string>> = {
      '0006572982 and Enter': '0006572982\n',
      'leading zeros: 0000D507D0 in hex, Shift for the letter': '0000D507D0\n',
      'longest: a UID of ten bytes': '08a1b2c3d4e5f6071829\n',
      'a UID of seven bytes': '04A1B2C3D4E580\n',
      'prefix and suffix around facility and card': ';111,27706?\n',
      'Tab at the end': '0040856634\t',
    };
    for (const [name, text] of Object.entries(texts)) {
      expect(typedReports(text).map(spaced), name).toEqual(chunksNamed(hidKeyboard.vectors, name));
    }
    expect(typedReports('1234567890\n', { rollsOver: true }).map(spaced)).toEqual(
      chunksNamed(hidKeyboard.vectors, 'rollover: the next key goes down before the last is up'),
    );
    expect(typedReports('1111111111\n', { rollsOver: true }).map(spaced)).toEqual(
      chunksNamed(hidKeyboard.vectors, 'the same digit again needs the report with everything up'),
    );
  });

  it('are reproduced report by report by the HID-POS encoder', () => {
    const code128 = { aim: ']C0', symbology: 0x6a };
    const qr = { aim: ']Q1', symbology: 0x73 };
    const scans: Readonly<Record<string, Uint8Array[]>> = {
      'ten digits as Code 128': scannedReports('0006572982', code128),
      'leading zeros: 0000D507D0 as QR': scannedReports('0000D507D0', qr),
      'longest: a UID of ten bytes as QR': scannedReports('08A1B2C3D4E5F6071829', qr),
      'one more byte before the identifier': scannedReports('0040856634', { ...code128, isShifted: true }),
      'bad: ROLL-2026-0042 is no card number': scannedReports('ROLL-2026-0042', qr),
    };
    for (const [name, reports] of Object.entries(scans)) {
      expect(reports.map(spaced), name).toEqual(chunksNamed(hidPos.vectors, name));
    }
  });

  it('are taken apart and put together again by the packets of port 4370', () => {
    // The one with a wrong checksum is nobody's packet.
    const whole = zk.vectors.filter(({ name }) => !name.includes('wrong checksum'));
    let count = 0;
    for (const { dialog, ...vector } of whole) {
      for (const step of dialog) {
        const hex = ('host' in step ? step.host : 'device' in step ? step.device : undefined)?.replaceAll(
          ' ',
          '',
        );
        if (hex === undefined) continue;
        const link = 'datagrams' in vector ? new ZkDatagrams() : new ZkPackets();
        const [packet, ...more] = link.push(Buffer.from(hex, 'hex'));
        if (packet === undefined) throw new Error(`${hex} is no packet`);
        expect(more).toEqual([]);
        expect(link.encode(packet).toString('hex').toUpperCase()).toBe(hex);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(250);
  });

  it('have the comm key that pyzk makes', () => {
    expect(commKeyBytes(12_345, 0x1234).toString('hex')).toBe('6de1326b');
    expect(commKeyBytes(0, 0x1234).toString('hex')).toBe('617d326b');
  });
});

function chunksNamed(
  vectors: readonly { name: string; chunks_hex: string[] }[],
  name: string,
): string[] | undefined {
  return vectors.find((vector) => vector.name === name)?.chunks_hex;
}

function spaced(report: Uint8Array): string {
  return Buffer.from(report)
    .toString('hex')
    .toUpperCase()
    .replaceAll(/(?<=..)(?=(?:..)+$)/g, ' ');
}
