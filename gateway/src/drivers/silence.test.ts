import { describe, expect, it } from 'vitest';
import { BusyClock } from './busy-clock.fixture.js';
import { Silence } from './silence.js';

function fixture(limitMs: number) {
  const clock = new BusyClock();
  const world = { silences: 0 };
  const silence = new Silence({
    clock,
    limitMs,
    onSilent: () => {
      world.silences += 1;
    },
  });
  return { clock, world, silence };
}

describe('Silence', () => {
  it('is noticed once, after its limit and not before', () => {
    const { clock, world, silence } = fixture(500);
    silence.restart();
    clock.advance(499);
    expect(world.silences).toBe(0);
    clock.advance(1);
    expect(world.silences).toBe(1);
    clock.advance(5_000);
    expect(world.silences).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('begins anew whenever the device is heard', () => {
    const { clock, world, silence } = fixture(20);
    for (let count = 0; count < 5; count++) {
      silence.restart();
      clock.advance(19);
    }
    expect(world.silences).toBe(0);
    clock.advance(1);
    expect(world.silences).toBe(1);
  });

  it.each([
    [1, 19],
    [1, 20],
    [1, 500],
    [12, 40],
    [19, 7],
    [19, 500],
  ])('is not concluded from our own delay: free for %i ms, then held for %i ms', (freeMs, heldMs) => {
    const { clock, world, silence } = fixture(20);
    silence.restart();
    clock.advance(freeMs);
    clock.block(heldMs);
    // Now the loop reads what has been waiting in the kernel.
    clock.advance(1);
    expect(world.silences).toBe(0);
    silence.restart();
    clock.advance(20);
    expect(world.silences).toBe(1);
  });

  it('is noticed all the same when nothing was waiting behind the delay', () => {
    const { clock, world, silence } = fixture(20);
    silence.restart();
    clock.block(500);
    clock.advance(10);
    expect(world.silences).toBe(1);
  });

  it('refuses a limit in which it could not look and then turn freely', () => {
    expect(() => fixture(19)).toThrow(/19 ms.*20 ms.*INTERNAL/);
    expect(() => fixture(20)).not.toThrow();
  });

  it('is forgotten when cancelled', () => {
    const { clock, world, silence } = fixture(20);
    silence.restart();
    clock.advance(15);
    silence.cancel();
    expect(clock.pendingTimers).toBe(0);
    clock.advance(100);
    expect(world.silences).toBe(0);
  });
});
