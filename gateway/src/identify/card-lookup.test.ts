import { pinText } from '@rollcall/protocol/pin';
import type { RosterCredential } from '@rollcall/protocol/roster';
import { describe, expect, it } from 'vitest';
import { storeFixture } from '../store/store.fixture.js';
import { CardLookup } from './card-lookup.js';
import { credential, hmacHex, pinCredential, readHash, rosterDocument } from './roster.fixture.js';
import { RosterStore } from './roster-store.js';

const NOW_MS = Date.UTC(2026, 6, 7, 4, 30);

async function lookup(cards: Record<string, RosterCredential[]>): Promise<CardLookup> {
  const { store } = storeFixture();
  await new RosterStore(store).replace(rosterDocument(1, cards));
  return new CardLookup(store.db);
}

describe('CardLookup', () => {
  it('recognizes a card by all of its number', async () => {
    const cards = await lookup({
      s1: [credential('em4100:0F00A1B2C3')],
      s2: [credential('em4100:0F00A1B2C4')],
    });
    expect(cards.find(readHash('em4100:0F00A1B2C3'), NOW_MS)).toEqual({
      outcome: 'recognized',
      studentRef: 's1',
      projection: 'full',
    });
  });

  it.each([
    ['number32:00A1B2C3', 'u32'],
    ['wiegand26:161-45763', 'w26'],
  ])('recognizes it on a reader that shows only %s, and says on what', async (canonical, projection) => {
    const cards = await lookup({ s1: [credential('em4100:0F00A1B2C3')] });
    expect(cards.find(readHash(canonical), NOW_MS)).toEqual({
      outcome: 'recognized',
      studentRef: 's1',
      projection,
    });
  });

  it('recognizes a card enrolled by its printed number on a reader that sees all of it', async () => {
    const cards = await lookup({ s1: [credential('number32:00A1B2C3')] });
    expect(cards.find(readHash('em4100:0F00A1B2C3'), NOW_MS)).toMatchObject({
      outcome: 'recognized',
      projection: 'u32',
    });
  });

  it('calls a short number that two students share ambiguous', async () => {
    const cards = await lookup({
      s1: [credential('em4100:0F00A1B2C3')],
      s2: [credential('em4100:0F77A1B2C3')],
    });
    expect(cards.find(readHash('wiegand26:161-45763'), NOW_MS)).toEqual({ outcome: 'ambiguous' });
  });

  it('never takes another card for one that shares its lowest bits', async () => {
    const cards = await lookup({ s1: [credential('em4100:0F00A1B2C3')] });
    expect(cards.find(readHash('em4100:1100A1B2C3'), NOW_MS)).toEqual({ outcome: 'unknown' });
    expect(cards.find(readHash('number32:77A1B2C3'), NOW_MS)).toEqual({ outcome: 'unknown' });
  });

  it.each<[string, Partial<RosterCredential>]>([
    ['blocked', { state: 'blocked' }],
    ['lost', { state: 'lost' }],
    ['returned', { state: 'returned' }],
    ['not yet valid', { valid_from: '2026-07-08T00:00:00.000Z' }],
    ['no longer valid', { valid_to: '2026-07-07T04:30:00.000Z' }],
  ])('does not accept a card that is %s', async (_what, over) => {
    const cards = await lookup({ s1: [credential('em4100:0F00A1B2C3', over)] });
    expect(cards.find(readHash('em4100:0F00A1B2C3'), NOW_MS)).toEqual({ outcome: 'blocked' });
  });

  it('recognizes the holder of today of a card that was handed on', async () => {
    const cards = await lookup({
      s1: [credential('em4100:0F00A1B2C3', { valid_to: '2026-07-05T00:00:00.000Z' })],
      s2: [credential('em4100:0F00A1B2C3', { valid_from: '2026-07-05T00:00:00.000Z' })],
    });
    expect(cards.find(readHash('em4100:0F00A1B2C3'), NOW_MS)).toMatchObject({
      outcome: 'recognized',
      studentRef: 's2',
    });
  });

  it('judges no validity by a clock that is not believed', async () => {
    const cards = await lookup({ s1: [credential('em4100:0F00A1B2C3')] });
    expect(cards.find(readHash('em4100:0F00A1B2C3'), undefined)).toMatchObject({ outcome: 'recognized' });
  });

  it('knows nobody before the first roster', () => {
    const { store } = storeFixture();
    expect(new CardLookup(store.db).find(readHash('em4100:0F00A1B2C3'), NOW_MS)).toEqual({
      outcome: 'unknown',
    });
  });

  it('takes a PIN only from its student, and only while it is issued', async () => {
    const cards = await lookup({
      s1: [pinCredential('s1', '471108')],
      s2: [pinCredential('s2', '471108', { state: 'blocked' })],
    });
    const hash = (student: string, pin: string) => hmacHex(pinText(student, pin));
    expect(cards.hasPin('s1', hash('s1', '471108'), NOW_MS)).toBe(true);
    expect(cards.hasPin('s1', hash('s1', '471109'), NOW_MS)).toBe(false);
    expect(cards.hasPin('s1', hash('s2', '471108'), NOW_MS)).toBe(false);
    expect(cards.hasPin('s2', hash('s2', '471108'), NOW_MS)).toBe(false);
    expect(cards.hasPin('s1', hash('s1', '471108'), Date.UTC(2026, 5, 30))).toBe(false);
  });
});
