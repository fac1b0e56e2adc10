import { join } from 'node:path';
import { namedImpression } from '@rollcall/firmware-sim/fingers/named-finger';
import { ThreadedGallery } from '@rollcall/gateway/biometrics/node/threaded-gallery';
import { EngineGallery } from '@rollcall/gateway/identify/engine-gallery';
import { EngineMatcher } from '@rollcall/gateway/identify/engine-matcher';
import { templatesFixture } from '@rollcall/gateway/identify/engine-threads.fixture';
import type { ProbeImage } from '@rollcall/gateway/identify/matcher';
import { silentLog } from '@rollcall/gateway/log';
import { RollcallError } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import { expect, it } from 'vitest';
import { templateOf } from '../support/enroll-finger.js';
import { until } from '../support/until.js';

const SENSOR = { width: 256, height: 288, dpi: 500 };
const { signal } = new AbortController();

/** Another impression than those that were enrolled. */
const shown = (finger: string): { image: ProbeImage } => ({ image: namedImpression(finger, 77, SENSOR) });

/** Real threads, a real store and synthetic fingers; only the end of a thread is told and not met. */
it('recognizes synthetic fingers over real threads, and again after those have ended', async () => {
  const { dataDir, seal, source, put } = templatesFixture();
  put(1, 'asha', { record: templateOf('asha-thumb') });
  put(2, 'ravi', { record: templateOf('ravi-thumb') });
  const ends: ((error: RollcallError) => void)[] = [];
  const opened: ThreadedGallery[] = [];
  const gallery = new EngineGallery({
    templates: source,
    open: (options) => {
      ends.push(options.onLost);
      const threads = new ThreadedGallery(2, options);
      opened.push(threads);
      return threads;
    },
    cache: { path: join(dataDir, 'finger-gallery.cache'), secret: seal.derive('test') },
    clock: systemClock,
    log: silentLog,
    onProblem: () => undefined,
    onChange: () => undefined,
  });
  const matcher = new EngineMatcher(gallery);
  try {
    gallery.start();
    await until('the gallery is ready', () => gallery.state === 'ready');
    const expected = new Set(['asha']);
    expect(await matcher.identify(shown('asha-thumb'), { signal, expected })).toMatchObject({
      outcome: 'recognized',
      studentRef: 'asha',
    });
    const cut = matcher.identify(shown('ravi-thumb'), { signal });
    ends[0]?.(new RollcallError('GALLERY_LOST', 'out of memory'));
    await expect(cut).rejects.toMatchObject({ code: 'GALLERY_LOST' });
    expect(() => gallery.ready).toThrow(/GALLERY_LOST/);
    await until('the gallery is ready again', () => gallery.state === 'ready');
    expect(opened).toHaveLength(2);
    expect(await matcher.identify(shown('ravi-thumb'), { signal, only: 'ravi' })).toMatchObject({
      outcome: 'recognized',
      studentRef: 'ravi',
    });
    expect(await matcher.identify(shown('ravi-thumb'), { signal, only: 'asha' })).toEqual({
      outcome: 'unknown',
    });
    expect(await matcher.identify(shown('nobody-thumb'), { signal })).toEqual({ outcome: 'unknown' });
  } finally {
    await gallery.stop();
  }
});
