import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureCluster, ensureRunning } from '../../central/src/db/postgres-cluster.js';
import { locatePostgresHome } from '../../central/src/db/postgres-home.js';
import { isRunning, readPostmasterFile } from '../../central/src/db/postmaster.js';
import { makeReachableDirectory } from '../../central/src/db/test-database.js';
import { silentLog } from '../../central/src/log.js';
import { folderPrefix, removeLeftovers } from './leftover-folders.js';

const isRoot = process.getuid?.() === 0;

describe('the folders of killed runs', () => {
  let root: string;
  let parent: string;
  /** Somebody's files elsewhere, which the folders point to. */
  let thesis: string;
  let deadPid: number;
  beforeEach(() => {
    root = makeReachableDirectory();
    parent = join(root, 'memory');
    thesis = join(root, 'thesis');
    mkdirSync(parent);
    mkdirSync(thesis);
    writeFileSync(join(thesis, 'chapter'), 'one');
    deadPid = spawnSync('true').pid;
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const nameOf = (pid: number): string => `${folderPrefix().replace(/\d+/, String(pid))}abcdef`;

  /** A run's folder whose record says that the database is among those files. */
  function makeFolder(name = nameOf(deadPid)): string {
    const folder = join(parent, name);
    mkdirSync(folder, { mode: 0o755 });
    const record = { data_dir: '/x', directory: join(thesis, 'postgres') };
    writeFileSync(join(folder, 'postgres-location.json'), JSON.stringify(record));
    return folder;
  }

  it('are removed, and nothing elsewhere, whatever is written in them', async () => {
    const folder = makeFolder();
    await removeLeftovers(parent);
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(join(thesis, 'chapter'))).toBe(true);
  });

  it('are left alone while their run lives, or where its number means another process', async () => {
    const living = makeFolder(nameOf(process.pid));
    const elsewhere = makeFolder(nameOf(deadPid).replace(/\d+-abcdef$/, '1-abcdef'));
    const other = makeFolder('something-else');
    await removeLeftovers(parent);
    for (const folder of [living, elsewhere, other]) expect(existsSync(folder), folder).toBe(true);
  });

  it('are left alone where others can write, and where they only point to a folder', async () => {
    const open = makeFolder();
    chmodSync(open, 0o775);
    const link = join(parent, `${nameOf(deadPid)}-link`);
    symlinkSync(thesis, link);
    await removeLeftovers(parent);
    expect(existsSync(open)).toBe(true);
    expect(existsSync(join(link, 'chapter'))).toBe(true);
  });

  it.skipIf(!isRoot)("are left alone where they are another user's (needs root to make one)", async () => {
    const folder = makeFolder();
    chownSync(folder, 65_534, 65_534);
    await removeLeftovers(parent);
    expect(existsSync(join(folder, 'postgres-location.json'))).toBe(true);
  });

  it('have no process ended that is not their PostgreSQL', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'postgres', 'data'), { recursive: true });
    // Ourselves: the test would not come to its end.
    writeFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), `${process.pid}\n`);
    await removeLeftovers(parent);
    expect(existsSync(folder)).toBe(false);
  });

  it('have their PostgreSQL stopped first', async () => {
    const folder = join(parent, nameOf(deadPid));
    const home = locatePostgresHome({ dataDir: folder, log: silentLog });
    const cluster = { home, log: silentLog, clock: systemClock, settings: { fsync: 'off' } };
    await ensureCluster(cluster);
    await ensureRunning(cluster);
    const pid = readPostmasterFile(join(home.directory, 'data'))?.pid ?? 0;
    expect(isRunning(pid)).toBe(true);
    await removeLeftovers(parent);
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });
});
