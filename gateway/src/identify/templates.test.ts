import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SealedTemplate } from '@rollcall/protocol/template-transfer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { storeFixture } from '../store/store.fixture.js';
import { createTemplateSeal } from './template-seal.js';
import { TemplateStore } from './template-store.js';
import { TemplateSync } from './template-sync.js';

const KEY = Buffer.alloc(32, 7);
const seal = createTemplateSeal(KEY);
const RECORD = Buffer.from('minutiae of a finger, never to be read on a disk');

const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function template(number: number, change: Partial<SealedTemplate> = {}): SealedTemplate {
  const place = {
    template_id: idOf(number),
    student_ref: `s${number}`,
    finger_position: 2,
    format: 'rollcall-1',
  };
  return { ...place, sealed: seal.seal(RECORD, place).toString('base64'), ...change };
}

describe('a sealed template', () => {
  const place = { template_id: idOf(1), student_ref: 's1', finger_position: 2, format: 'rollcall-1' };

  it('opens for the finger it was sealed for, and for no other place, key or byte', () => {
    const sealed = seal.seal(RECORD, place);
    expect(seal.open(sealed, place)).toEqual(RECORD);
    expect(seal.seal(RECORD, place)).not.toEqual(sealed);
    const broken = expect.objectContaining({ code: 'SEAL_BROKEN' });
    for (const other of [
      { student_ref: 's2' },
      { finger_position: 3 },
      { template_id: idOf(2) },
      { format: 'x' },
    ]) {
      expect(() => seal.open(sealed, { ...place, ...other })).toThrow(broken);
    }
    expect(() => createTemplateSeal(Buffer.alloc(32, 8)).open(sealed, place)).toThrow(broken);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => seal.open(changed, place), `byte ${at}`).toThrow(broken);
      expect(() => seal.open(sealed.subarray(0, at), place), `cut at ${at}`).toThrow(broken);
    }
  });
});

it('the template key makes other keys, one for each purpose and none of them the key itself', () => {
  const made = ['one', 'other'].map((purpose) => Buffer.from(seal.derive(purpose)).toString('hex'));
  expect(new Set([...made, KEY.toString('hex')]).size).toBe(3);
  expect(Buffer.from(createTemplateSeal(KEY).derive('one')).toString('hex')).toBe(made[0]);
  expect(made[0]).toHaveLength(64);
});

describe('the template store', () => {
  it('keeps templates through a restart, and nothing of one that is no longer listed', () => {
    const f = storeFixture();
    const store = new TemplateStore(f.store.db);
    store.put([template(1), template(2)]);
    store.put([template(2)]);
    expect(new TemplateStore(f.store.db).ids()).toEqual([idOf(1), idOf(2)]);
    const kept = [...store.all()].map(({ template_id, student_ref }) => [template_id, student_ref]);
    expect(kept).toEqual([
      [idOf(1), 's1'],
      [idOf(2), 's2'],
    ]);
    const bytes = Buffer.from([...store.all()][0]?.sealed ?? '', 'base64');
    expect(store.keepOnly(new Set([idOf(2)]))).toBe(1);
    expect(store.ids()).toEqual([idOf(2)]);
    const file = f.store.db.name;
    for (const part of [file, `${file}-wal`]) {
      expect(readFileSync(part).includes(bytes), part).toBe(false);
    }
    expect(readFileSync(file).includes(RECORD)).toBe(false);
  });
});

