import { environmentManager, QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { instant } from '../fixtures.js';
import { applyEvent } from '../live/apply-event.js';
import { Journal } from '../live/journal.js';
import type { OwnMark } from '../live/own-mark.js';
import { ownMarkQuery, type Scanned } from './own-mark.js';
import type { LiveEvent, Mark } from './types.js';

const OWN = { roll_number: '24B81A0501', name: 'Lakshmi Prasanna' };
/** Longer than the page reads, whatever the chance. */
const LONG_MS = 30_000;

const scanned = (patch: Partial<Scanned> = {}): Scanned => ({
  result: {
    session: {
      id: 's1',
      course: { code: 'CS301', title: 'Database Systems' },
      room: { id: 'r', name: 'R101' },
    },
    mark: 'pending',
    marked_at: null,
    already_recorded: false,
    recorded_at: instant('10:02:00'),
    is_verified: true,
  },
  rollNumber: OWN.roll_number,
  position: 0,
  spread: 1,
  ...patch,
});

function judged(student = OWN): LiveEvent {
  const marks = { mark: 'present', previous_mark: 'pending', marked_at: instant('10:02:00') } as const;
  return { type: 'record', data: { session_id: 's1', student, reason: 'ON_TIME', ...marks } };
}

const isServer = environmentManager.isServer();
let client: QueryClient;
let journal: Journal;
let reads: string[];

/** What central answers to each read. */
function answering(...marks: (Mark | 'refused' | 'no record')[]): void {
  vi.stubGlobal('fetch', (url: string) => {
    const mark = marks[reads.length] ?? marks.at(-1) ?? 'pending';
    reads.push(url);
    if (mark === 'refused') return Promise.resolve(new Response('{}', { status: 503 }));
    const marked_at = mark === 'pending' ? null : instant('10:02:00');
    const results =
      mark === 'no record' ? [] : [{ id: 'r1', session_id: 's1', student: OWN, mark, marked_at }];
    return Promise.resolve(new Response(JSON.stringify({ results, next: null })));
  });
}

function watch(scan = scanned()): { mark(): Mark; stop(): void } {
  const observer = new QueryObserver<OwnMark, Error, OwnMark, OwnMark, string[]>(
    client,
    ownMarkQuery(journal, scan),
  );
  const stop = observer.subscribe(() => undefined);
  return { mark: () => observer.getCurrentResult().data?.mark as Mark, stop };
}

beforeEach(() => {
  vi.useFakeTimers();
  // As in a browser: elsewhere nothing is read again by itself.
  environmentManager.setIsServer(() => false);
  client = new QueryClient({
    defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, networkMode: 'always' } },
  });
  journal = new Journal();
  reads = [];
});
afterEach(() => {
  client.clear();
  environmentManager.setIsServer(() => isServer);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the mark of a scan', () => {
  it('comes by the stream, and is not read then', async () => {
    answering('present');
    const { mark, stop } = watch();
    expect(mark()).toBe('pending');
    applyEvent(client, judged());
    expect(mark()).toBe('present');
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(reads).toEqual([]);
    stop();
  });

  it('is known at once where the stream told it before the answer was here', () => {
    const position = journal.position;
    journal.add(judged());
    expect(watch(scanned({ position })).mark()).toBe('present');
  });

  it('is what the stream told of this scan, and not what it told before', () => {
    journal.add(judged());
    expect(watch(scanned({ position: journal.position })).mark()).toBe('pending');
  });

  it('is read where the stream brings nothing, until it is there', async () => {
    answering('pending', 'present');
    const { mark, stop } = watch();
    await vi.advanceTimersByTimeAsync(2_000);
    expect([mark(), reads.length]).toEqual(['pending', 1]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(mark()).toBe('present');
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(reads).toHaveLength(2);
    expect(reads[0]).toContain('records/?session=s1&student=24B81A0501');
    stop();
  });

  it.each([
    'pending',
    'refused',
    'no record',
  ] as const)('is read three times and no more within 10 s when each answer is: %s', async (answer) => {
    answering(answer);
    const { mark, stop } = watch();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([mark(), reads.length]).toEqual(['pending', 3]);
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(reads).toHaveLength(3);
    applyEvent(client, judged());
    expect(mark()).toBe('present');
    stop();
  });

  it('is not the one from before the scan', async () => {
    answering('absent', 'present');
    const { mark, stop } = watch();
    await vi.advanceTimersByTimeAsync(2_000);
    expect([reads.length, mark()]).toEqual([1, 'pending']);
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect([reads.length, mark()]).toEqual([2, 'present']);
    stop();
  });

  it('is the one from before the scan where that is still so when it is read last', async () => {
    answering('excused');
    const { mark, stop } = watch();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect([reads.length, mark()]).toEqual([3, 'excused']);
    stop();
  });

  it('is not read by everybody in the same moment', async () => {
    answering('pending');
    const { stop } = watch(scanned({ spread: 0 }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(reads).toHaveLength(1);
    stop();
  });

  it('stays what the stream told while an older answer was under way', async () => {
    vi.stubGlobal('fetch', () => {
      journal.add(judged());
      applyEvent(client, judged());
      const results = [{ id: 'r1', session_id: 's1', student: OWN, mark: 'pending', marked_at: null }];
      return Promise.resolve(new Response(JSON.stringify({ results, next: null })));
    });
    const { mark, stop } = watch();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(mark()).toBe('present');
    stop();
  });

  it('is read as often as ever in a class whose other marks come by the stream', async () => {
    answering('pending');
    const { stop } = watch();
    for (let index = 0; index < 5; index += 1)
      applyEvent(client, judged({ roll_number: `24B81A06${index}`, name: 'Ravi Teja' }));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads).toHaveLength(3);
    stop();
  });

  it('starts anew with a second scan of the same class', async () => {
    answering('present');
    const first = watch();
    applyEvent(client, judged());
    first.stop();
    await vi.advanceTimersByTimeAsync(0);
    const second = watch(scanned({ position: journal.position }));
    expect(second.mark()).toBe('pending');
    second.stop();
  });
});
