import { ManualClock } from '@rollcall/protocol/manual-clock';
import vectors from '@rollcall/protocol/vectors/pn532.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import type { Firmware } from './device.js';
import { aesDecrypt, aesEncrypt, leftRotated, macOf, NO_IV } from './pn532/desfire-crypto.js';
import { ev1Challenge, ev2Challenge } from './pn532/desfire-session.js';
import { pn532 } from './pn532.js';

const ACK = '0000FF00FF00';
const WAKE = '55550000000000000000000000000000';
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex').toUpperCase();

class ChipBench {
  readonly clock = new ManualClock();
  readonly firmware: Firmware;
  readonly refused: string[] = [];
  #sent = '';

  constructor(profile = 'mixed') {
    this.firmware = pn532.boot({
      clock: this.clock,
      random: new Random(1),
      baud: 115_200,
      settings: {},
      link: '',
      rates: { falseReject: 0, falseAccept: 0, poor: 0 },
      setBaud: () => undefined,
      profile,
      send: (frame) => {
        this.#sent += hex(frame);
      },
      showLight: () => expect.unreachable(),
      beep: () => expect.unreachable(),
      refuse: (reason) => this.refused.push(reason),
    });
    this.firmware.powerOn();
  }

  /** What the chip says to this, within the time. */
  say(text: string, withinMs = 500): string {
    this.#sent = '';
    this.firmware.receive(bytes(text));
    this.clock.advance(withinMs);
    return this.#sent;
  }

  awake(): this {
    this.say(WAKE);
    this.say('0000FF05FBD4140114010200');
    return this;
  }
}

describe('a simulated PN532', () => {
  it('sleeps until it is woken, and then answers as in PN532 note §10', () => {
    const chip = new ChipBench();
    expect(chip.say('0000FF02FED4022A00')).toBe('');
    expect(chip.say(`${WAKE}0000FF05FBD4140114010200`)).toBe(`${ACK}0000FF02FED5151600`);
    expect(chip.say('0000FF02FED4022A00')).toBe(`${ACK}0000FF06FAD50332010607E800`);
    expect(chip.say('0000FF06FAD43205FF0102F300')).toBe(`${ACK}0000FF02FED533F800`);
  });

  it('looks for a card for ever until it is told how often, or to stop', () => {
    const chip = new ChipBench().awake();
    expect(chip.say('0000FF04FCD44A0100E100', 60_000)).toBe(ACK);
    chip.firmware.cardIn(bytes('4A8D694F'));
    chip.clock.advance(10);
    expect(chip.say('', 0)).toBe('');
    chip.firmware.cardOut();
    chip.say('0000FF06FAD43205FF0102F300');
    expect(chip.say('0000FF04FCD44A0100E100')).toBe(`${ACK}0000FF03FDD54B00E000`);
    chip.say('0000FF06FAD43205FFFFFFF800');
    expect(chip.say(`0000FF04FCD44A0100E100`, 5)).toBe(ACK);
    expect(chip.say(ACK, 10_000)).toBe('');
  });

  it('says its last answer again when it is asked to', () => {
    const chip = new ChipBench().awake();
    const answer = chip.say('0000FF02FED4022A00').slice(ACK.length);
    expect(chip.say('0000FFFF0000')).toBe(answer);
  });

  it('takes no frame with a wrong checksum, and tells of a command that it does not have', () => {
    const chip = new ChipBench().awake();
    expect(chip.say('0000FF02FED4022B00')).toBe('');
    expect(chip.refused).toEqual(['data checksum']);
    expect(chip.say('0000FF02FED4FE2E00')).toBe(`${ACK}0000FF01FF7F8100`);
  });

  it('shows each kind of card as in PN532 note §10', () => {
    const list = (profile: string, uid: string): string => {
      const chip = new ChipBench(profile).awake();
      chip.firmware.cardIn(bytes(uid));
      return chip.say('0000FF04FCD44A0100E100').slice(ACK.length);
    };
    expect(list('mixed', '4A8D694F')).toBe('0000FF0CF4D54B010100040804' + '4A8D694F3F00');
    expect(list('mixed', '04A1B2C3D4E580')).toBe('0000FF0FF1D54B010100440007' + '04A1B2C3D4E5804000');
    expect(list('desfire-ev1', '04112233445566')).toBe(
      '0000FF15EBD54B010103442007' + '04112233445566' + '067577810280' + '1200',
    );
  });

  it('asks for the key of a Classic sector, and halts the card after a wrong one', () => {
    const chip = new ChipBench('classic').awake();
    chip.firmware.cardIn(bytes('4A8D694F'));
    chip.say('0000FF04FCD44A0100E100');
    expect(chip.say('0000FF0FF1D440016004FFFFFFFFFFFF4A8D694FFE00')).toBe(`${ACK}0000FF03FDD54100EA00`);
    expect(chip.say('0000FF05FBD440013004B700')).toContain(
      Buffer.from('ROLL-').toString('hex').toUpperCase(),
    );
    expect(chip.say('0000FF0FF1D440016004FFFFFFFFFFFE4A8D694FFF00')).toBe(`${ACK}0000FF03FDD54114D600`);
    expect(chip.say('0000FF05FBD440013004B700')).toBe(`${ACK}0000FF03FDD54101E900`);
  });
});

