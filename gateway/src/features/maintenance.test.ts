import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { createLog, type LogLevel, silentLog } from '../log.js';
import { storeFixture } from '../store/store.fixture.js';
import { TemporaryLogLevel } from './log-level.js';
import { Maintenance, type MaintenanceOptions } from './maintenance.js';
import { Problems } from './problems.js';
import { replayFrom } from './replay.js';

function fixture(over: Partial<MaintenanceOptions> = {}) {
  const f = storeFixture();
  const problems = new Problems(() => undefined);
  const world = { level: 'ok' as 'ok' | 'amber' | 'short', restores: 0, removals: 0 };
  const maintenance = new Maintenance({
    clock: f.clock,
    log: silentLog,
    store: f.store,
    writer: f.writer,
    space: {
      level: () => world.level,
      restoreReserve: () => {
        world.restores += 1;
        return Promise.resolve(true);
      },
    },
    problems,
    captures: {
      remove: () => {
        world.removals += 1;
      },
    },
    retentionDays: 30,
    clockState: () => 'synced',
    ...over,
  });
  const addAcked = (rows: number): void => {
    for (let n = 0; n < rows; n += 1) void f.writer.append(f.punch(n));
    f.writer.flush();
    f.writer.markAcked(rows - 1);
    f.writer.flush();
  };
  const left = () => f.store.outbox.read(1, 1_000).length;
  return { ...f, problems, world, maintenance, addAcked, left };
}

describe('Maintenance', () => {
  it('deletes acked rows before their time when the disk is short, and tells people', async () => {
    const f = fixture();
    f.addAcked(10);
    await f.maintenance.checkSpace();
    expect([f.left(), f.problems.level]).toEqual([10, 'ok']);
    f.world.level = 'short';
    await f.maintenance.checkSpace();
    expect([f.left(), ...f.problems.codes]).toEqual([1, 'DISK_LOW']);
    expect(f.world.restores).toBe(2);
    expect(f.world.removals).toBe(1);
  });

  it.each([
    ['synced', 1],
    ['unsynced', 10],
    ['stepped', 10],
  ] as const)('with a clock that is %s leaves %i of ten old rows', async (state, rows) => {
    const f = fixture({ clockState: () => state });
    f.addAcked(10);
    f.clock.advance(31 * 86_400_000);
    await f.maintenance.prune();
    expect(f.left()).toBe(rows);
  });

  it('writes by itself only where nothing else did', () => {
    const writes: string[] = [];
    const f = fixture({ writer: { selfWrite: () => void writes.push('self'), lastWriteMonoMs: 1_000 } });
    f.maintenance.selfWrite();
    expect(writes).toEqual([]);
    f.clock.advance(15_000);
    f.maintenance.selfWrite();
    expect(writes).toEqual(['self']);
  });

  it('leaves no timer behind', () => {
    const f = fixture();
    f.maintenance.start();
    f.clock.advance(60_000);
    f.maintenance.stop();
    expect(f.clock.pendingTimers).toBe(0);
  });
});

describe('TemporaryLogLevel', () => {
  it('returns to the configured level by itself', () => {
    const levels: LogLevel[] = [];
    const log = {
      ...createLog('error', { write: () => undefined }),
      setLevel: (level: LogLevel) => void levels.push(level),
    };
    const clock = new ManualClock();
    const level = new TemporaryLogLevel(log, 'info', clock);
    level.set('debug', 10);
    clock.advance(5 * 60_000);
    level.set('trace', 10);
    clock.advance(10 * 60_000);
    expect(levels).toEqual(['debug', 'trace', 'info']);
  });
});

describe('replayFrom', () => {
  it('sends again what is kept and declares lost what is not', () => {
    const f = fixture();
    f.addAcked(10);
    f.store.db.exec('DELETE FROM outbox WHERE seq <= 4');
    const replayed: number[] = [];
    const rows: unknown[] = [];
    const answer = replayFrom(2, {
      outbox: f.store.outbox,
      position: f.writer,
      pump: { replay: (seq) => void replayed.push(seq) },
      append: (row) => rows.push(row.body['detail']),
      stamp: f.stamp,
      log: silentLog,
    });
    expect(answer).toEqual({ from_seq: 2, head_seq: 10, lost: 3 });
    expect(rows).toMatchObject([{ type: 'seq_lost', from_seq: 2, through_seq: 4 }]);
    expect(replayed).toEqual([2]);
  });
});
