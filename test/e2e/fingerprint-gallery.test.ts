import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extract } from '@rollcall/gateway/biometrics/extract/extract';
import { fingerCode } from '@rollcall/gateway/biometrics/gallery/finger-code';
import { Gallery } from '@rollcall/gateway/biometrics/gallery/gallery';
import { jittered, randomTemplate } from '@rollcall/gateway/biometrics/gallery/random-template.fixture';
import { prepare } from '@rollcall/gateway/biometrics/match/compare';
import { type Enrolled, fillGallery } from '@rollcall/gateway/biometrics/node/fill-gallery';
import { eraseGalleryCache } from '@rollcall/gateway/biometrics/node/gallery-cache';
import { packTemplates } from '@rollcall/gateway/biometrics/node/packed-templates';
import { ShardThread } from '@rollcall/gateway/biometrics/node/shard-thread';
import {
  SEARCHES_MAX,
  ThreadedGallery,
  type ThreadedGalleryOptions,
} from '@rollcall/gateway/biometrics/node/threaded-gallery';
import { press, randomPattern } from '@rollcall/gateway/biometrics/ridge-pattern.fixture';
import { decodeTemplate, encodeTemplate } from '@rollcall/gateway/biometrics/template/record';
import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** More than a search compares without choosing first. */
const FINGERS = 230;
const records = Array.from({ length: FINGERS }, (_, at) => encodeTemplate(randomTemplate(5000 + at)));
const recordOf = (at: number): Uint8Array => records[at] ?? new Uint8Array();
const probeOf = (at: number): Uint8Array => encodeTemplate(jittered(randomTemplate(5000 + at), at));
/** All of them with their codes, which take long to make. */
const everybody = packTemplates(
  records.map((record, at) => {
    const template = decodeTemplate(record);
    return { id: `t${at}`, finger: `f${at}`, record, code: fingerCode(template, prepare(template)) };
  }),
);
const open: ThreadedGallery[] = [];

function opened(threads: number, options: ThreadedGalleryOptions = {}): ThreadedGallery {
  const gallery = new ThreadedGallery(threads, options);
  open.push(gallery);
  return gallery;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((gallery) => gallery.close()));
});

