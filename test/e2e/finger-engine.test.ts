import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { namedImpression } from '@rollcall/firmware-sim/fingers/named-finger';
import { ThreadedGallery } from '@rollcall/gateway/biometrics/node/threaded-gallery';
import { EngineGallery } from '@rollcall/gateway/identify/engine-gallery';
import { EngineMatcher } from '@rollcall/gateway/identify/engine-matcher';
import { templatesFixture } from '@rollcall/gateway/identify/engine-threads.fixture';
import type { ProbeImage } from '@rollcall/gateway/identify/matcher';
import { createRecordFinger } from '@rollcall/gateway/identify/record-finger';
import { silentLog } from '@rollcall/gateway/log';
import type { RowDraft } from '@rollcall/gateway/store/outbox-row';
import { stampOf } from '@rollcall/gateway/store/store.fixture';
import { expect, it } from 'vitest';
import { templateOf } from '../support/enroll-finger.js';
import { until } from '../support/until.js';

const SENSOR = { width: 256, height: 288, dpi: 500 };
const { signal } = new AbortController();

/** Another impression than those that were enrolled; pressed once, however often it is shown. */
const [ashasThumb, ravisThumb, nobodysThumb] = (['asha-thumb', 'ravi-thumb', 'nobody-thumb'] as const).map(
  (finger): { image: ProbeImage } => ({ image: namedImpression(finger, 77, SENSOR) }),
) as [{ image: ProbeImage }, { image: ProbeImage }, { image: ProbeImage }];

/** A thread that answers as it should until a search has begun there, and then ends from inside. */
function threadThat(ends: string, folder: string): URL {
  const thread = new URL('../../gateway/dist/biometrics/node/shard-worker.js', import.meta.url).href;
  const program = `
    import { parentPort } from 'node:worker_threads';
    await import(${JSON.stringify(thread)});
    parentPort.on('message', ({ message }) => { if (message.kind === 'begin') { ${ends} } });`;
  const file = join(folder, `${randomUUID()}.mjs`);
  writeFileSync(file, program);
  return pathToFileURL(file);
}

/** Real threads, a real store and synthetic fingers. */
it('recognizes synthetic fingers over real threads, and again each time one of those has crashed', async () => {
  const { clock, dataDir, seal, source, put } = templatesFixture();
  put(1, 'asha', { record: templateOf('asha-thumb') });
  put(2, 'ravi', { record: templateOf('ravi-thumb') });
  const crashes = ["throw new Error('out of bounds');", 'process.exit(9);'];
  const programs = crashes.map((ends) => threadThat(ends, dataDir));
  const opened: ThreadedGallery[] = [];
  const problems: (string | undefined)[] = [];
  const gallery = new EngineGallery({
    templates: source,
    open: (options) => {
      const threads = new ThreadedGallery(2, options, programs[opened.length]);
      opened.push(threads);
      return threads;
    },
    cache: { path: join(dataDir, 'finger-gallery.cache'), secret: seal.derive('test') },
    clock,
    log: silentLog,
    onProblem: (problem) => problems.push(problem?.code),
    onChange: () => undefined,
  });
  const matcher = new EngineMatcher(gallery);
  const rows: RowDraft[] = [];
  const record = createRecordFinger({
    hmacHex: () => '',
    slots: { holderOf: () => undefined, positionOf: () => undefined },
    matcher,
    newPunchId: () => String(rows.length),
    stampAt: stampOf(clock),
    append: async (row) => ({ kept: true, seq: rows.push(row) }),
    maySayFinger: () => true,
    expected: { isElsewhere: () => false, studentsAt: () => new Set(['asha']) },
    clock,
    log: silentLog,
  });
  const touch = (finger: { image: ProbeImage }) =>
    record({ deviceId: 'scanner', finger, monoMs: clock.monoMs(), wallMs: clock.wallMs() });
  const isReady = () => gallery.state === 'ready';
  try {
    gallery.start();
    for (const crashed of [1, 2]) {
      await until('the gallery is ready', isReady);
      // Two at once: nobody is left without a light, and nobody is kept.
      expect(await Promise.all([touch(ravisThumb), touch(ashasThumb)])).toEqual(['refused', 'refused']);
      expect([problems.at(-1), opened.length, rows]).toEqual(['GALLERY_LOST', crashed, []]);
      await expect(matcher.identify(ravisThumb, { signal })).rejects.toThrow(/GALLERY_LOST/);
      clock.advance(1_000);
    }
    await until('the gallery is ready for good', isReady);
    expect([opened.length, problems.at(-1)]).toEqual([3, undefined]);
    expect(await touch(ashasThumb)).toBe('kept');
    expect(rows).toMatchObject([{ body: { student: { student_ref: 'asha', finger_position: 2 } } }]);
    expect(await matcher.identify(ravisThumb, { signal, only: 'ravi' })).toMatchObject({
      outcome: 'recognized',
      studentRef: 'ravi',
    });
    expect(await matcher.identify(ravisThumb, { signal, only: 'asha' })).toEqual({
      outcome: 'unknown',
    });
    expect(await matcher.identify(nobodysThumb, { signal })).toEqual({ outcome: 'unknown' });
  } finally {
    await gallery.stop();
  }
});
