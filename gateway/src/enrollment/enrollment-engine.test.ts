import { describe, expect, it } from 'vitest';
import { randomTemplate } from '../biometrics/gallery/random-template.fixture.js';
import { encodeTemplate } from '../biometrics/template/record.js';
import { exportTemplate, importTemplate } from '../biometrics/template/standard-records.js';
import { FakeThreads, recordOf, templatesFixture } from '../identify/engine-threads.fixture.js';
import { silentLog } from '../log.js';
import { onCleanup } from '../store/store.fixture.js';
import { GalleryEngine } from './enrollment-engine.js';

function fixture() {
  const f = templatesFixture();
  const gallery = new FakeThreads({ personOf: (finger) => finger, onLost: () => undefined });
  const open = () => {
    const engine = new GalleryEngine({ store: f.templates, seal: f.seal, log: silentLog, gallery });
    onCleanup(() => void engine.close());
    return engine;
  };
  const stop = new AbortController();
  const asked = { studentRef: 's9', signal: stop.signal };
  return { ...f, gallery, open, stop, asked };
}

describe('the search for who has a finger already', () => {
  it('case 115: finds the other student, and never the own one', async () => {
    const f = fixture();
    f.put(1, 's1');
    const engine = f.open();
    expect(await engine.otherHolder([recordOf(2), recordOf(1)], f.asked)).toBe('s1');
    expect(await engine.otherHolder([recordOf(1)], { ...f.asked, studentRef: 's1' })).toBeUndefined();
    expect(await engine.otherHolder([recordOf(2)], f.asked)).toBeUndefined();
  });

  it('case 115: finds a finger that a campus file brought in a standard format', async () => {
    const f = fixture();
    const record = exportTemplate(randomTemplate(5), 'iso2005');
    f.put(5, 's5', { format: 'iso2005', record });
    expect(await f.open().otherHolder([encodeTemplate(importTemplate(record))], f.asked)).toBe('s5');
  });

  it('names nobody who has left since it began', async () => {
    const f = fixture();
    f.put(1, 's1');
    const engine = f.open();
    expect(await engine.otherHolder([recordOf(1)], f.asked)).toBe('s1');
    f.keepOnly();
    expect(await engine.otherHolder([recordOf(1)], f.asked)).toBeUndefined();
  });

  it('has nothing in memory of who left, also of the portion that was open then', async () => {
    const f = fixture();
    f.put(1, 's1');
    f.put(2, 's2');
    let go = (): void => undefined;
    f.gallery.gate = new Promise((resolve) => {
      go = resolve;
    });
    const engine = f.open();
    // Both are open by now, and wait to be added.
    await new Promise((resolve) => setImmediate(resolve));
    f.keepOnly(2);
    const forgotten = engine.forgetOthers();
    go();
    await forgotten;
    expect([...f.gallery.held.values()].map(({ finger }) => finger)).toEqual(['s2/2']);
    f.gallery.lose();
    f.keepOnly();
    await expect(engine.forgetOthers()).rejects.toThrow(/GALLERY_LOST/);
  });

  it('ends with the enrollment, also while its gallery is filled', async () => {
    const f = fixture();
    f.put(1, 's1');
    let go = (): void => undefined;
    f.gallery.gate = new Promise((resolve) => {
      go = resolve;
    });
    const found = f.open().otherHolder([recordOf(1)], f.asked);
    f.stop.abort(new Error('cancelled'));
    await expect(found).rejects.toThrow('cancelled');
    go();
  });
});
