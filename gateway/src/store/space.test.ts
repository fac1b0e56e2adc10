import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { Ballast } from './ballast.js';
import { diskLevel, diskReader } from './disk.js';
import { HoursLeft } from './hours-left.js';
import { pruneAcked } from './retention.js';
import { Space } from './space.js';
import { onCleanup, storeFixture, tempDir } from './store.fixture.js';

const MIB = 1024 * 1024;
const BLOCK_BYTES = 512;

describe('Ballast', () => {
  it('really takes its room on the disk and gives it back at once', async () => {
    const directory = tempDir();
    const ballast = new Ballast(directory, 2 * MIB);
    expect(await ballast.create()).toBe(true);
    const { size, blocks } = statSync(join(directory, 'ballast.bin'));
    expect(size).toBe(2 * MIB);
    expect(blocks * BLOCK_BYTES).toBeGreaterThanOrEqual(2 * MIB);
    expect(ballast.release()).toBe(true);
    expect(ballast.isReady).toBe(false);
    expect(ballast.release()).toBe(false);
  });

  it('stays away when it is released while it is being written', async () => {
    const ballast = new Ballast(tempDir(), 4 * MIB);
    const creating = ballast.create();
    ballast.release();
    expect(await creating).toBe(false);
    expect(ballast.isReady).toBe(false);
  });
});

describe('diskLevel', () => {
  const gib = 1024 ** 3;
  it.each([
    [{ freeBytes: 20 * gib, totalBytes: 32 * gib }, 'ok'],
    [{ freeBytes: 3 * gib, totalBytes: 16 * gib }, 'amber'],
    [{ freeBytes: 1 * gib, totalBytes: 16 * gib }, 'short'],
    [{ freeBytes: 50 * gib, totalBytes: 1000 * gib }, 'ok'],
    [{ freeBytes: 0, totalBytes: 0 }, 'ok'],
  ] as const)('of %o is %s', (space, level) => {
    expect(diskLevel(space)).toBe(level);
  });
});

describe('HoursLeft', () => {
  const HOUR_MS = 3_600_000;

  it('divides what is free by the rate of the last day', () => {
    const hours = new HoursLeft();
    expect(hours.observe(0, 1_000)).toBeNull();
    for (let hour = 1; hour <= 48; hour += 1) hours.observe(hour * HOUR_MS, 1_000 - 10 * hour);
    expect(hours.observe(48.1 * HOUR_MS, 519)).toBeCloseTo(51.9, 0);
  });

  it('is null while the disk is not filling', () => {
    const hours = new HoursLeft();
    hours.observe(0, 1_000);
    expect(hours.observe(HOUR_MS, 1_200)).toBeNull();
  });
});

/** A file system of its own that is small enough to fill; undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const directory = join(tempDir(), 'disk');
  mkdirSync(directory);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'rollcall-test', directory], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onCleanup(() => execFileSync('umount', ['-l', directory]));
  return directory;
}

const canMount = process.getuid?.() === 0;

describe.skipIf(!canMount)('a disk that is really full (needs the right to mount a tmpfs)', () => {
  it('keeps the tap by giving up the ballast, then refuses, then recovers by itself', async (context) => {
    const dataDir = smallDisk();
    if (dataDir === undefined) return context.skip('mount refused');
    const hooks: { makeRoom: () => void } = { makeRoom: () => undefined };
    const f = storeFixture({ dataDir, writer: { space: { makeRoom: () => hooks.makeRoom() } } });
    const ballast = new Ballast(dataDir, MIB);
    const space = new Space({
      db: f.store.db,
      ballast,
      ballastBytes: MIB,
      readDisk: diskReader(dataDir),
      log: silentLog,
      dropAcked: () => pruneAcked(f.store),
    });
    hooks.makeRoom = () => space.makeRoom();
    expect(await space.restoreReserve()).toBe(true);
    const tap = async (n: number) => {
      const outcome = f.writer.append(f.punch(n));
      f.writer.flush();
      return (await outcome).kept;
    };
    expect(await tap(0)).toBe(true);
    fill(join(dataDir, 'someone-elses-file'));
    expect(space.disk().freeBytes).toBe(0);
    let kept = 1;
    while (await tap(kept)) kept += 1;
    expect(ballast.isReady).toBe(false);
    // About 500 bytes a row: the room of the ballast went into rows, not into thin air.
    expect(kept).toBeGreaterThan(500);
    expect(f.writer.state).toBe('full');
    expect(await space.restoreReserve()).toBe(false);
    writeFileSync(join(dataDir, 'someone-elses-file'), '');
    f.writer.selfWrite();
    expect(f.writer.state).toBe('ok');
    expect(await space.restoreReserve()).toBe(true);
    const rows = f.store.outbox.read(1, 100_000);
    expect(rows).toHaveLength(kept + 1);
    expect(JSON.parse(rows.at(-1)?.body ?? '{}').detail).toMatchObject({
      type: 'store_full',
      refused_taps: 1,
    });
    f.store.close();
  });

  it('does not keep a gateway from starting: it opens on the room of its ballast', async (context) => {
    const dataDir = smallDisk();
    if (dataDir === undefined) return context.skip('mount refused');
    const first = storeFixture({ dataDir });
    void first.writer.append(first.punch());
    first.writer.flush();
    first.store.close();
    await new Ballast(dataDir, MIB).create();
    fill(join(dataDir, 'someone-elses-file'));
    const again = storeFixture({ dataDir });
    const outcome = again.writer.append(again.punch());
    again.writer.flush();
    expect((await outcome).kept).toBe(true);
    again.store.close();
  });
});

function fill(file: string): void {
  for (const bytes of [MIB, 4096]) {
    for (let n = 0; n < 4096; n += 1) {
      try {
        writeFileSync(file, Buffer.alloc(bytes, 1), { flag: 'a' });
      } catch {
        // Full at this step width; the next, finer one fills the rest.
        break;
      }
    }
  }
}
