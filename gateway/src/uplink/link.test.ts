import { ManualClock } from '@rollcall/protocol/manual-clock';
import { statusSchema, supersedes } from '@rollcall/protocol/status';
import { describe, expect, it, vi } from 'vitest';
import { silentLog } from '../log.js';
import { BOOT_ID, onCleanup, stampOf, storeFixture } from '../store/store.fixture.js';
import { PASSWORD, startBroker } from './broker.fixture.js';
import { INFLIGHT_MAX, Link } from './link.js';
import { Greetings } from './status.js';

const GATEWAY_ID = 'gw-block-a';
const STATUS_TOPIC = `rollcall/v1/${GATEWAY_ID}/up/status`;

async function fixture({ password = PASSWORD, url = '', log = silentLog } = {}) {
  const broker = await startBroker();
  const { store } = storeFixture();
  const clock = new ManualClock();
  const events: string[] = [];
  const problems: Array<string | undefined> = [];
  const messages: Array<{ kind: string; text: string }> = [];
  const greetings = new Greetings({
    stamp: stampOf(clock),
    software: '0.1.0',
    meta: store.meta,
    log: silentLog,
  });
  const link = new Link({
    mqttUrl: url === '' ? broker.url : url,
    gatewayId: GATEWAY_ID,
    password,
    ca: undefined,
    clock,
    log,
    random: () => 1,
    greeting: () => greetings.next(),
    onUp: () => void events.push('up'),
    onDown: () => void events.push('down'),
    onMessage: (topic, payload) =>
      void messages.push({ kind: topic.kind, text: Buffer.from(payload).toString() }),
    onProblem: (problem) => void problems.push(problem?.code),
  });
  onCleanup(() => void link.stop());
  const statuses = () =>
    broker.onTopic('/up/status').map(({ payload }) => statusSchema.parse(JSON.parse(payload.toString())));
  const up = (times = 1) =>
    vi.waitFor(() => expect(events.filter((event) => event === 'up')).toHaveLength(times));
  /** Loses the connection and lets the next attempt begin. */
  const reconnect = async (times: number): Promise<void> => {
    broker.cut();
    await vi.waitFor(() => expect(events.filter((event) => event === 'down')).toHaveLength(times - 1));
    clock.advance(30_000);
    await up(times);
  };
  return { broker, clock, events, problems, messages, link, statuses, up, reconnect };
}

