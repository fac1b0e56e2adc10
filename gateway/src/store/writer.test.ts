import { join } from 'node:path';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { uuidV7Schema } from '@rollcall/protocol/uuid-v7';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowDraft } from './outbox-row.js';
import { scribbleLastPage, stampOf, storeFixture } from './store.fixture.js';
import { type AppendOutcome, WAITING_ROWS_MAX, type WriterState } from './writer.js';

describe('Writer', () => {
  it('commits everything that waits in one transaction and resolves each caller after it', async () => {
    const commits: number[] = [];
    const f = storeFixture({ writer: { onCommitted: (headSeq) => void commits.push(headSeq) } });
    const outcomes = [1, 2, 3].map((n) => f.writer.append(f.punch(n)));
    f.writer.flush();
    expect(await Promise.all(outcomes)).toEqual([1, 2, 3].map((seq) => ({ kept: true, seq })));
    expect(commits).toEqual([3]);
  });

  it('runs by itself once the event loop has delivered what was there', async () => {
    const f = storeFixture({ writer: { schedule: setImmediate } });
    expect(await f.writer.append(f.punch())).toEqual({ kept: true, seq: 1 });
  });

  it('has the row on disk before the caller hears of it', async () => {
    const f = storeFixture();
    const outcome = f.writer.append(f.punch());
    expect(f.store.outbox.read(1, 1)).toEqual([]);
    f.writer.flush();
    await outcome;
    expect(f.store.outbox.read(1, 1)).toHaveLength(1);
  });

  it('refuses at once when too many rows wait, instead of keeping them in memory', async () => {
    const f = storeFixture();
    const waiting = Array.from({ length: WAITING_ROWS_MAX }, (_, n) => f.writer.append(f.punch(n)));
    expect(await f.writer.append(f.punch())).toEqual({ kept: false, code: 'STORE_BUSY' });
    f.writer.flush();
    const outcomes = await Promise.all(waiting);
    expect(outcomes.every((outcome) => outcome.kept)).toBe(true);
  });

  it('leaves no gap in seq when transactions fail in between', async () => {
    const f = storeFixture();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 12 }), async (steps) => {
        const before = f.store.outbox.headSeq();
        let kept = 0;
        for (const step of steps) {
          const isFailing = step < 0;
          if (isFailing) {
            f.store.db.exec(
              "CREATE TEMP TRIGGER fail AFTER INSERT ON outbox WHEN NEW.kind = 'event' BEGIN SELECT raise(ABORT, 'no'); END",
            );
          }
          // The last row is the one that fails: of a step of −1 there is no other.
          const punches = isFailing ? -step - 1 : step;
          const rows = Array.from({ length: punches }, (_, n) => f.writer.append(f.punch(n)));
          if (isFailing) rows.push(f.writer.append({ kind: 'event', body: f.stamp() }));
          f.writer.flush();
          const outcomes: AppendOutcome[] = await Promise.all(rows);
          if (isFailing) f.store.db.exec('DROP TRIGGER fail');
          expect(outcomes.every((outcome) => outcome.kept === !isFailing)).toBe(true);
          if (!isFailing) kept += step;
        }
        expect(f.store.outbox.headSeq()).toBe(before + kept);
        expect(f.store.outbox.gaps(0)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('gives punch ids that grow across restarts although the clock starts in 1970', async () => {
    const first = storeFixture();
    void first.writer.append(first.punch());
    first.writer.flush();
    const known = first.store.newPunchId();
    void first.writer.append({ kind: 'punch', body: { ...first.stamp(), punch_id: known } });
    first.writer.flush();
    first.store.close();
    const second = storeFixture({ dataDir: first.dataDir, clock: new ManualClock(0) });
    const next = second.store.newPunchId();
    expect(uuidV7Schema.safeParse(next).success).toBe(true);
    expect(next > known).toBe(true);
  });

  it('never moves the ack back or beyond what was written, and keeps it over a restart', () => {
    const f = storeFixture();
    for (let n = 0; n < 5; n += 1) void f.writer.append(f.punch(n));
    f.writer.flush();
    f.writer.markAcked(3);
    f.writer.markAcked(2);
    expect(f.writer.ackedSeq).toBe(3);
    f.writer.markAcked(99);
    expect(f.writer.ackedSeq).toBe(5);
    f.writer.close();
    f.store.close();
    expect(storeFixture({ dataDir: f.dataDir }).writer.ackedSeq).toBe(5);
  });

  it('writes the ack together with a tap that comes along alone', async () => {
    const f = storeFixture();
    void f.writer.append(f.punch(1));
    f.writer.flush();
    f.writer.markAcked(1);
    const outcome = f.writer.append(f.punch(2));
    f.writer.flush();
    expect(await outcome).toEqual({ kept: true, seq: 2 });
    expect(f.store.meta.number('acked_seq')).toBe(1);
    const marks = f.store.db.prepare('SELECT through_seq FROM ack_mark').all();
    expect(marks).toEqual([{ through_seq: 1 }]);
  });

  it('keeps nothing of a terminal batch, alone in its group, that fails in its middle', async () => {
    const f = storeFixture();
    f.store.db.exec(
      "CREATE TEMP TRIGGER fail AFTER INSERT ON outbox WHEN NEW.kind = 'event' BEGIN SELECT raise(ABORT, 'no'); END",
    );
    const event: RowDraft = { kind: 'event', body: f.stamp() };
    const outcome = f.writer.keepLogs({
      deviceId: 'gate',
      rows: [],
      logs: [f.punch(1), event, f.punch(2)].map((row, n) => ({ digest: Uint8Array.of(n), row })),
      rejected: [],
      describeRejected: () => event,
      memory: { cursor: '3' },
    });
    f.writer.flush();
    expect(await outcome).toEqual({ kept: false, code: 'STORE_BUSY' });
    expect(f.store.outbox.read(1, 10)).toEqual([]);
    expect(f.store.deviceState.claim('gate', Uint8Array.of(0))).toBe(true);
    expect(f.store.deviceState.recall('gate', 'cursor')).toBeUndefined();
  });

  it('writes the ack by itself when no tap comes along', () => {
    const scheduled: Array<() => void> = [];
    const f = storeFixture({ writer: { schedule: (run) => void scheduled.push(run) } });
    void f.writer.append(f.punch());
    f.writer.flush();
    f.writer.markAcked(1);
    expect(f.store.meta.number('acked_seq')).toBe(0);
    f.clock.advance(1_000);
    for (const run of scheduled) run();
    expect(f.store.meta.number('acked_seq')).toBe(1);
    expect(f.clock.pendingTimers).toBe(0);
  });

  it('reports damage met while running and makes the next start replace the store', async () => {
    const states: WriterState[] = [];
    const f = storeFixture({ writer: { onState: (state) => void states.push(state) } });
    for (let n = 0; n < 100; n += 1) void f.writer.append(f.punch(n));
    f.writer.flush();
    scribbleLastPage(f.store.db, join(f.dataDir, 'outbox.db'));
    const outcome = f.writer.append(f.punch());
    f.writer.flush();
    expect(await outcome).toEqual({ kept: false, code: 'STORE_CORRUPT' });
    expect(states).toEqual(['corrupt']);
    f.store.close();
    const again = storeFixture({ dataDir: f.dataDir });
    expect(again.store.replacement).toBeDefined();
    expect(again.store.storeId).not.toBe(f.store.storeId);
    expect(again.store.replacement?.salvagedRows).toBeGreaterThan(50);
  });
});

describe('Writer on a full database', () => {
  function full(makeRoom: () => void = () => undefined) {
    const states: WriterState[] = [];
    const f = storeFixture({ writer: { space: { makeRoom }, onState: (state) => void states.push(state) } });
    const setLimit = (pages: number): unknown => f.store.db.pragma(`max_page_count = ${pages}`);
    setLimit(f.store.db.pragma('page_count', { simple: true }) as number);
    return { ...f, states, setLimit };
  }

  async function tapUntilRefused(f: ReturnType<typeof full>): Promise<number> {
    for (let kept = 0; ; kept += 1) {
      const outcome = f.writer.append(f.punch(kept));
      f.writer.flush();
      if (!(await outcome).kept) return kept;
    }
  }

  it('refuses with STORE_FULL, recovers by itself and then reports how many taps it refused', async () => {
    const f = full();
    const kept = await tapUntilRefused(f);
    const second = f.writer.append(f.punch());
    f.writer.flush();
    expect(await second).toEqual({ kept: false, code: 'STORE_FULL' });
    expect(f.states).toEqual(['full']);
    f.setLimit(10_000);
    f.writer.selfWrite();
    expect(f.states).toEqual(['full', 'ok']);
    const rows = f.store.outbox.read(1, 10_000);
    expect(rows).toHaveLength(kept + 1);
    const last = JSON.parse(rows.at(-1)?.body ?? '{}');
    expect(last.detail).toEqual({ type: 'store_full', refused_taps: 2 });
    expect(f.store.outbox.gaps(0)).toEqual([]);
  });

  it('keeps the tap when making room helped, without ever showing red', async () => {
    const room = { limit: (_pages: number): unknown => undefined };
    const f = full(() => void room.limit(10_000));
    room.limit = f.setLimit;
    for (let n = 0; n < 60; n += 1) {
      const outcome = f.writer.append(f.punch(n));
      f.writer.flush();
      expect((await outcome).kept).toBe(true);
    }
    expect(f.states).toEqual([]);
  });

  it('reports the refused taps with the next tap that is kept, once', async () => {
    const f = full();
    await tapUntilRefused(f);
    f.setLimit(10_000);
    for (const n of [1, 2]) {
      void f.writer.append(f.punch(n));
      f.writer.flush();
    }
    const events = f.store.outbox.read(1, 10_000).filter((row) => row.kind === 'event');
    expect(events.map((row) => JSON.parse(row.body).detail)).toEqual([
      { type: 'store_full', refused_taps: 1 },
    ]);
  });
});

describe('ack times', () => {
  it('are kept apart while the clock is not believed', () => {
    const clock = new ManualClock(0);
    const f = storeFixture({ clock, stamp: stampOf(clock, 'unsynced') });
    void f.writer.append(f.punch());
    f.writer.flush();
    f.writer.markAcked(1);
    f.writer.flush();
    expect(f.store.db.prepare('SELECT * FROM ack_mark').all()).toEqual([{ acked_hour: -1, through_seq: 1 }]);
  });
});
