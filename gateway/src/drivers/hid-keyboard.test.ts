import { describe, expect, it } from 'vitest';
import { DriverBench } from './driver.fixture.js';
import { driver } from './hid-keyboard.js';

const DIGIT_USAGES: Readonly<Record<string, number>> = Object.fromEntries(
  [...'1234567890'].map((digit, index) => [digit, 0x1e + index]),
);
const ENTER = 0x28;
const UP = new Uint8Array(8);

function press(bench: DriverBench, usage: number): void {
  bench.feed(Uint8Array.of(0, 0, usage, 0, 0, 0, 0, 0));
  bench.feed(UP);
}

function type(bench: DriverBench, digits: string): void {
  for (const digit of digits) press(bench, DIGIT_USAGES[digit] ?? 0);
}

describe('the keyboard driver', () => {
  it('does not take the end of a number for a number when it opens in the middle of one', () => {
    const bench = new DriverBench(driver, { padded: false });
    type(bench, '6572982');
    bench.clock.advance(99);
    press(bench, ENTER);
    expect(bench.cards).toEqual([]);
    type(bench, '6572982');
    press(bench, ENTER);
    expect(bench.cards).toEqual([]);
    bench.settle();
    type(bench, '6572982');
    press(bench, ENTER);
    expect(bench.cards).toEqual(['number32:00644BB6']);
  });

  it('drops a number that stops in the middle, and says so once', () => {
    const bench = new DriverBench(driver).settle();
    type(bench, '00065');
    bench.clock.advance(200);
    expect(bench.rejections).toEqual(['unfinished']);
    type(bench, '0006572982');
    press(bench, ENTER);
    expect(bench.cards).toEqual(['number32:00644BB6']);
  });

  it('takes a card again after it was away for the hold-off', () => {
    const bench = new DriverBench(driver, { hold_off_ms: 300 }).settle();
    for (const waitMs of [100, 100, 400]) {
      type(bench, '0006572982');
      press(bench, ENTER);
      bench.clock.advance(waitMs);
    }
    type(bench, '0006572982');
    press(bench, ENTER);
    expect(bench.cards).toHaveLength(2);
    expect(bench.counts['merged']).toBe(2);
  });

  it('keeps no more than sixty-four keys without an end', () => {
    const bench = new DriverBench(driver).settle();
    type(bench, '12'.repeat(40));
    press(bench, ENTER);
    expect(bench.rejections).toEqual(['too_long']);
    type(bench, '0006572982');
    press(bench, ENTER);
    expect(bench.cards).toEqual(['number32:00644BB6']);
  });

  it('refuses another layout with what to do instead', () => {
    const result = driver.options.safeParse({ layout: 'fr' });
    expect(result.error?.issues[0]?.message).toMatch(/must be us: .*set the reader itself to a US keyboard/);
    expect(driver.options.safeParse({ prefix: 'a b' }).success).toBe(false);
  });
});
