import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { encodeRecordSet } from '../biometrics/template/record-set.js';
import { silentLog } from '../log.js';
import { onCleanup } from '../store/store.fixture.js';
import { EngineGallery } from './engine-gallery.js';
import { FakeThreads, recordOf, templatesFixture } from './engine-threads.fixture.js';

const MINUTE_MS = 60_000;

function fixture(f = templatesFixture(), limit?: number) {
  const opened: FakeThreads[] = [];
  const problems: (string | undefined)[] = [];
  const cache = { path: join(f.dataDir, 'finger-gallery.cache'), secret: f.seal.derive('test') };
  let gate: Promise<void> | undefined;
  const gallery = new EngineGallery({
    templates: f.source,
    open: (options) => {
      const threads = new FakeThreads(options);
      if (gate !== undefined) threads.gate = gate;
      opened.push(threads);
      return threads;
    },
    cache,
    clock: f.clock,
    log: silentLog,
    ...(limit === undefined ? {} : { limit }),
    onProblem: (problem) => void problems.push(problem?.code),
    onChange: () => undefined,
  });
  onCleanup(() => void gallery.stop());
  const ready = () => vi.waitFor(() => expect(gallery.state).toBe('ready'));
  const held = (): string[] => [...(opened.at(-1)?.held.values() ?? [])].map(({ finger }) => finger).sort();
  /** Filling waits until the returned function is called. */
  const stall = (): (() => void) => {
    let go = (): void => undefined;
    gate = new Promise((resolve) => {
      go = resolve;
    });
    return () => {
      gate = undefined;
      go();
    };
  };
  return { ...f, gallery, opened, problems, cache, ready, held, stall };
}