describe('the DESFire of the simulator', () => {
  it('has the CMAC of RFC 4493', () => {
    const key = bytes('2b7e151628aed2a6abf7158809cf4f3c');
    expect(hex(macOf(key, new Uint8Array()))).toBe('BB1D6929E95937287FA37D129B756746');
    expect(hex(macOf(key, bytes('6bc1bee22e409f96e93d7e117393172a')))).toBe(
      '070A16B46B4D4144F79BDD9DD04A287C',
    );
  });

  it('authenticates as in the public log of PN532 note §6', () => {
    const key = new Uint8Array(16);
    const challenge = ev1Challenge(key, bytes('C05DDD714FD788A6B7B754F3C4D066E8'));
    expect(hex(challenge.encrypted)).toBe('B969FDFE56FD91FC9DE6F6F213B8FD1E');
    const finished = challenge.finish(
      bytes('36AAD7DF6E436BA08D18613830A70D5AD43E3D3F4A8D47541EEE623A934E4774'),
    );
    expect(hex(finished?.answer ?? new Uint8Array())).toBe('800DB680BC146BD121D6578F2D2E2059');
  });

  it('authenticates as in AN12196 §5.6', () => {
    const key = new Uint8Array(16);
    const rndB = aesDecrypt(key, NO_IV, bytes('A04C124213C186F22399D33AC2A30215'));
    const challenge = ev2Challenge(key, rndB, bytes('9D00C4DF'));
    expect(hex(challenge.encrypted)).toBe('A04C124213C186F22399D33AC2A30215');
    const rndA = bytes('13C5DB8A5930439FC3DEF9A4C675360F');
    const proof = aesEncrypt(key, NO_IV, Buffer.concat([rndA, leftRotated(rndB)]));
    expect(hex(challenge.finish(proof)?.answer ?? new Uint8Array())).toBe(
      '3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F08120663',
    );
    expect(challenge.finish(new Uint8Array(32))).toBeUndefined();
  });
});

describe('the ground truth vectors', () => {
  it('hold frames that the simulated chip sends too', () => {
    const chip = new ChipBench().awake();
    chip.firmware.cardIn(bytes('4A8D694F'));
    const [first] = vectors.vectors;
    const questions = first?.dialog.flatMap((step) => ('host' in step ? [step.host] : [])).slice(1) ?? [];
    const answers = questions.map((question) => chip.say(question ?? '')).join('');
    const expected = first?.dialog.flatMap((step) => ('device' in step ? [step.device] : [])).join('');
    expect(answers).toBe(expected?.replaceAll(' ', ''));
  });
});
