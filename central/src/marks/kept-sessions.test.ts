import { describe, expect, it } from 'vitest';
import { createKeptSessions } from './kept-sessions.js';
import type { LoadedSession } from './load-sessions.js';

const session = (id: string): LoadedSession => ({ id }) as LoadedSession;

describe('kept class sessions', () => {
  it('are found under the token that they were read with, and no other', () => {
    const kept = createKeptSessions(10);
    const [old, next] = [session('a'), session('a')];
    kept.keep('one', old);
    expect(kept.find('a', 'one')).toBe(old);
    expect(kept.find('a', 'two')).toBeUndefined();
    expect(kept.find('b', 'one')).toBeUndefined();
    kept.keep('two', next);
    expect(kept.find('a', 'two')).toBe(next);
    expect(kept.find('a', 'one')).toBeUndefined();
    expect(kept.size).toBe(1);
  });

  it('never become more than asked for: the one goes that nobody asked for longest', () => {
    const kept = createKeptSessions(3);
    for (const id of ['a', 'b', 'c']) kept.keep('one', session(id));
    kept.find('a', 'one');
    kept.keep('one', session('d'));
    expect(['a', 'b', 'c', 'd'].filter((id) => kept.find(id, 'one') !== undefined)).toEqual(['a', 'c', 'd']);
    for (let n = 0; n < 1_000; n += 1) kept.keep('one', session(String(n)));
    expect(kept.size).toBe(3);
  });
});
