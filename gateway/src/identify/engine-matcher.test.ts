import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { randomTemplate } from '../biometrics/gallery/random-template.fixture.js';
import { encodeTemplate } from '../biometrics/template/record.js';
import { exportTemplate, importTemplate } from '../biometrics/template/standard-records.js';
import { silentLog } from '../log.js';
import { onCleanup } from '../store/store.fixture.js';
import { EngineGallery } from './engine-gallery.js';
import { EngineMatcher } from './engine-matcher.js';
import { FakeThreads, recordOf, templatesFixture } from './engine-threads.fixture.js';

async function fixture(enroll: (f: ReturnType<typeof templatesFixture>) => void) {
  const f = templatesFixture();
  const opened: FakeThreads[] = [];
  enroll(f);
  const gallery = new EngineGallery({
    templates: f.source,
    open: (options) => {
      const threads = new FakeThreads(options);
      opened.push(threads);
      return threads;
    },
    cache: { path: join(f.dataDir, 'cache'), secret: f.seal.derive('test') },
    clock: f.clock,
    log: silentLog,
    onProblem: () => undefined,
    onChange: () => undefined,
  });
  onCleanup(() => void gallery.stop());
  const matcher = new EngineMatcher(gallery);
  gallery.start();
  await vi.waitFor(() => expect(gallery.state).toBe('ready'));
  const [threads] = opened as [FakeThreads];
  return { ...f, gallery, matcher, threads, searches: threads.searches };
}

const { signal } = new AbortController();
/** What the finger of this number looks like; 0 is no finger at all. */
const imageOf = (number: number) => ({
  image: { width: 64, height: 64, dpi: 500, pixels: new Uint8Array(64 * 64).fill(number) },
});

describe('the engine as matcher', () => {
  it('names the student of a finger, with the score', async () => {
    const f = await fixture(({ put }) => put(1, 'block/7/s1'));
    expect(await f.matcher.identify(imageOf(1), { signal })).toEqual({
      outcome: 'recognized',
      studentRef: 'block/7/s1',
      position: 2,
      score: 80,
    });
    expect(await f.matcher.identify(imageOf(2), { signal })).toEqual({ outcome: 'unknown' });
    expect(await f.matcher.identify(imageOf(0), { signal })).toEqual({ outcome: 'unreadable' });
  });

  it('case 114: says whom a finger fits alike, and chooses nobody', async () => {
    const f = await fixture(({ put }) => {
      put(1, 's1');
      put(2, 's2', { record: recordOf(1) });
    });
    expect(await f.matcher.identify(imageOf(1), { signal })).toEqual({
      outcome: 'ambiguous',
      studentRefs: ['s1', 's2'],
    });
  });

  it('verifies one person without looking at others', async () => {
    const f = await fixture(({ put }) => {
      put(1, 's1');
      put(2, 's2');
    });
    expect(await f.matcher.identify(imageOf(1), { signal, only: 's1' })).toMatchObject({ studentRef: 's1' });
    expect(await f.matcher.identify(imageOf(1), { signal, only: 's2' })).toEqual({ outcome: 'unknown' });
    expect(await f.matcher.identify(imageOf(1), { signal, only: 's9' })).toEqual({ outcome: 'unknown' });
    expect(f.searches.map(({ only }) => only)).toEqual([['s1/2'], ['s2/2']]);
  });

  it('searches those first who have class here now, by the fingers that are enrolled', async () => {
    const f = await fixture(({ put }) => put(1, 's1'));
    await f.matcher.identify(imageOf(1), { signal, expected: new Set(['s1', 's9']) });
    expect(f.searches).toEqual([{ signal, expected: ['s1/2'] }]);
  });

  it('reads the templates of standards, enrolled and shown', async () => {
    const format = 'iso2005';
    const shown = exportTemplate(randomTemplate(5), format);
    const f = await fixture(({ put }) => put(5, 's5', { format, record: shown }));
    expect(await f.matcher.identify({ template: shown }, { signal })).toMatchObject({ studentRef: 's5' });
    const own = encodeTemplate(importTemplate(shown));
    expect(await f.matcher.identify({ template: own }, { signal })).toMatchObject({ studentRef: 's5' });
    await expect(f.matcher.identify({ template: own.subarray(1) }, { signal })).rejects.toMatchObject({
      code: 'TEMPLATE_INVALID',
    });
  });

  it('refuses what no sensor gives, and ends when it is told to', async () => {
    const f = await fixture(() => undefined);
    const tiny = { image: { width: 8, height: 8, dpi: 500, pixels: new Uint8Array(64) } };
    await expect(f.matcher.identify(tiny, { signal })).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });

  it('recognizes nobody who left while the finger was searched', async () => {
    const f = await fixture(({ put }) => put(1, 's1'));
    let tell = (): void => undefined;
    f.threads.searched = new Promise((resolve) => {
      tell = resolve;
    });
    const found = f.matcher.identify(imageOf(1), { signal });
    await vi.waitFor(() => expect(f.searches).toHaveLength(1));
    f.keepOnly();
    f.gallery.templatesLeft();
    tell();
    expect(await found).toEqual({ outcome: 'unknown' });
  });

  it.each([['s1'], ['s2']])('tells of nobody who left while two were found alike: %s', async (left) => {
    const f = await fixture(({ put }) => {
      put(1, 's1');
      put(2, 's2', { record: recordOf(1) });
    });
    let tell = (): void => undefined;
    f.threads.searched = new Promise((resolve) => {
      tell = resolve;
    });
    const found = f.matcher.identify(imageOf(1), { signal });
    await vi.waitFor(() => expect(f.searches).toHaveLength(1));
    f.keepOnly(left === 's1' ? 2 : 1);
    f.gallery.templatesLeft();
    tell();
    expect(await found).toEqual({ outcome: 'unknown' });
  });
});
