import { ManualClock } from '@rollcall/protocol/manual-clock';
import { beforeEach, expect, it } from 'vitest';
import { createSetAside, type SetAside } from './set-aside.js';

let clock: ManualClock;
let setAside: SetAside;
beforeEach(() => {
  clock = new ManualClock();
  setAside = createSetAside(clock, 2);
});

it('waits twice as long after each failure, and never longer than an hour', () => {
  const waits = Array.from({ length: 12 }, () => {
    setAside.fail('a');
    let seconds = 0;
    for (; setAside.due().length === 0; seconds += 5) clock.advance(5_000);
    return seconds;
  });
  expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
});

it('has room for so many, whatever is adopted, and again once one is judged', () => {
  setAside.adopt('a');
  expect([setAside.fail('b'), setAside.fail('c'), setAside.fail('b')]).toEqual([true, false, true]);
  setAside.adopt('c');
  expect(setAside.ids).toEqual(['a', 'b']);
  setAside.remove('a');
  expect([setAside.fail('c'), setAside.ids]).toEqual([true, ['b', 'c']]);
});

it('a class that is adopted is due at once, unless it waits already, and then after the first wait', () => {
  setAside.fail('b');
  setAside.adopt('a');
  setAside.adopt('b');
  expect(setAside.due()).toEqual(['a']);
  setAside.fail('a');
  clock.advance(4_999);
  expect(setAside.due()).toEqual([]);
  clock.advance(1);
  expect(setAside.due()).toEqual(['b', 'a']);
});

it('forgets with a class that it was told', () => {
  setAside.fail('a');
  setAside.told('a');
  setAside.fail('a');
  expect(setAside.wasTold('a')).toBe(true);
  setAside.remove('a');
  setAside.fail('a');
  expect(setAside.wasTold('a')).toBe(false);
});
