import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { ROW_MEMBERS_HEADER, type RosterPointer } from '@rollcall/protocol/roster';
import { describe, expect, it, vi } from 'vitest';
import { silentLog } from '../log.js';
import { onCleanup, storeFixture } from '../store/store.fixture.js';
import { CardLookup } from './card-lookup.js';
import { credential, GATEWAY_ID, readHash, rosterDocument } from './roster.fixture.js';
import { Roster } from './roster.js';
import { RosterStore } from './roster-store.js';

const CARD = 'em4100:0F00A1B2C3';

async function central() {
  const served = {
    status: 200,
    body: '',
    headers: {} as Record<string, string>,
    logins: [] as Array<string | undefined>,
  };
  const server = createServer((request, response) => {
    served.logins.push(request.headers.authorization);
    response.writeHead(served.status, served.headers).end(served.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return { served, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function fixture() {
  const web = await central();
  const f = storeFixture();
  const clock = new ManualClock();
  const problems: Array<string | undefined> = [];
  const store = new RosterStore(f.store);
  const roster = new Roster({
    gatewayId: GATEWAY_ID,
    centralUrl: web.url,
    password: 'p4ss',
    ca: undefined,
    store,
    clock,
    log: silentLog,
    bytesMax: 100_000,
    onProblem: (problem) => void problems.push(problem?.code),
  });
  onCleanup(() => roster.stop());
  const lookup = new CardLookup(f.store.db);
  const offer = (
    version: number,
    document: unknown = rosterDocument(version, { s1: [credential(CARD)] }),
  ): RosterPointer => {
    web.served.body = JSON.stringify(document);
    return {
      v: 1,
      version,
      url: `/api/v1/attendance/gateways/${GATEWAY_ID}/roster/${version}/`,
      sha256: createHash('sha256').update(web.served.body).digest('hex'),
    };
  };
  return { ...f, ...web, clock, problems, rosterStore: store, roster, lookup, offer };
}

describe('Roster', () => {
  it('fetches the document with the login of the gateway and puts it into force', async () => {
    const f = await fixture();
    await f.roster.follow(f.offer(3));
    expect(f.rosterStore.version).toBe(3);
    expect(f.lookup.find(readHash(CARD), undefined)).toMatchObject({ studentRef: 's1' });
    expect(f.served.logins).toEqual([`Basic ${Buffer.from(`${GATEWAY_ID}:p4ss`).toString('base64')}`]);
  });

  it('says what central takes in rows beyond what everybody has to, and of an older one nothing', async () => {
    const f = await fixture();
    const takes = () => f.rosterStore.takes('punch.student.finger_position');
    await f.roster.follow(f.offer(3));
    expect(takes()).toBe(false);
    f.served.headers = { [ROW_MEMBERS_HEADER]: 'punch.mood,  punch.student.finger_position' };
    await f.roster.follow(f.offer(4));
    expect([takes(), new RosterStore(f.store).takes('punch.student.finger_position')]).toEqual([true, true]);
    f.served.headers = {};
    await f.roster.follow(f.offer(5));
    expect(takes()).toBe(false);
  });

  it('survives a restart without central', async () => {
    const f = await fixture();
    await f.roster.follow(f.offer(3));
    f.store.close();
    const again = storeFixture({ dataDir: f.dataDir });
    expect(new CardLookup(again.store.db).find(readHash(CARD), undefined)).toMatchObject({
      studentRef: 's1',
    });
  });

  it('replaces everything of the version before', async () => {
    const f = await fixture();
    await f.roster.follow(f.offer(1));
    await f.roster.follow(f.offer(2, rosterDocument(2, { s2: [credential('em4100:0F00000001')] })));
    expect(f.lookup.find(readHash(CARD), undefined)).toEqual({ outcome: 'unknown' });
    expect(f.store.db.prepare('SELECT count(*) AS n FROM roster_credential').get()).toEqual({ n: 1 });
    expect(f.store.db.prepare('SELECT count(*) AS n FROM roster_hash').get()).toEqual({ n: 3 });
  });

  it('does not ask again for a version it has, nor for an older one', async () => {
    const f = await fixture();
    await f.roster.follow(f.offer(5));
    await f.roster.follow(f.offer(5));
    await f.roster.follow(f.offer(4));
    expect(f.served.logins).toHaveLength(1);
    expect(f.rosterStore.version).toBe(5);
  });

  it.each<[string, string, (f: Awaited<ReturnType<typeof fixture>>) => RosterPointer]>([
    ['altered on the way', 'ROSTER_INVALID', (f) => ({ ...f.offer(2), sha256: 'a'.repeat(64) })],
    ['outside its contract', 'ROSTER_INVALID', (f) => f.offer(2, { v: 1, version: 2, students: 'many' })],
    [
      'of another gateway',
      'ROSTER_INVALID',
      (f) => f.offer(2, { ...rosterDocument(2, {}), gateway_id: 'gw-other' }),
    ],
    ['of another version', 'ROSTER_INVALID', (f) => f.offer(2, rosterDocument(9, {}))],
    ['too long', 'ROSTER_INVALID', (f) => f.offer(2, { pad: 'x'.repeat(200_000) })],
    [
      'elsewhere than at central',
      'ROSTER_INVALID',
      (f) => ({ ...f.offer(2), url: 'http://evil.example/roster' }),
    ],
  ])('keeps the old roster when the new one is %s', async (_what, code, offer) => {
    const f = await fixture();
    await f.roster.follow(f.offer(1));
    await f.roster.follow(offer(f));
    expect(f.problems.at(-1)).toBe(code);
    expect(f.rosterStore.version).toBe(1);
    expect(f.lookup.find(readHash(CARD), undefined)).toMatchObject({ studentRef: 's1' });
  });

  it('names a refused login, and tries again by itself until it works', async () => {
    const f = await fixture();
    const pointer = f.offer(2);
    f.served.status = 401;
    await f.roster.follow(pointer);
    expect(f.problems).toEqual(['LINK_AUTH']);
    f.served.status = 200;
    f.clock.advance(5_000);
    await vi.waitFor(() => expect(f.problems).toHaveLength(2));
    expect(f.problems).toEqual(['LINK_AUTH', undefined]);
    expect(f.rosterStore.version).toBe(2);
  });
});

describe('RosterStore', () => {
  it('leaves the roster in force alone when a crash interrupts the writing of the next', async () => {
    const f = storeFixture();
    await new RosterStore(f.store).replace(rosterDocument(1, { s1: [credential(CARD)] }));
    const crash = new RosterStore({
      ...f.store,
      db: f.store.db,
      meta: f.store.meta,
      yieldTurn: () => Promise.reject(new Error('crash')),
    });
    const next = rosterDocument(2, { s2: [credential(CARD)] });
    await expect(crash.replace(next)).rejects.toThrow('crash');
    const lookup = new CardLookup(f.store.db);
    expect(lookup.find(readHash(CARD), undefined)).toMatchObject({ studentRef: 's1' });
    await new RosterStore(f.store).replace(next);
    expect(lookup.find(readHash(CARD), undefined)).toMatchObject({ outcome: 'recognized', studentRef: 's2' });
  });
});
