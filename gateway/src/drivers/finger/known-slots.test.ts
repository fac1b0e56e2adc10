import { describe, expect, it } from 'vitest';
import { KnownSlots } from './known-slots.js';

describe('the slots that a connection knows', () => {
  it('are no surprise until they were read', () => {
    const slots = new KnownSlots();
    expect([slots.areKnown, slots.areAs([1, 2]), slots.areAs(7)]).toEqual([false, true, true]);
  });

  it('follow what the connection does, and nothing else', async () => {
    const slots = new KnownSlots();
    slots.note([1, 2]);
    await slots.whileChanged(
      async () => undefined,
      (taken) => taken.add(5),
    );
    expect([slots.areAs([1, 2, 5]), slots.areAs(3)]).toEqual([true, true]);
    expect([slots.areAs([1, 2, 6]), slots.areAs([1, 2]), slots.areAs(2)]).toEqual([false, false, false]);
  });

  it('are unknown after a change that failed, until they are read again', async () => {
    const slots = new KnownSlots();
    slots.note([1]);
    const failing = slots.whileChanged(
      () => Promise.reject(new Error('no answer')),
      (taken) => taken.clear(),
    );
    await expect(failing).rejects.toThrow('no answer');
    expect(slots.areAs([])).toBe(true);
    slots.note([]);
    expect(slots.areAs([1])).toBe(false);
  });
});
