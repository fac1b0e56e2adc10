import { randomUUID } from 'node:crypto';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { CLIENTS_PER_ACCOUNT_MAX } from './live-feed.js';
import { createHttpServer } from './server.js';
import { API, at, type Body, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());

describe('the stream', () => {
  interface Watcher {
    /** Reads events until one fits; the test's time limit is the only clock. */
    next(fits: (name: string, data: Body) => boolean): Promise<Body>;
    close(): void;
  }

  async function open(
    headers: Record<string, string> = {},
    url = server.url(`${API}/stream/`),
  ): Promise<Watcher> {
    const abort = new AbortController();
    const response = await fetch(url, {
      headers: { ...(await server.authorization()), ...headers },
      signal: abort.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    if (response.body === null) throw new Error('no stream');
    const decoded = response.body.pipeThrough(new TextDecoderStream() as never) as ReadableStream<string>;
    const reader = decoded.getReader();
    const blocks: string[] = [];
    let rest = '';
    return {
      async next(fits) {
        for (;;) {
          for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
            const name = /^event:(.*)$/m.exec(block)?.[1]?.trim() ?? '';
            const data = /^data:(.*)$/m.exec(block)?.[1];
            if (data !== undefined && fits(name, JSON.parse(data))) return JSON.parse(data);
          }
          const { value, done } = await reader.read();
          if (done) throw new Error('the stream ended');
          blocks.push(...(rest + value).split('\n\n'));
          rest = blocks.pop() ?? '';
        }
      },
      close: () => abort.abort(),
    };
  }

  it('is refused to an account that has too many of them, and nobody else; one that ends makes room', async () => {
    const auditor = await server.authorization('auditor');
    const open20 = await Promise.all(Array.from({ length: CLIENTS_PER_ACCOUNT_MAX }, () => open(auditor)));
    const refused = await fetch(server.url(`${API}/stream/`), { headers: auditor });
    expect(refused.status).toBe(429);
    expect(((await refused.json()) as Body).code).toBe('TOO_MANY_REQUESTS');
    const other = await open();
    for (const one of [other, ...open20]) one.close();
    await vi.waitFor(async () => (await open(auditor)).close());
  });

  it('brings marks and counts of any replica as they change', async () => {
    const { next, close } = await open();
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(3), at: at('10:03') }]);
    // The judge of another replica: it shares nothing with the server but the database.
    await server.judge();
    const isOurs = (name: string, data: Body) =>
      name === 'record' && data.student.roll_number === rollNumber(3);
    expect(await next(isOurs)).toMatchObject({
      mark: 'present',
      previous_mark: 'pending',
      reason: 'ON_TIME',
    });
    const session = await next((name, data) => name === 'session' && data.course.code === 'CS301');
    expect(session.counts.present).toBe(2);
    close();
  });

  it('brings punches and gateways', async () => {
    const { next, close } = await open();
    const punchId = randomUUID();
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(4), at: at('10:04'), punchId }]);
    for (const notice of [
      { type: 'punch', ids: [punchId] },
      { type: 'gateway', ids: ['gw-a'] },
    ]) {
      await server.db.knex.raw("SELECT pg_notify('rollcall_live', ?)", [JSON.stringify(notice)]);
    }
    expect(await next((name) => name === 'punch')).toMatchObject({
      punch_id: punchId,
      room_name: 'R101',
    });
    close();
  });

  it('pings every 15 s, so that a page notices a dead link, for as long as the client is there', async () => {
    const pings: (() => void)[] = [];
    const after = (delayMs: number, callback: () => void) => {
      if (delayMs !== 15_000) return systemClock.after(delayMs, callback);
      pings.push(callback);
      return () => void pings.splice(pings.indexOf(callback), 1);
    };
    const http = await createHttpServer({ ...server.options, clock: { ...server.options.clock, after } });
    const { next, close } = await open({}, `http://127.0.0.1:${http.port}${API}/stream/`);
    for (let n = 0; n < 2; n += 1) {
      pings.shift()?.();
      expect(await next((name) => name === 'ping')).toEqual({});
    }
    close();
    await vi.waitFor(() => expect(pings).toEqual([]));
    await http.stop();
  });

  it('tells a client that comes back to read its lists anew', async () => {
    const { next, close } = await open({ 'last-event-id': '41' });
    expect(await next((name) => name === 'resync')).toEqual({});
    close();
  });

  it('is not disturbed by kinds of notices that only a newer replica knows', async () => {
    const { next, close } = await open();
    for (const type of ['leave', 'gateway'])
      await server.db.knex.raw("SELECT pg_notify('rollcall_live', ?)", [
        JSON.stringify({ type, ids: ['gw-a'] }),
      ]);
    expect(await next((name) => name === 'gateway')).toMatchObject({ id: 'gw-a' });
    close();
  });

  it('tells clients to read anew instead of flooding them', async () => {
    const { next, close } = await open();
    // In one statement, so that they are delivered together however busy the machine is.
    const notices = Array.from({ length: 12 }, () =>
      JSON.stringify({ type: 'punch', ids: Array.from({ length: 100 }, () => randomUUID()) }),
    );
    await server.db.knex.raw("SELECT pg_notify('rollcall_live', notice) FROM unnest(?::text[]) AS notice", [
      notices as never,
    ]);
    expect(await next((name) => name === 'resync')).toEqual({});
    close();
  });
});
