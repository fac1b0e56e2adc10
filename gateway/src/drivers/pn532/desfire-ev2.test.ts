import { describe, expect, it } from 'vitest';
import type { Card } from './card.js';
import { Ev2Channel } from './desfire-ev2.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex').toUpperCase();

function cardThatAnswers(answer: string): { card: Card; asked: string[] } {
  const asked: string[] = [];
  const exchange = async (data: Uint8Array): Promise<Uint8Array> => {
    asked.push(hex(data));
    return bytes(answer);
  };
  return {
    asked,
    card: {
      target: { number: 1, technology: 'iso14443a', uid: bytes('08AABBCC'), sak: 0x20 },
      exchange,
      exchangeRaw: exchange,
      randomBytes: (count) => new Uint8Array(count),
    },
  };
}

/** NXP AN12196 rev. 2.0 §6.3 table 28: GetCardUID in a session of AuthenticateEV2First. */
const KEYS = {
  transaction: bytes('DF055522'),
  encryptionKey: bytes('2B4D963C014DC36F24F69A50A394F875'),
  macKey: bytes('379D32130CE61705DD5FD8C36B95D764'),
  protection: 'full',
} as const;
const ANSWER = '70756055688505B52A5E26E59E329CD6595F672298EA41B7';

describe('a channel of AuthenticateEV2First', () => {
  it('asks for the UID and reads it as in AN12196', async () => {
    const { card, asked } = cardThatAnswers(`${ANSWER}9100`);
    expect(hex(await new Ev2Channel(card, KEYS).cardUid())).toBe('04958CAA5C5E80');
    expect(asked).toEqual(['90510000088E2C155ADDA99BE300']);
  });

  it('believes no answer of which one bit is wrong', async () => {
    for (let bit = 0; bit < (ANSWER.length / 2) * 8; bit += 7) {
      const changed = bytes(ANSWER);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { card } = cardThatAnswers(`${hex(changed)}9100`);
      await expect(new Ev2Channel(card, KEYS).cardUid(), `bit ${bit}`).rejects.toMatchObject({
        code: 'CREDENTIAL_INVALID',
        context: { reason: 'not_genuine' },
      });
    }
  });

  it('believes no answer twice', async () => {
    const { card } = cardThatAnswers(`${ANSWER}9100`);
    const channel = new Ev2Channel(card, KEYS);
    await channel.cardUid();
    await expect(channel.cardUid()).rejects.toMatchObject({ context: { reason: 'not_genuine' } });
  });
});
