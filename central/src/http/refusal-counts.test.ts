import { describe, expect, it } from 'vitest';
import {
  ADDRESSES_MAX,
  createRefusalCounts,
  ROWS_OF_ADDRESSES_MAX,
  ROWS_PER_ACCOUNT_MAX,
  ROWS_PER_ADDRESS_MAX,
  WINDOW_MS,
} from './refusal-counts.js';

const START_MS = 3 * WINDOW_MS;
const from = (address: string) => ({ accountId: undefined, address });
const by = (accountId: string) => ({ accountId, address: '10.0.0.1' });
const sum = (times: readonly Readonly<Record<string, number>>[]): number =>
  times.flatMap((one) => Object.values(one)).reduce((total, times) => total + times, 0);

describe('refusals', () => {
  it('have a row of their own once in a window, and the same again is a number', () => {
    const counts = createRefusalCounts();
    counts.due(START_MS);
    expect(
      ['GET /a', 'GET /a', 'GET /b', 'GET /a'].map((what) => counts.take(by('a'), 'NOT_FOUND', what)),
    ).toEqual([true, false, true, false]);
    expect(counts.due(START_MS + WINDOW_MS - 1)).toEqual([]);
    expect(counts.due(START_MS + WINDOW_MS)).toEqual([
      {
        accountId: 'a',
        address: '10.0.0.1',
        fromMs: START_MS,
        untilMs: START_MS + WINDOW_MS,
        times: { NOT_FOUND: 2 },
      },
    ]);
    expect(counts.due(START_MS + 2 * WINDOW_MS)).toEqual([]);
    expect(counts.take(by('a'), 'NOT_FOUND', 'GET /a')).toBe(true);
  });

  it('of one account that tries everything are counted after a while, and none is lost', () => {
    const counts = createRefusalCounts();
    const sent = 3 * ROWS_PER_ACCOUNT_MAX;
    const rows = Array.from({ length: sent }, (_, index) =>
      counts.take(by('a'), 'NOT_FOUND', `GET /${index}`),
    );
    expect(rows.filter(Boolean)).toHaveLength(ROWS_PER_ACCOUNT_MAX);
    expect(sum(counts.due(0, true).map(({ times }) => times))).toBe(sent - ROWS_PER_ACCOUNT_MAX);
  });

  it('of a flood from one address, or from very many, are a bounded number of rows, and none is lost', () => {
    const counts = createRefusalCounts();
    const one = Array.from({ length: 10_000 }, (_, index) =>
      counts.take(from('10.0.0.9'), 'TOKEN_INVALID', `${index}`),
    );
    const many = Array.from({ length: 50_000 }, (_, index) =>
      counts.take(from(`host-${index}`), 'TOKEN_INVALID', 'GET /'),
    );
    const own = [...one, ...many].filter(Boolean).length;
    expect(one.filter(Boolean)).toHaveLength(ROWS_PER_ADDRESS_MAX);
    expect(own).toBeLessThanOrEqual(ROWS_OF_ADDRESSES_MAX);
    const counted = counts.due(0, true);
    expect(counted.length).toBeLessThanOrEqual(ADDRESSES_MAX + 1);
    expect(own + sum(counted.map(({ times }) => times))).toBe(60_000);
    expect(counted.filter(({ address }) => address === undefined)).toHaveLength(1);
  });

  it('of an account have their rows while addresses flood', () => {
    const counts = createRefusalCounts();
    for (let index = 0; index < 10_000; index += 1)
      counts.take(from(`host-${index}`), 'TOKEN_INVALID', 'GET /');
    expect(counts.take(by('a'), 'SESSION_LOCKED', 'POST /')).toBe(true);
  });

  it('that could not be written go on being counted, from when they were, in as many places as before', () => {
    const counts = createRefusalCounts();
    counts.due(START_MS);
    for (let index = 0; index < 2 * ADDRESSES_MAX; index += 1)
      counts.take(from(`host-${index}`), 'TOKEN_INVALID', undefined);
    counts.take(by('a'), 'STALE', undefined);
    const failed = counts.due(START_MS + WINDOW_MS);
    for (let index = 0; index < 2 * ADDRESSES_MAX; index += 1)
      counts.take(from(`other-${index}`), 'TOKEN_INVALID', undefined);
    counts.giveBack(failed);
    const counted = counts.due(START_MS + 2 * WINDOW_MS);
    expect(counted.length).toBeLessThanOrEqual(ADDRESSES_MAX + 2);
    expect(sum(counted.map(({ times }) => times))).toBe(4 * ADDRESSES_MAX + 1);
    expect(counted.filter(({ accountId }) => accountId === 'a')).toEqual([
      { ...by('a'), fromMs: START_MS, untilMs: START_MS + 2 * WINDOW_MS, times: { STALE: 1 } },
    ]);
  });

  it('whose row could not be written are counted, and the next one like it has a row', () => {
    const counts = createRefusalCounts();
    counts.take(by('a'), 'NOT_FOUND', 'GET /a');
    counts.untake(by('a'), 'NOT_FOUND', 'GET /a');
    expect(counts.take(by('a'), 'NOT_FOUND', 'GET /a')).toBe(true);
    expect(counts.due(0, true)).toMatchObject([{ times: { NOT_FOUND: 1 } }]);
  });

  it('begin anew when the clock is set back', () => {
    const counts = createRefusalCounts();
    counts.due(10 * WINDOW_MS);
    counts.take(by('a'), 'STALE', undefined);
    expect(counts.due(5 * WINDOW_MS)).toMatchObject([{ times: { STALE: 1 } }]);
  });
});