describe('following the templates of the roster', () => {
  let central: Server;
  let port: number;
  let asked: string[][];
  let answer: (ids: string[]) => { status: number; body: string };

  beforeEach(async () => {
    asked = [];
    answer = (ids) => ({
      status: 200,
      body: JSON.stringify({ templates: ids.map((id) => template(Number(id.slice(-12)))) }),
    });
    central = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        const { ids } = JSON.parse(text) as { ids: string[] };
        asked.push(ids);
        const { status, body } = answer(ids);
        response.writeHead(status).end(body);
      });
    });
    await new Promise<void>((resolve) => central.listen(0, '127.0.0.1', resolve));
    port = (central.address() as AddressInfo).port;
  });
  afterEach(() => new Promise((resolve) => central.close(resolve)));

  function fixture() {
    const f = storeFixture();
    const store = new TemplateStore(f.store.db);
    const problems: (string | undefined)[] = [];
    const listed = ids(1, 300);
    const sync = new TemplateSync({
      gatewayId: 'gw-a',
      centralUrl: `http://127.0.0.1:${port}`,
      password: 'secret',
      ca: undefined,
      store,
      seal,
      isListed: (id) => listed.includes(id),
      clock: f.clock,
      log: silentLog,
      random: () => 1,
      onState: (problem) => problems.push(problem?.code),
    });
    return { ...f, store, sync, problems, listed };
  }
  const ids = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, at) => idOf(from + at));

  it('fetches what is missing, in portions, and says of which roster it has all', async () => {
    const { store, sync, problems } = fixture();
    store.put([template(1)]);
    await sync.follow({ version: 3, ids: ids(1, 205) });
    expect(asked.map(({ length }) => length)).toEqual([100, 100, 4]);
    expect(store.ids()).toHaveLength(205);
    expect([sync.completeVersion, problems]).toEqual([3, [undefined]]);
    await sync.follow({ version: 4, ids: ids(1, 205) });
    expect([sync.completeVersion, asked.length]).toEqual([4, 3]);
  });

  it('goes on with what central leaves out: the next roster does not list it', async () => {
    const { store, sync } = fixture();
    answer = () => ({ status: 200, body: '{"templates":[]}' });
    await sync.follow({ version: 3, ids: ids(1, 2) });
    expect([sync.completeVersion, store.ids()]).toEqual([3, []]);
  });

  it.each([
    ['what does not open', () => ({ templates: [template(1, { sealed: 'AAAA' })] }), 'SEAL_BROKEN'],
    [
      'what belongs to somebody else',
      () => ({ templates: [template(1, { student_ref: 's9' })] }),
      'SEAL_BROKEN',
    ],
    ['what is no answer', () => ({ nothing: true }), 'TEMPLATE_INVALID'],
  ])('keeps nothing of %s, tells it, and tries again', async (_what, body, code) => {
    const { store, sync, problems, clock } = fixture();
    const good = answer;
    answer = () => ({ status: 200, body: JSON.stringify(body()) });
    await sync.follow({ version: 3, ids: ids(1, 1) });
    expect([sync.completeVersion, store.ids(), problems]).toEqual([undefined, [], [code]]);
    answer = good;
    clock.advance(5_000);
    await expect.poll(() => sync.completeVersion).toBe(3);
    expect(problems).toEqual([code, undefined]);
    sync.stop();
  });

  it('keeps nothing that a newer roster has dropped while it was on its way', async () => {
    const { store, sync, listed } = fixture();
    const good = answer;
    answer = (wanted) => {
      listed.splice(0, listed.length, idOf(2));
      return good(wanted);
    };
    await sync.follow({ version: 3, ids: ids(1, 2) });
    expect(store.ids()).toEqual([idOf(2)]);
  });

  it('ignores templates that it did not ask for', async () => {
    const { store, sync } = fixture();
    answer = () => ({ status: 200, body: JSON.stringify({ templates: [template(1), template(5)] }) });
    await sync.follow({ version: 3, ids: ids(1, 1) });
    expect(store.ids()).toEqual([idOf(1)]);
  });

  it('leaves no timer when it is stopped while central is away', async () => {
    const { sync, clock, problems } = fixture();
    answer = () => ({ status: 503, body: '' });
    await sync.follow({ version: 3, ids: ids(1, 1) });
    expect(problems).toEqual(['LINK_DOWN']);
    sync.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
