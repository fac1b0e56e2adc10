import { describe, expect, it } from 'vitest';
import { DriverBench } from './driver.fixture.js';
import { driver } from './rdm6300.js';

const CARD = '\x020C000621A58E\x03';
const CARD_12LA = '\x020C000621A58E\r\n\x03';
const OTHER = '\x021F00644BB686\x03';
const REPEAT_MS = 100;

function bench(options: Record<string, unknown> = {}): DriverBench {
  return new DriverBench(driver, options).settle();
}

function present(on: DriverBench, frame: string, times: number): void {
  for (let count = 0; count < times; count++) {
    on.feed(frame);
    on.clock.advance(REPEAT_MS);
  }
}

describe('rdm6300', () => {
  it('believes a card after two identical frames, once for as long as it stays', () => {
    const on = bench();
    present(on, CARD, 1);
    expect(on.cards).toEqual([]);
    present(on, CARD, 20);
    expect(on.cards).toEqual(['em4100:0C000621A5']);
    expect(on.counts['merged']).toBe(19);
  });

  it('emits a second punch after the card was gone for the hold-off, not before', () => {
    const on = bench();
    present(on, CARD, 3);
    on.clock.advance(500 - REPEAT_MS - 1);
    present(on, CARD, 2);
    expect(on.cards).toHaveLength(1);
    on.clock.advance(500);
    expect(on.events.at(-1)).toEqual({ type: 'card_removed' });
    present(on, CARD, 2);
    expect(on.cards).toHaveLength(2);
  });

  it('does not believe a single frame of another card between two of the same', () => {
    const on = bench();
    for (const frame of [CARD, OTHER, CARD, OTHER]) present(on, frame, 1);
    expect(on.cards).toEqual([]);
    for (const frame of [CARD, CARD, OTHER, CARD, CARD]) present(on, frame, 1);
    expect(on.cards).toEqual(['em4100:0C000621A5']);
  });

  it('takes over to another card at its second frame', () => {
    const on = bench();
    present(on, CARD, 2);
    present(on, OTHER, 2);
    expect(on.events.map(({ type }) => type)).toEqual(['card', 'card_removed', 'card']);
    expect(on.cards[1]).toBe('em4100:1F00644BB6');
  });

  it('forgets a frame that stayed alone for too long', () => {
    const on = bench();
    present(on, CARD, 1);
    on.clock.advance(500);
    present(on, CARD, 1);
    expect(on.cards).toEqual([]);
  });

  it('believes one frame where the option says so, CR LF included', () => {
    const on = bench({ single_frame: true });
    on.feed(CARD_12LA);
    expect(on.cards).toEqual(['em4100:0C000621A5']);
  });

  it('accepts lower case and a frame in two pieces', () => {
    const on = bench({ single_frame: true });
    on.feed('\x020c000');
    on.clock.advance(19);
    on.feed('621a58e\x03');
    expect(on.cards).toEqual(['em4100:0C000621A5']);
  });

  it('loses no tap because the gateway itself was busy between two reads of a frame', () => {
    for (const heldMs of [10, 20, 21, 25, 60, 500]) {
      const on = bench({ single_frame: true });
      on.feed('\x020C000');
      on.clock.block(heldMs);
      on.clock.advance(1);
      on.feed('621A58E\x03');
      expect(on.cards, `held for ${heldMs} ms`).toEqual(['em4100:0C000621A5']);
      on.disconnect();
    }
  });

  it('takes a card that stays for one presentation although the gateway was busy for longer than the hold-off', () => {
    const on = bench();
    present(on, CARD, 3);
    on.clock.block(2_000);
    on.clock.advance(1);
    on.feed(CARD.repeat(20));
    present(on, CARD, 3);
    expect(on.events.map(({ type }) => type)).toEqual(['card']);
  });

  it('confirms a card whose second frame was read late by our own delay', () => {
    const on = bench();
    on.feed(CARD);
    on.clock.block(1_000);
    on.clock.advance(1);
    on.feed(CARD);
    expect(on.cards).toEqual(['em4100:0C000621A5']);
  });

  it('takes silence for the end byte of clones that leave it out', () => {
    const on = bench();
    for (let count = 0; count < 3; count++) {
      on.feed(CARD.slice(0, -1));
      on.clock.advance(REPEAT_MS);
    }
    expect(on.cards).toEqual(['em4100:0C000621A5']);
    expect(on.counts['bytes_discarded']).toBeUndefined();
  });

  it('discards a partial frame after a pause of 20 ms', () => {
    const on = bench({ single_frame: true });
    on.feed('\x020C000');
    on.clock.advance(20);
    on.feed('621A58E\x03');
    expect(on.cards).toEqual([]);
    on.feed(CARD);
    expect(on.cards).toHaveLength(1);
  });

  it('ignores what the adapter kept from before the opening', () => {
    const on = new DriverBench(driver, { single_frame: true });
    on.clock.advance(99);
    on.feed(CARD);
    expect(on.cards).toEqual([]);
    expect(on.counts['bytes_discarded']).toBe(CARD.length);
    on.clock.advance(1);
    on.feed(CARD);
    expect(on.cards).toHaveLength(1);
  });

  it.each([
    ['a wrong checksum', '\x020C000621A58F\x03', 'checksum'],
    ['all zeros, whose checksum is right', '\x02000000000000\x03', 'blank'],
    ['all ones, whose checksum is right', '\x02FFFFFFFFFFFF\x03', 'blank'],
    ['too few digits', '\x020C0006\x03', 'garbage'],
    ['letters that are no digits', '\x020C00062XA58E\x03', 'garbage'],
    ['bytes outside a frame', 'hello', 'garbage'],
  ])('rejects %s', (_name, bytes, reason) => {
    const on = bench({ single_frame: true });
    on.feed(bytes);
    expect(on.cards).toEqual([]);
    expect(on.rejections).toEqual([reason]);
  });

  it('leaves no timer behind when closed', () => {
    const on = bench();
    present(on, CARD, 3);
    on.disconnect();
    expect(on.clock.pendingTimers).toBe(0);
  });
});