describe('the gallery of the engine', () => {
  it('is filled with what the engine can read, and says so until then', async () => {
    const f = fixture();
    f.put(1, 's1');
    f.put(2, 's2', { format: 'ef01-0009-512', record: Buffer.from('of a module') });
    f.put(3, 's3', { record: Buffer.from('no template at all') });
    expect(() => f.gallery.ready).toThrow(/GALLERY_FILLING/);
    f.gallery.start();
    expect(() => f.gallery.ready).toThrow(/GALLERY_FILLING/);
    await f.ready();
    expect(f.held()).toEqual(['s1/2']);
    expect(f.gallery.ready).toBe(f.opened[0]);
    expect([f.gallery.templates, f.gallery.fingers, f.problems]).toEqual([1, 1, [undefined]]);
  });

  it('takes what comes later, and nothing of it twice', async () => {
    const f = fixture();
    f.put(1, 's1');
    f.gallery.start();
    await f.ready();
    f.put(2, 's2');
    f.gallery.templatesCame();
    await vi.waitFor(() => expect(f.held()).toEqual(['s1/2', 's2/2']));
    expect(f.gallery.fingersOf('s2')).toEqual(['s2/2']);
    expect(f.opened[0]?.made).toBe(2);
  });

  it('forgets at once what left the store, in memory and in the file', async () => {
    const f = fixture();
    f.put(1, 's1');
    f.put(2, 's2');
    f.gallery.start();
    await f.ready();
    const whole = readFileSync(f.cache.path);
    expect(whole.length).toBeGreaterThan(1_000);
    f.keepOnly(1);
    f.gallery.templatesLeft();
    expect(f.gallery.fingersOf('s2')).toEqual([]);
    expect(existsSync(f.cache.path)).toBe(false);
    expect(f.gallery.holdsOthers).toBe(true);
    await vi.waitFor(() => expect(f.gallery.holdsOthers).toBe(false));
    expect(f.held()).toEqual(['s1/2']);
  });

  it('brings nobody in who left while it was filled, and no file has them afterwards', async () => {
    const f = fixture();
    f.put(1, 's1');
    f.put(2, 's2');
    const go = f.stall();
    f.gallery.start();
    await vi.waitFor(() => expect(f.gallery.templates).toBe(2));
    f.keepOnly(1);
    f.gallery.templatesLeft();
    expect([f.gallery.fingersOf('s2'), f.gallery.holdsOthers]).toEqual([[], true]);
    go();
    await vi.waitFor(() => expect(f.gallery.holdsOthers).toBe(false));
    await f.ready();
    expect(f.held()).toEqual(['s1/2']);
    expect(existsSync(f.cache.path)).toBe(false);
  });

  it('is opened again when a thread ends, from the file, ever later while that does not help', async () => {
    const f = fixture();
    f.put(1, 's1');
    f.gallery.start();
    await f.ready();
    f.opened[0]?.lose();
    expect(() => f.gallery.ready).toThrow(/GALLERY_LOST/);
    expect(f.problems.at(-1)).toBe('GALLERY_LOST');
    const go = f.stall();
    f.clock.advance(1_000);
    await vi.waitFor(() => expect(f.opened).toHaveLength(2));
    f.opened[1]?.lose();
    go();
    f.clock.advance(1_999);
    expect(f.opened).toHaveLength(2);
    f.clock.advance(1);
    await f.ready();
    expect(f.opened).toHaveLength(3);
    expect([f.held(), f.opened[2]?.made, f.problems.at(-1)]).toEqual([['s1/2'], 0, undefined]);
  });

  it('writes the file once nothing has changed for a while, so that the next start makes no codes', async () => {
    const f = fixture();
    f.gallery.start();
    await f.ready();
    f.put(1, 's1');
    f.gallery.templatesCame();
    await vi.waitFor(() => expect(f.held()).toHaveLength(1));
    const before = readFileSync(f.cache.path);
    f.clock.advance(MINUTE_MS);
    await vi.waitFor(() => expect(readFileSync(f.cache.path).equals(before)).toBe(false));
    expect(readFileSync(f.cache.path).includes(Buffer.from(recordOf(1).subarray(12, 40)))).toBe(false);
    await f.gallery.stop();
    const next = fixture(f);
    next.gallery.start();
    await next.ready();
    expect([next.held(), next.opened[0]?.made]).toEqual([['s1/2'], 0]);
  });

  it('leaves out what has no room with all its impressions, says so, and takes it when something has left', async () => {
    const f = fixture(undefined, 4);
    f.put(1, 's1', { record: encodeRecordSet([recordOf(1), recordOf(11), recordOf(21)]) });
    f.gallery.start();
    await f.ready();
    expect([f.gallery.templates, f.problems]).toEqual([1, [undefined]]);
    f.put(2, 's2', { record: encodeRecordSet([recordOf(2), recordOf(12)]) });
    f.gallery.templatesCame();
    await vi.waitFor(() => expect(f.problems.at(-1)).toBe('GALLERY_FULL'));
    expect([f.gallery.fingersOf('s2'), f.opened[0]?.size]).toEqual([[], 3]);
    f.put(3, 's3');
    f.put(4, 's4');
    f.gallery.templatesCame();
    await vi.waitFor(() => expect(f.problems.at(-1)).toBe('GALLERY_FULL'));
    f.keepOnly(2, 3);
    f.gallery.templatesLeft();
    await vi.waitFor(() => expect(f.problems.at(-1)).toBeUndefined());
    expect(f.held()).toEqual(['s2/2', 's2/2', 's3/2']);
    expect([f.gallery.templates, f.gallery.fingersOf('s2')]).toEqual([2, ['s2/2']]);
  });

  it('ends its threads when it is stopped, also in the middle of filling', async () => {
    const f = fixture();
    f.put(1, 's1');
    const go = f.stall();
    f.gallery.start();
    await vi.waitFor(() => expect(f.gallery.templates).toBe(1));
    const stopped = f.gallery.stop();
    go();
    await stopped;
    expect(f.opened[0]?.isClosed).toBe(true);
    expect(f.clock.pendingTimers).toBe(0);
    expect(f.problems).toEqual([]);
  });
});
