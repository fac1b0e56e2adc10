import { type CardRead, parseCanonical } from '@rollcall/protocol/credential';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import { CARD_WAITS_MS, KEY_PAUSE_MS, PinEntry } from './pin-entry.js';

const CARD = parseCanonical('em4100:0F00A1B2C3');
const OTHER = parseCanonical('em4100:0F00A1B2C4');

let clock: ManualClock;
let pins: { card: CardRead; pin: string }[];
let strays: number;
let entry: PinEntry;

beforeEach(() => {
  clock = new ManualClock();
  pins = [];
  strays = 0;
  entry = new PinEntry({
    clock,
    onPin: (card, pin) => pins.push({ card, pin }),
    onStray: () => {
      strays += 1;
    },
  });
});

describe('PinEntry', () => {
  it.each([
    ['at once', ['471108#']],
    ['key by key', [...'471108#']],
    ['without the # key', ['471108']],
    ['begun again with *', ['99*471108#']],
  ])('takes six digits after a card, typed %s', (_how, presses) => {
    entry.cardShown(CARD);
    for (const keys of presses) entry.press(keys);
    expect(pins).toEqual([{ card: CARD, pin: '471108' }]);
    expect(strays).toBe(0);
  });

  it('takes a second try for the same card', () => {
    entry.cardShown(CARD);
    entry.press('111111#471108#');
    expect(pins.map(({ pin }) => pin)).toEqual(['111111', '471108']);
  });

  it('names nobody without a card', () => {
    entry.press('471108');
    expect(pins).toEqual([]);
    expect(strays).toBe(1);
  });

  it.each([
    ['never came', undefined],
    ['waited too long', CARD],
  ])('is noticed key by key where the card %s', (_why, card) => {
    if (card !== undefined) entry.cardShown(card);
    clock.advance(CARD_WAITS_MS);
    for (const key of '471108') entry.press(key);
    expect(pins).toEqual([]);
    expect(strays).toBe(1);
  });

  it('is no PIN when it is too short', () => {
    entry.cardShown(CARD);
    entry.press('4711#');
    expect(pins).toEqual([]);
    expect(strays).toBe(1);
  });

  it('belongs to the last card', () => {
    entry.cardShown(CARD);
    entry.press('471');
    entry.cardShown(OTHER);
    entry.press('471108');
    expect(pins).toEqual([{ card: OTHER, pin: '471108' }]);
  });

  it('forgets a card that waited too long, and digits after a pause', () => {
    entry.cardShown(CARD);
    entry.press('471');
    clock.advance(KEY_PAUSE_MS);
    entry.press('471108');
    expect(pins).toHaveLength(1);
    clock.advance(CARD_WAITS_MS);
    entry.press('471108');
    expect(pins).toHaveLength(1);
    expect(strays).toBe(1);
  });

  it('keeps no card in memory longer than it waits for its PIN, and one timer for however many cards', () => {
    for (const card of [CARD, OTHER]) {
      entry.cardShown(card);
      clock.advance(CARD_WAITS_MS - 1);
    }
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);
    expect(clock.pendingTimers).toBe(0);
    entry.press('471108');
    expect(pins).toEqual([]);
    expect(strays).toBe(1);
  });

  it('holds no timer once it is reset', () => {
    entry.cardShown(CARD);
    entry.press('4');
    entry.reset();
    expect(clock.pendingTimers).toBe(0);
  });
});