describe('a gallery over threads', () => {
  const alone = new Gallery();
  beforeAll(() => {
    for (const at of records.keys()) alone.add(`t${at}`, `f${at}`, recordOf(at));
  });

  it('answers on one thread and on four what it answers without, in any order of enrollment', async () => {
    const one = opened(1);
    const four = opened(4);
    await one.store(everybody);
    await Promise.all(
      [...records.keys()].toReversed().map((at) => four.add(`t${at}`, `f${at}`, recordOf(at))),
    );
    for (const at of [3, 111, 229]) {
      const expected = alone.search(probeOf(at));
      const { decision, ranking } = await four.search(probeOf(at));
      expect(ranking).toEqual(expected);
      expect(await one.search(probeOf(at))).toEqual({ decision, ranking });
      expect(decision).toMatchObject({ kind: 'match', finger: `f${at}` });
    }
    const here = ['f9', 'f10', 'f11'];
    expect(
      (await four.search(probeOf(9), { expected: here })).ranking.map(({ finger }) => finger).sort(),
    ).toEqual([...here].sort());
  });

  it('is changed while it runs: added, replaced and removed templates count at once', async () => {
    const gallery = opened(2);
    for (const at of [0, 1, 2, 3]) await gallery.add(`t${at}`, `f${at}`, recordOf(at));
    expect((await gallery.search(probeOf(2))).decision).toMatchObject({ kind: 'match', finger: 'f2' });
    await gallery.add('t2', 'f2', recordOf(7));
    expect((await gallery.search(probeOf(2))).decision).toEqual({ kind: 'none' });
    expect(await gallery.remove('t2')).toBe(true);
    expect(await gallery.remove('t2')).toBe(false);
    expect([gallery.size, gallery.fingers]).toEqual([3, 3]);
    await expect(gallery.add('bad', 'f9', recordOf(1).subarray(1))).rejects.toThrow(/TEMPLATE_INVALID/);
    expect(gallery.size).toBe(3);
  });

  it('lets everything else go on while it searches', async () => {
    const gallery = opened(2);
    await gallery.store(everybody);
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    await gallery.search(probeOf(5));
    isDone = true;
    expect(turns).toBeGreaterThan(20);
  });

  it('makes records of images in its threads, the same as without', async () => {
    const gallery = opened(2);
    const image = press(randomPattern(41), { noise: 30 });
    const { template, quality } = extract(image);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await gallery.extract(image)).toEqual({ record: encodeTemplate(template), quality });
    }
    const blank = { ...image, pixels: new Uint8Array(image.pixels.length).fill(240) };
    await expect(gallery.extract(blank)).rejects.toThrow(/FINGER_UNREADABLE/);
  });

  it('verifies one person without a look at the others', async () => {
    const gallery = opened(2);
    await gallery.store(everybody);
    const verify = async (at: number, only: string[]) =>
      (await gallery.search(probeOf(at), { only })).decision;
    expect(await verify(7, ['f7', 'f8'])).toMatchObject({ kind: 'match', finger: 'f7' });
    expect(await verify(7, ['f8', 'f9'])).toEqual({ kind: 'none' });
    expect(await verify(7, [])).toEqual({ kind: 'none' });
    const { ranking } = await gallery.search(probeOf(7), { only: ['f7', 'f8'] });
    expect(ranking.map(({ finger }) => finger).sort()).toEqual(['f7', 'f8']);
  });

  it('takes fingers of one person for no rivals, where it is told whose they are', async () => {
    const gallery = opened(2, { personOf: (finger) => finger.slice(0, 1) });
    await gallery.add('t1', 'a1', recordOf(1));
    await gallery.add('t2', 'a2', recordOf(1));
    expect((await gallery.search(probeOf(1))).decision).toMatchObject({ kind: 'match', finger: 'a1' });
    await gallery.add('t3', 'b1', recordOf(1));
    expect((await gallery.search(probeOf(1))).decision).toEqual({
      kind: 'ambiguous',
      fingers: ['a1', 'b1'],
    });
  });

  it('refuses more searches than may wait, with a word that says so', async () => {
    const gallery = opened(1);
    await gallery.add('t0', 'f0', recordOf(0));
    const waiting = Array.from({ length: SEARCHES_MAX }, () => gallery.search(probeOf(0)));
    await expect(gallery.search(probeOf(0))).rejects.toThrow(/GALLERY_BUSY/);
    await Promise.all(waiting);
    expect((await gallery.search(probeOf(0))).decision).toMatchObject({ kind: 'match' });
  });

  it('gives a search up when it is told to, waiting or under way, and goes on with the next', async () => {
    const gallery = opened(2);
    await gallery.store(everybody);
    const [first, second] = [new AbortController(), new AbortController()];
    const underWay = gallery.search(probeOf(1), { signal: first.signal });
    const waiting = gallery.search(probeOf(1), { signal: second.signal });
    first.abort(new Error('the finger is gone'));
    second.abort(new Error('the door is locked'));
    await expect(underWay).rejects.toThrow('the finger is gone');
    await expect(waiting).rejects.toThrow('the door is locked');
    expect((await gallery.search(probeOf(4))).decision).toMatchObject({ kind: 'match', finger: 'f4' });
  });

  it('tells once that a thread has ended, and to nobody who ended it', async () => {
    const told: string[] = [];
    const thread = new ShardThread(({ code }) => told.push(code));
    const asked = thread.ask({ kind: 'read', from: 0 });
    await thread.close();
    await expect(asked).rejects.toThrow(/GALLERY_LOST/);
    expect(told).toEqual(['GALLERY_LOST']);
    const gallery = new ThreadedGallery(2, { onLost: ({ code }) => told.push(code) });
    await gallery.close();
    expect(told).toHaveLength(1);
  });

  it('says that it is lost once its threads are gone', async () => {
    const gallery = new ThreadedGallery(2);
    await gallery.add('t0', 'f0', recordOf(0));
    const cut = expect(gallery.search(probeOf(0))).rejects.toThrow(/GALLERY_LOST/);
    await gallery.close();
    await cut;
    await expect(gallery.search(probeOf(0))).rejects.toThrow(/GALLERY_LOST/);
  });
});

