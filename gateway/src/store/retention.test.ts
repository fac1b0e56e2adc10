import { describe, expect, it } from 'vitest';
import { PRUNE_CHUNK_ROWS, pruneAcked, pruneAll, pruneExpired } from './retention.js';
import { onCleanup, type StoreFixture, storeFixture } from './store.fixture.js';

const DAY_MS = 86_400_000;

function add(f: StoreFixture, rows: number): void {
  for (let n = 0; n < rows; n += 1) {
    void f.writer.append(f.punch(n));
    if (n % 500 === 0) f.writer.flush();
  }
  f.writer.flush();
}

function ack(f: StoreFixture, throughSeq: number): void {
  f.writer.markAcked(throughSeq);
  f.writer.flush();
}

const left = (f: StoreFixture) => f.store.outbox.read(1, 100_000).map((row) => row.seq);

describe('pruneExpired', () => {
  it('keeps acked rows for the retention time, counted from the ack, and unacked ones for ever', () => {
    const f = storeFixture();
    add(f, 10);
    f.clock.advance(20 * DAY_MS);
    ack(f, 4);
    f.clock.advance(29 * DAY_MS);
    ack(f, 6);
    expect(pruneExpired(f.store, 30, f.clock.wallMs())).toBe(0);
    f.clock.advance(1 * DAY_MS);
    expect(pruneExpired(f.store, 30, f.clock.wallMs())).toBe(4);
    f.clock.advance(3650 * DAY_MS);
    pruneExpired(f.store, 30, f.clock.wallMs());
    expect(left(f)).toEqual([7, 8, 9, 10]);
    expect(f.store.outbox.gaps(f.writer.ackedSeq)).toEqual([]);
  });

  it('starts counting when the clock is believed for acks that came before', () => {
    const f = storeFixture();
    add(f, 2);
    ack(f, 2);
    f.store.db.exec('UPDATE ack_mark SET acked_hour = -1');
    expect(pruneExpired(f.store, 30, f.clock.wallMs())).toBe(0);
    f.clock.advance(29 * DAY_MS);
    expect(pruneExpired(f.store, 30, f.clock.wallMs())).toBe(0);
    f.clock.advance(1 * DAY_MS);
    expect(pruneExpired(f.store, 30, f.clock.wallMs())).toBe(2);
  });

  it('deletes in chunks and gives the event loop its turn between them', async () => {
    const f = storeFixture();
    add(f, PRUNE_CHUNK_ROWS * 2 + 7);
    ack(f, PRUNE_CHUNK_ROWS * 2 + 5);
    f.clock.advance(31 * DAY_MS);
    let turns = 0;
    const total = await pruneAll(
      () => pruneExpired(f.store, 30, f.clock.wallMs()),
      () => {
        turns += 1;
        return Promise.resolve();
      },
    );
    expect(total).toBe(PRUNE_CHUNK_ROWS * 2 + 5);
    expect(turns).toBe(2);
    expect(left(f)).toHaveLength(2);
  });
});

describe('pruneAcked', () => {
  it('deletes acked rows however young, never an unacked one, and gives no seq or id twice', () => {
    const f = storeFixture();
    add(f, 10);
    ack(f, 10);
    const lastId = JSON.parse(f.store.outbox.lastPunchBody() ?? '{}').punch_id as string;
    pruneAcked(f.store);
    expect(left(f)).toEqual([]);
    f.writer.close();
    f.store.close();
    const again = storeFixture({ dataDir: f.dataDir });
    onCleanup(() => again.writer.close());
    expect(again.writer.headSeq).toBe(10);
    expect(again.store.newPunchId() > lastId).toBe(true);
    add(again, 1);
    expect(left(again)).toEqual([11]);
  });
});
