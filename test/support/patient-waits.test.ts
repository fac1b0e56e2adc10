import { expect, it, vi } from 'vitest';

/** A little more than what vitest itself waits. */
const LATE_MS = 1100;

it('waits for what a busy machine is late with, whichever way it is asked for', async () => {
  const endMs = performance.now() + LATE_MS;
  const isThere = () => performance.now() > endMs;
  await Promise.all([
    vi.waitFor(() => expect(isThere()).toBe(true)),
    vi.waitFor(() => expect(isThere()).toBe(true), { interval: 10 }),
    expect.poll(isThere).toBe(true),
  ]);
  await expect(vi.waitFor(() => expect(true).toBe(false), 1)).rejects.toThrow();
});
