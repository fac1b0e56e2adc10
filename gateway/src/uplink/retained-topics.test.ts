import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { RetainedTopics } from './retained-topics.js';

function fixture() {
  const clock = new ManualClock();
  const sent: string[] = [];
  const world = { isFailing: false, held: undefined as Promise<void> | undefined };
  const topics = new RetainedTopics({
    clock,
    log: silentLog,
    publish: (topic, payload) => {
      if (world.isFailing) return Promise.reject(new Error('down'));
      sent.push(`${topic}=${payload}`);
      return world.held ?? Promise.resolve();
    },
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, sent, world, topics, turn };
}

describe('RetainedTopics', () => {
  it('sends only the newest of many changes', async () => {
    const f = fixture();
    f.topics.linkUp();
    for (const n of [1, 2, 3]) f.topics.changed('a', () => String(n));
    f.clock.advance(1_000);
    await f.turn();
    expect(f.sent).toEqual(['a=3']);
  });

  it('says everything again on every connection, as it is then', async () => {
    const f = fixture();
    let state = 'old';
    f.topics.changed('a', () => state);
    f.topics.changed('b', () => 'b');
    f.topics.linkUp();
    await f.turn();
    f.topics.linkDown();
    state = 'new';
    f.topics.linkUp();
    await f.turn();
    expect(f.sent).toEqual(['a=old', 'b=b', 'a=new', 'b=b']);
  });

  it('tells of a change that comes while a slow broker still has the message before', async () => {
    const f = fixture();
    f.topics.linkUp();
    await f.turn();
    let taken = (): void => undefined;
    f.world.held = new Promise((resolve) => {
      taken = resolve;
    });
    f.topics.changed('device', () => 'probing');
    f.clock.advance(1_000);
    await f.turn();
    f.topics.changed('device', () => 'ready');
    f.clock.advance(1_000);
    await f.turn();
    expect(f.sent).toEqual(['device=probing']);
    f.world.held = undefined;
    taken();
    await f.turn();
    expect(f.sent).toEqual(['device=probing', 'device=ready']);
  });

  it('keeps quiet while the link is down and catches up after a failure', async () => {
    const f = fixture();
    f.topics.changed('a', () => '1');
    f.clock.advance(1_000);
    await f.turn();
    expect(f.sent).toEqual([]);
    f.world.isFailing = true;
    f.topics.linkUp();
    await f.turn();
    f.topics.linkDown();
    f.world.isFailing = false;
    f.topics.linkUp();
    await f.turn();
    expect(f.sent).toEqual(['a=1']);
  });

  it('offers a state again that the broker did not take, on the same connection', async () => {
    const f = fixture();
    f.topics.linkUp();
    f.world.isFailing = true;
    f.topics.changed('a', () => '1');
    f.clock.advance(1_000);
    await f.turn();
    f.world.isFailing = false;
    f.clock.advance(5_000);
    await f.turn();
    expect(f.sent).toEqual(['a=1']);
    expect(f.clock.pendingTimers).toBe(0);
  });
});
