import { QueryClient } from '@tanstack/react-query';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { classSession, punch } from '../fixtures.js';
import { Journal } from '../live/journal.js';
import { ApiProblem } from './problem.js';
import { boardQuery, campusQuery, feedQuery } from './queries.js';

const ZONE = 'Asia/Kolkata';
const client = () => new QueryClient({ defaultOptions: { queries: { retry: false } } });

function answer(body: unknown, status = 200): Response {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': type } });
}

afterEach(() => vi.unstubAllGlobals());

describe('the lists of the page', () => {
  it('lose no tap that comes while the snapshot is under way', async () => {
    const journal = new Journal();
    journal.add({ type: 'punch', data: punch('before', '10:00:00') });
    vi.stubGlobal('fetch', () => {
      journal.add({ type: 'punch', data: punch('during', '10:00:02') });
      return Promise.resolve(answer({ results: [punch('old', '10:00:01')], next: null }));
    });
    const rows = await client().fetchQuery(
      feedQuery(
        journal,
        () => [],
        () => [],
      ),
    );
    expect(rows.map((row) => row.id)).toEqual(['during', 'old']);
  });

  it('keep the newer state of a class session that changes meanwhile', async () => {
    const journal = new Journal();
    vi.stubGlobal('fetch', () => {
      journal.add({ type: 'session', data: classSession('s1', { version: 2, status: 'closed' }) });
      return Promise.resolve(answer({ results: [classSession('s1')], next: null }));
    });
    const board = await client().fetchQuery(boardQuery(journal, ZONE));
    expect(board.map((session) => session.status)).toEqual(['closed']);
  });

  it('follow the cursor to the last page', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', (url: string) => {
      asked.push(url);
      if (url.includes('now=1')) return Promise.resolve(answer({ results: [], next: null }));
      const isSecond = url.includes('cursor=two');
      const results = [classSession(isSecond ? 's2' : 's1')];
      return Promise.resolve(answer({ results, next: isSecond ? null : 'two' }));
    });
    const board = await client().fetchQuery(boardQuery(new Journal(), ZONE));
    expect(board.map((session) => session.id)).toEqual(['s1', 's2']);
    expect(asked).toHaveLength(3);
  });
});

describe('campusQuery', () => {
  it('has no campus before the first seed', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(answer({ code: 'NOT_FOUND' }, 404)));
    expect(await client().fetchQuery(campusQuery())).toBeNull();
  });

  it('hands on what central refuses, with its code and words', async () => {
    vi.stubGlobal('fetch', () =>
      Promise.resolve(answer({ code: 'DATABASE_LOST', detail: 'no database' }, 503)),
    );
    const refused = client().fetchQuery(campusQuery());
    await expect(refused).rejects.toBeInstanceOf(ApiProblem);
    await expect(refused).rejects.toMatchObject({
      code: 'DATABASE_LOST',
      message: 'no database',
      status: 503,
    });
  });

  it('says that nobody answered when the connection fails', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    await expect(client().fetchQuery(campusQuery())).rejects.toMatchObject({ code: 'NO_ANSWER', status: 0 });
  });
});
