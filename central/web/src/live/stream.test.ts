import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../api/types.js';
import { punch } from '../fixtures.js';
import { LiveStream, type Source, type StreamState } from './stream.js';

class FakeSource implements Source {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private readonly listeners = new Map<string, (event: { data: string }) => void>();

  addEventListener(type: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  send(type: string, data: string): void {
    this.listeners.get(type)?.({ data });
  }
}

function setUp() {
  const sources: FakeSource[] = [];
  const timers: { delayMs: number; run: () => void }[] = [];
  const states: StreamState[] = [];
  const events: LiveEvent[] = [];
  const seen = { gaps: 0, unreadable: 0 };
  const stream = new LiveStream({
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
    after: (delayMs, run) => {
      const timer = { delayMs, run };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
    onEvent: (event) => events.push(event),
    onGap: () => {
      seen.gaps += 1;
    },
    onState: (state) => states.push(state),
    onUnreadable: () => {
      seen.unreadable += 1;
    },
    random: () => 1,
  });
  const last = (): FakeSource => {
    const source = sources.at(-1);
    if (source === undefined) throw new Error('no connection was opened');
    return source;
  };
  return { stream, sources, timers, states, events, seen, last };
}

describe('LiveStream', () => {
  it('asks for a full refetch after every connection', () => {
    const { stream, states, seen, timers, last } = setUp();
    stream.start();
    last().onopen?.();
    last().onerror?.();
    timers[0]?.run();
    last().onopen?.();
    expect(states).toEqual(['connecting', 'live', 'reconnecting', 'live']);
    expect(seen.gaps).toBe(2);
  });

  it('waits longer after each failure, says offline after the third, and begins anew after a success', () => {
    const { stream, states, timers, last } = setUp();
    stream.start();
    const waits: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      last().onerror?.();
      const timer = timers.pop();
      waits.push(timer?.delayMs ?? 0);
      timer?.run();
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(states).toEqual(['connecting', 'reconnecting', 'reconnecting', 'offline', 'offline']);
    last().onopen?.();
    last().onerror?.();
    expect(timers.pop()?.delayMs).toBe(1_000);
  });

  it('connects anew when the pings stop although the browser thinks it is connected', () => {
    const { stream, sources, states, timers, last } = setUp();
    stream.start();
    last().onopen?.();
    const [unheard] = timers;
    last().send('ping', '{}');
    expect(timers).not.toContain(unheard);
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([40_000]);
    timers.pop()?.run();
    expect(states.at(-1)).toBe('reconnecting');
    expect(last().closed).toBe(true);
    timers.pop()?.run();
    expect(sources).toHaveLength(2);
  });

  it('hands on events and refetches on resync', () => {
    const { stream, events, seen, last } = setUp();
    stream.start();
    last().onopen?.();
    last().send('punch', JSON.stringify(punch('a', '10:00:00')));
    last().send('resync', '{}');
    expect(events).toEqual([{ type: 'punch', data: punch('a', '10:00:00') }]);
    expect(seen.gaps).toBe(2);
  });

  it('treats an unreadable event as a gap', () => {
    const { stream, events, seen, last } = setUp();
    stream.start();
    last().send('punch', '{"cut');
    expect(events).toEqual([]);
    expect(seen).toEqual({ gaps: 1, unreadable: 1 });
  });

  it('opens nothing more once it is stopped', () => {
    const { stream, sources, timers, last } = setUp();
    stream.start();
    last().onerror?.();
    stream.stop();
    expect(timers).toEqual([]);
    stream.retryNow();
    expect(sources).toHaveLength(1);
    expect(last().closed).toBe(true);
  });

  it('retries at once when told that the network is back', () => {
    const { stream, sources, last } = setUp();
    stream.start();
    last().onerror?.();
    stream.retryNow();
    stream.retryNow();
    expect(sources).toHaveLength(2);
  });
});