describe('the sealed cache of a gallery', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-gallery-'));
  const cache = { path: join(folder, 'gallery.cache'), secret: new Uint8Array(32).fill(7) };
  const enrolled = new Map<string, Enrolled>(
    Array.from({ length: 12 }, (_, at) => [`t${at}`, { finger: `f${at}`, record: recordOf(at) }]),
  );
  afterAll(() => rmSync(folder, { recursive: true }));

  it('spares making the codes again, and answers the same', async () => {
    const first = opened(2);
    const report = await fillGallery(first, enrolled, cache);
    expect(report).toMatchObject({ cached: 0, made: 12 });
    expect(report.cacheError?.code).toBe('GALLERY_CACHE_INVALID');
    const second = opened(3);
    expect(await fillGallery(second, enrolled, cache)).toEqual({ cached: 12, made: 0 });
    expect(await second.search(probeOf(11))).toEqual(await first.search(probeOf(11)));
    expect(statSync(cache.path).mode & 0o777).toBe(0o600);
  });

  it('brings nobody back who is no longer enrolled, and takes new records over old ones', async () => {
    const fewer = new Map(enrolled);
    fewer.delete('t3');
    fewer.set('t4', { finger: 'f4', record: recordOf(40) });
    const gallery = opened(1);
    expect(await fillGallery(gallery, fewer, cache)).toEqual({ cached: 10, made: 1 });
    expect((await gallery.search(probeOf(3))).decision).toEqual({ kind: 'none' });
    expect((await gallery.search(probeOf(40))).decision).toMatchObject({ finger: 'f4' });
    expect(await fillGallery(opened(1), fewer, cache)).toEqual({ cached: 11, made: 0 });
  });

  it('holds nothing of a record that can be read', async () => {
    await fillGallery(opened(1), enrolled, cache);
    const bytes = readFileSync(cache.path);
    for (const { record } of enrolled.values()) {
      for (let at = 12; at + 8 <= record.length; at += 8) {
        expect(bytes.includes(Buffer.from(record.subarray(at, at + 8)))).toBe(false);
      }
    }
  });

  it('cannot be opened any more once it is erased, also by who kept its blocks and has the key', async () => {
    await fillGallery(opened(1), enrolled, cache);
    // A second name for the same blocks, as a forensic look at the disk has.
    const blocks = join(folder, 'blocks');
    linkSync(cache.path, blocks);
    eraseGalleryCache(cache.path);
    expect(existsSync(cache.path)).toBe(false);
    const kept = fillGallery(opened(1), enrolled, { ...cache, path: blocks });
    expect((await kept).cacheError?.code).toBe('GALLERY_CACHE_INVALID');
    expect(() => eraseGalleryCache(cache.path)).not.toThrow();
  });

  it('that cannot be written keeps nobody from being recognized', async () => {
    const gallery = opened(1);
    const report = await fillGallery(gallery, enrolled, { ...cache, path: join(folder, 'none', 'cache') });
    expect([report.cacheError?.message, gallery.size]).toEqual([
      expect.stringContaining('could not be written'),
      12,
    ]);
  });

  it('is made again after any change, whoever made it', async () => {
    await fillGallery(opened(1), enrolled, cache);
    const whole = readFileSync(cache.path);
    const damaged = [
      ...[0, 4, 5, 9, 24, 30, whole.length >> 1, whole.length - 1].map((at) => {
        const copy = Buffer.from(whole);
        copy[at] = (copy[at] ?? 0) ^ 0x20;
        return copy;
      }),
      whole.subarray(0, whole.length - 20),
      whole.subarray(0, 10),
      Buffer.alloc(0),
      Buffer.concat([whole.subarray(0, 22), Buffer.from([255, 255, 255, 255]), whole.subarray(26)]),
    ];
    for (const bytes of damaged) {
      writeFileSync(cache.path, bytes);
      const gallery = opened(1);
      const report = await fillGallery(gallery, enrolled, cache);
      expect(report.cacheError?.code).toBe('GALLERY_CACHE_INVALID');
      expect(gallery.size).toBe(12);
      await gallery.close();
    }
    expect(await fillGallery(opened(1), enrolled, cache)).toEqual({ cached: 12, made: 0 });
    const other = { ...cache, secret: new Uint8Array(32).fill(8) };
    expect((await fillGallery(opened(1), enrolled, other)).cacheError?.code).toBe('GALLERY_CACHE_INVALID');
    await expect(fillGallery(opened(1), enrolled, { ...cache, secret: new Uint8Array(16) })).rejects.toThrow(
      /KEY_INVALID/,
    );
  });
});

describe('errors of the gallery', () => {
  it('hold no byte of a template', async () => {
    const gallery = opened(1);
    const texts: string[] = [];
    for (let cut = 1; cut < 40; cut += 3) {
      const record = Uint8Array.from(recordOf(2));
      record[cut] = (record[cut] ?? 0) ^ 1;
      for (const attempt of [gallery.add('t2', 'f2', record), gallery.search(record)]) {
        const error: unknown = await attempt.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(hasCode(error, 'TEMPLATE_INVALID')).toBe(true);
        if (error instanceof RollcallError) {
          texts.push(
            error.stack ?? '',
            JSON.stringify(error),
            JSON.stringify(error.context),
            String(error.cause),
          );
        }
      }
    }
    const said = texts.join('\n');
    const bytes = Buffer.from(recordOf(2));
    for (let at = 12; at + 6 <= bytes.length; at += 1) {
      const piece = bytes.subarray(at, at + 6);
      for (const form of ['hex', 'base64', 'latin1'] as const)
        expect(said).not.toContain(piece.toString(form));
      expect(said).not.toContain([...piece].join(','));
    }
  });
});