describe('Link', () => {
  it('says that it is there, retained, before anything else', async () => {
    const f = await fixture();
    f.link.start();
    await f.up();
    expect(f.broker.received[0]).toMatchObject({ topic: STATUS_TOPIC, retain: true });
    expect(f.statuses()).toMatchObject([{ state: 'online', session: 1, boot_id: BOOT_ID }]);
    expect(f.problems).toEqual([undefined]);
  });

  it('leaves a will of the same session, which the next birth supersedes', async () => {
    const f = await fixture();
    f.link.start();
    await f.up();
    await f.reconnect(2);
    await vi.waitFor(() => expect(f.statuses()).toHaveLength(3));
    const [first, ...others] = f.statuses();
    const will = others.find((status) => status.state === 'offline');
    const second = others.find((status) => status.state === 'online');
    expect([first?.session, will?.session, second?.session]).toEqual([1, 1, 2]);
    if (will === undefined || second === undefined) throw new Error('unreachable');
    expect(supersedes(will, second)).toBe(false);
  });

  it('goes through a broker restart that forgot everything, greeting anew', async () => {
    const f = await fixture();
    f.link.start();
    await f.up();
    await f.broker.stop();
    await vi.waitFor(() => expect(f.events).toEqual(['up', 'down']));
    f.clock.advance(1_000);
    await vi.waitFor(() => expect(f.problems.at(-1)).toBe('LINK_DOWN'));
    const again = await startBroker({ port: f.broker.port });
    await vi.waitFor(() => {
      f.clock.advance(30_000);
      expect(f.events).toEqual(['up', 'down', 'up']);
    });
    expect(again.onTopic('/up/status')).not.toHaveLength(0);
  });

  it('fails publishes at once while there is no connection, and when it is lost', async () => {
    const f = await fixture();
    await expect(f.link.publish(STATUS_TOPIC, 'x')).rejects.toThrow(/LINK_DOWN/);
    f.link.start();
    await f.up();
    f.broker.world.isTaking = false;
    const hanging = f.link.publish('rollcall/v1/gw-block-a/up/live', 'x');
    f.broker.cut();
    await expect(hanging).rejects.toThrow(/LINK_DOWN/);
  });

  it('gives up a connection on which the broker no longer answers', async () => {
    const f = await fixture();
    f.link.start();
    await f.up();
    f.broker.world.isTaking = false;
    const hanging = f.link.publish('rollcall/v1/gw-block-a/up/live', 'x');
    const outcome = expect(hanging).rejects.toThrow(/did not answer.*LINK_DOWN/);
    f.clock.advance(20_000);
    await outcome;
    await vi.waitFor(() => expect(f.events).toEqual(['up', 'down']));
  });

  it('takes no more into flight than it has room for', async () => {
    const f = await fixture();
    f.link.start();
    await f.up();
    f.broker.world.isTaking = false;
    const all = Array.from({ length: INFLIGHT_MAX }, () =>
      f.link.publish('rollcall/v1/gw-block-a/up/live', 'x'),
    );
    await expect(f.link.publish('rollcall/v1/gw-block-a/up/live', 'x')).rejects.toThrow(/behind.*LINK_DOWN/);
    f.broker.cut();
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('hands on what arrives below its own down/, and nothing else', async () => {
    const f = await fixture();
    f.link.start();
    await f.up();
    await f.broker.publish(`rollcall/v1/${GATEWAY_ID}/down/nonsense/x`, { n: 1 });
    await f.broker.publish('rollcall/v1/gw-other/down/ack', { n: 2 });
    await f.broker.publish(`rollcall/v1/${GATEWAY_ID}/down/ack`, { n: 3 });
    await vi.waitFor(() => expect(f.messages).toEqual([{ kind: 'ack', text: '{"n":3}' }]));
  });

  it('names a refused login as something for the operator', async () => {
    const f = await fixture({ password: 'wrong' });
    f.link.start();
    await vi.waitFor(() => expect(f.problems).toContain('LINK_AUTH'));
    expect(f.events).toEqual([]);
  });

  it('logs the same reason once, again only after a quarter of an hour, and anew after a connection', async () => {
    const warnings: string[] = [];
    const log = {
      ...silentLog,
      warn: (first: object | string, text?: string) => void warnings.push(text ?? String(first)),
    };
    const f = await fixture({ log });
    await f.broker.stop();
    f.link.start();
    const tried = (times: number) => vi.waitFor(() => expect(f.problems).toHaveLength(times));
    await tried(1);
    for (let times = 2; times <= 6; times++) {
      f.clock.advance(30_000);
      await tried(times);
    }
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/cannot be reached.*kept here/);
    f.clock.advance(900_000);
    await tried(7);
    expect(warnings).toHaveLength(2);
  });

  it('suspects a second gateway with its id when connections keep being taken away', async () => {
    const f = await fixture();
    f.link.start();
    await f.up();
    for (const times of [2, 3, 4]) await f.reconnect(times);
    f.broker.cut();
    await vi.waitFor(() => expect(f.problems.at(-1)).toBe('CLIENT_ID_TAKEN'));
  });

  it('says goodbye when it is stopped, and leaves no timer', async () => {
    const f = await fixture();
    f.link.start();
    await f.up();
    await f.link.stop();
    expect(f.statuses().map((status) => status.state)).toEqual(['online', 'offline']);
    expect(f.clock.pendingTimers).toBe(0);
  });
});
