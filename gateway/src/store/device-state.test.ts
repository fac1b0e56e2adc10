import { describe, expect, it } from 'vitest';
import { DeviceState } from './device-state.js';
import type { LogBatch } from './log-batch.js';
import { eventRow } from './outbox-row.js';
import { type StoreFixture, storeFixture } from './store.fixture.js';
import { WAITING_ROWS_MAX } from './writer.js';

const digest = (n: number): Uint8Array => Uint8Array.from([n >> 8, n & 0xff]);

function batch(f: StoreFixture, ns: readonly number[], changes: Partial<LogBatch> = {}): LogBatch {
  return {
    deviceId: 'zk-gate',
    rows: [],
    logs: ns.map((n) => ({ digest: digest(n), row: f.punch(n) })),
    rejected: [],
    describeRejected: (lines, reason) =>
      eventRow(f.stamp(), { type: 'log_lines_rejected', device_id: 'zk-gate', lines, reason }),
    memory: {},
    ...changes,
  };
}

const kinds = (f: StoreFixture): string[] => f.store.outbox.read(1, 1_000).map(({ kind }) => kind);

describe('the log of a terminal', () => {
  it('is kept once, however often it comes and whatever restarts in between', async () => {
    const f = storeFixture();
    const first = f.writer.keepLogs(batch(f, [1, 2, 3]));
    f.writer.flush();
    expect(await first).toEqual({ kept: true, fresh: 3, repeated: 0 });
    f.writer.close();
    f.store.close();
    const again = storeFixture({ dataDir: f.dataDir });
    const second = again.writer.keepLogs(batch(again, [2, 3, 4]));
    again.writer.flush();
    expect(await second).toEqual({ kept: true, fresh: 1, repeated: 2 });
    expect(kinds(again)).toEqual(['punch', 'punch', 'punch', 'punch']);
  });

  it('is the log of one device: another one may have the same entry', async () => {
    const f = storeFixture();
    void f.writer.keepLogs(batch(f, [1]));
    void f.writer.keepLogs(batch(f, [1], { deviceId: 'zk-back' }));
    f.writer.flush();
    expect(kinds(f)).toHaveLength(2);
  });

  it('moves the cursor with the entries, or neither', async () => {
    const f = storeFixture({ writer: { space: { makeRoom: () => undefined } } });
    const kept = f.writer.keepLogs(batch(f, [1], { memory: { cursor: '1' } }));
    f.writer.flush();
    await kept;
    const full = f.writer.keepLogs(batch(f, [2], { memory: { cursor: '2' } }));
    f.store.db.pragma('max_page_count = 1');
    const huge = f.writer.keepLogs(batch(f, [3], { memory: { filler: 'x'.repeat(2_000_000), cursor: '3' } }));
    f.writer.flush();
    expect(await full).toEqual({ kept: false, code: 'STORE_FULL' });
    expect(await huge).toEqual({ kept: false, code: 'STORE_FULL' });
    expect(f.store.deviceState.recall('zk-gate', 'cursor')).toBe('1');
    expect(kinds(f)).toEqual(['punch']);
  });

  it('puts a line aside once, with one event for all of them', async () => {
    const f = storeFixture();
    const rejected = [
      { digest: digest(100), line: 'half a line', reason: 'no time' },
      { digest: digest(101), line: 'x'.repeat(5_000), reason: 'no user' },
    ];
    void f.writer.keepLogs(batch(f, [1], { rejected }));
    const again = f.writer.keepLogs(batch(f, [1], { rejected }));
    f.writer.flush();
    expect(await again).toEqual({ kept: true, fresh: 0, repeated: 3 });
    expect(kinds(f)).toEqual(['punch', 'event']);
    const lines = f.store.db.prepare('SELECT line, reason FROM device_rejected ORDER BY id').all();
    expect(lines).toEqual([
      { line: 'half a line', reason: 'no time' },
      { line: 'x'.repeat(512), reason: 'no user' },
    ]);
  });

  it('does not pull back the time to which the other readers are complete', () => {
    const f = storeFixture();
    void f.writer.keepLogs(batch(f, [1]));
    expect(f.writer.oldestWaitingAt).toBeUndefined();
    void f.writer.append(f.punch(2));
    expect(f.writer.oldestWaitingAt).toBe(f.stamp().occurred_at);
  });

  it('is refused while too much waits for the disk, and a tap then too', async () => {
    const f = storeFixture();
    void f.writer.keepLogs(
      batch(
        f,
        Array.from({ length: WAITING_ROWS_MAX - 1 }, (_, n) => n),
      ),
    );
    expect(await f.writer.keepLogs(batch(f, [5_000]))).toEqual({ kept: false, code: 'STORE_BUSY' });
    expect(await f.writer.append(f.punch(1))).toEqual({ kept: false, code: 'STORE_BUSY' });
  });

  it('is known by a bounded number of digests and lines', () => {
    const f = storeFixture();
    const state = new DeviceState(f.store.db, { logDigests: 100, rejectedLines: 3 });
    for (let n = 0; n < 2_048; n++) expect(state.claim('zk-gate', digest(n))).toBe(true);
    for (let n = 0; n < 9; n++) state.putAside('zk-gate', { line: String(n), reason: 'bad', wallMs: 1 });
    const count = (table: string) => f.store.db.prepare(`SELECT count(*) AS n FROM ${table}`).get();
    expect(count('device_log')).toEqual({ n: 100 });
    expect(count('device_rejected')).toEqual({ n: 3 });
    expect(state.claim('zk-gate', digest(2_047))).toBe(false);
  });
});
