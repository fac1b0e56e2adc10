import { once } from 'node:events';
import { type AddressInfo, connect as connectTo, createServer, type Socket } from 'node:net';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from './db/connection.js';
import { openDatabase } from './db/database.js';
import { openListener } from './db/listen.js';
import { openTestDatabase, type TestDatabase } from './db/test-database.js';
import { type Log, silentLog } from './log.js';
import { Started } from './started.js';

const WAIT_MS = 15_000;

/** A wire to the server that can fall silent with every connection open. */
class Wire {
  readonly url: string;
  readonly #sockets = new Set<Socket>();
  readonly #close: () => void;
  #isSilent = false;

  private constructor(url: string, close: () => void) {
    this.url = url;
    this.#close = close;
  }

  static async to(target: string): Promise<Wire> {
    const { hostname: host, port } = new URL(target);
    const server = createServer((client) => wire.#join(client, connectTo(Number(port), host)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(target);
    url.port = String((server.address() as AddressInfo).port);
    const wire = new Wire(url.href, () => server.close());
    return wire;
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.on('data', (bytes) => this.#isSilent || to.write(bytes));
    }
  }

  fallSilent(): void {
    this.#isSilent = true;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#close();
  }
}

let db: TestDatabase;
let wire: Wire;
beforeEach(async () => {
  db = await openTestDatabase();
  wire = await Wire.to(db.url);
});
afterEach(async () => {
  wire.stop();
  await db.close();
});

describe('a stop while PostgreSQL is silent', () => {
  it('ends after the wait, says so once, and leaves committed what was acknowledged and nothing else', async () => {
    const clock = new ManualClock();
    const errors: object[] = [];
    const log: Log = {
      ...silentLog,
      error: (context: object | string) => errors.push(Object(context)),
    };
    const started = new Started();
    const pool = await openDatabase({ url: wire.url, log });
    started.add(() => pool.close());
    const listener = await openListener({ url: wire.url, log, clock });
    started.add(() => listener.close());
    const single = await connect(wire.url, 'rollcall-test');
    started.add(() => single.close());
    const add = (id: string) => pool.knex('campus').insert({ id, name: id, zone: 'Asia/Kolkata' });
    await add('acknowledged');
    const asked = pool.knex.transaction(async (trx) => {
      await trx('campus').insert({ id: 'unfinished', name: 'unfinished', zone: 'Asia/Kolkata' });
      wire.fallSilent();
      await trx.raw('SELECT 1');
    });
    const failed = expect(asked).rejects.toThrow(/terminated/);
    // As parts do: their stop waits for what they have asked.
    started.add(() => asked);
    let isOver = false;
    const stopped = started.stopAll(log, { clock, waitMs: WAIT_MS, databaseUrl: wire.url }).then(() => {
      isOver = true;
    });
    await expect.poll(() => pool.knex.client.pool.numUsed()).toBe(1);
    clock.advance(WAIT_MS - 1);
    expect(isOver).toBe(false);
    clock.advance(1);
    await failed;
    // What opens meanwhile is cut off as well.
    while (!isOver) {
      await new Promise(setImmediate);
      clock.advance(1_000);
    }
    await stopped;
    expect(errors).toContainEqual({ code: 'DATABASE_UNAVAILABLE', connections: 3, waitMs: WAIT_MS });
    expect(JSON.stringify(errors)).not.toContain(new URL(wire.url).password || 'no password at all');
    expect(await db.knex('campus').pluck('id')).toEqual(['acknowledged']);
  });

  it('cuts nothing off where PostgreSQL answers', async () => {
    const clock = new ManualClock();
    const started = new Started();
    const other = await connect(db.url, 'rollcall-test');
    started.add(() => other.close());
    await started.stopAll(silentLog, { clock, waitMs: WAIT_MS, databaseUrl: db.url });
    clock.advance(WAIT_MS + 1);
    expect((await db.knex.raw('SELECT 1')).rows).toHaveLength(1);
  });
});
