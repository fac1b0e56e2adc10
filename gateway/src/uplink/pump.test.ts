import { join } from 'node:path';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX, type BatchKind } from '@rollcall/protocol/batch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { storeFixture, tempDir } from '../store/store.fixture.js';
import { Acks } from './acks.js';
import { openBatch, type VerifiedBatch } from './broker.fixture.js';
import { Pump, type PumpOptions } from './pump.js';
import { loadSigner } from './signer.js';

const GATEWAY_ID = 'gw-block-a';
const RESEND_MS = 30_000;
const ANSWER_MS = 1_000;
const SPREAD_MS = 1_000;
const signer = loadSigner(join(tempDir(), 'key.pem'));

interface Sent extends VerifiedBatch {
  puback: () => void;
  lose: () => void;
}

function fixture(over: Partial<PumpOptions> = {}) {
  const turns: Array<() => void> = [];
  const sent: Sent[] = [];
  const overdue: boolean[] = [];
  const pumpOf: { pump?: Pump } = {};
  const f = storeFixture({ writer: { onCommitted: () => pumpOf.pump?.wake() } });
  const pump = new Pump({
    gatewayId: GATEWAY_ID,
    storeId: f.store.storeId,
    outbox: f.store.outbox,
    position: f.writer,
    signer,
    publish: (kind: BatchKind, bytes) =>
      new Promise<void>((resolve, reject) => {
        const payload = Buffer.from(bytes);
        const batch = openBatch({ topic: `rollcall/v1/${GATEWAY_ID}/up/${kind}`, payload }, signer.publicKey);
        sent.push({ ...batch, puback: resolve, lose: () => reject(new Error('lost')) });
      }),
    clock: f.clock,
    log: silentLog,
    windowBatches: 3,
    batchRows: 4,
    resendMs: RESEND_MS,
    random: () => 0.5,
    schedule: (run) => void turns.push(run),
    onOverdue: (isOverdue) => void overdue.push(isOverdue),
    ...over,
  });
  pumpOf.pump = pump;
  const acks = new Acks({
    storeId: f.store.storeId,
    position: f.writer,
    mark: (throughSeq) => f.writer.markAcked(throughSeq),
    advance: (throughSeq) => pump.acked(throughSeq),
    onRolledBack: () => undefined,
    log: silentLog,
  });
  const run = (): void => {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  };
  const add = (rows: number): void => {
    for (let n = 0; n < rows; n += 1) {
      void f.writer.append(f.punch(n));
      if (n % 200 === 199) f.writer.flush();
    }
    f.writer.flush();
    run();
  };
  const ack = (throughSeq: number): void => {
    acks.take(
      Buffer.from(JSON.stringify({ v: 1, store_id: f.store.storeId, through_seq: throughSeq, rejected: [] })),
    );
    run();
  };
  const seqs = () => sent.map((batch) => batch.seqs);
  return { ...f, pump, sent, seqs, run, add, ack, overdue };
}

const range = (from: number, through: number) =>
  Array.from({ length: through - from + 1 }, (_, n) => from + n);
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Pump', () => {
  it('sends a row as soon as it is committed, signed, as part of its store', () => {
    const f = fixture();
    f.pump.linkUp();
    f.add(1);
    expect(f.sent).toMatchObject([{ topic: 'punch', storeId: f.store.storeId, seqs: [1] }]);
    f.add(2);
    expect(f.seqs()).toEqual([[1], [2, 3]]);
  });

  it('keeps to its window, and goes on with every ack but never with a PUBACK', async () => {
    const f = fixture();
    f.pump.linkUp();
    for (let n = 0; n < 4; n += 1) f.add(1);
    for (const batch of f.sent) batch.puback();
    await settled();
    f.add(1);
    expect(f.seqs()).toEqual([[1], [2], [3]]);
    f.ack(2);
    expect(f.seqs()).toEqual([[1], [2], [3], [4, 5]]);
  });

  it('sends small batches while people tap and large ones for a backlog', () => {
    const f = fixture();
    f.add(1_400);
    f.pump.linkUp();
    f.run();
    expect(f.seqs().map((seqs) => seqs.length)).toEqual([BATCH_ROWS_MAX, BATCH_ROWS_MAX, 400]);
    f.ack(1_400);
    f.add(5);
    expect(f.seqs().slice(3)).toEqual([range(1_401, 1_404), [1_405]]);
  });

  it('never fills the window with more than it allows', () => {
    const f = fixture();
    f.pump.linkUp();
    for (let n = 0; n < 6; n += 1) f.add(1);
    expect(f.seqs()).toEqual([[1], [2], [3]]);
    f.ack(1);
    expect(f.seqs().slice(3)).toEqual([[4, 5, 6]]);
  });

  it('sends each kind on its own topic, in order', () => {
    const f = fixture();
    void f.writer.append(f.punch(1));
    void f.writer.append({ kind: 'anchor', body: { ...f.stamp(), source: 'start' } });
    void f.writer.append(f.punch(2));
    f.writer.flush();
    f.pump.linkUp();
    f.run();
    expect(f.sent.map(({ topic, seqs }) => [topic, ...seqs])).toEqual([
      ['punch', 1],
      ['anchor', 2],
      ['punch', 3],
    ]);
  });

  it('keeps every batch below the limit in bytes', () => {
    const f = fixture({ windowBatches: 1 });
    for (let n = 0; n < 60; n += 1) {
      void f.writer.append({ kind: 'event', body: { ...f.stamp(), detail: 'x'.repeat(20_000) } });
    }
    f.writer.flush();
    f.pump.linkUp();
    f.run();
    while (f.writer.ackedSeq < 60) f.ack(f.sent.at(-1)?.seqs.at(-1) ?? 0);
    expect(f.seqs().flat()).toEqual(range(1, 60));
    expect(Math.max(...f.sent.map((batch) => batch.bytes))).toBeLessThan(BATCH_BYTES_MAX);
  });

  it('lets a torn row travel as one that central can put aside, without its neighbors', () => {
    const f = fixture();
    f.add(3);
    f.store.db.prepare(`UPDATE outbox SET body = '{"torn' WHERE seq = 2`).run();
    f.pump.linkUp();
    f.run();
    expect(f.sent[0]?.rows).toMatchObject([{ seq: 1 }, { seq: 2, unreadable: true }, { seq: 3 }]);
  });

  it('sends everything unacked again after 30 s of silence, then less and less often', () => {
    const f = fixture();
    f.pump.linkUp();
    f.add(2);
    f.clock.advance(RESEND_MS - 1);
    f.run();
    expect(f.seqs()).toHaveLength(1);
    f.clock.advance(1);
    f.run();
    expect(f.seqs()).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(f.overdue).toEqual([true]);
    f.clock.advance(RESEND_MS);
    f.run();
    expect(f.seqs()).toHaveLength(2);
    f.clock.advance(RESEND_MS);
    f.run();
    expect(f.seqs()).toHaveLength(3);
    f.ack(2);
    expect(f.overdue.at(-1)).toBe(false);
    f.clock.advance(10 * RESEND_MS);
    f.run();
    expect(f.seqs()).toHaveLength(3);
  });

  it('starts with the first unacked row after every reconnect', () => {
    const f = fixture();
    f.pump.linkUp();
    f.add(4);
    f.add(2);
    f.ack(4);
    f.pump.linkDown();
    f.add(1);
    expect(f.seqs()).toHaveLength(2);
    f.pump.linkUp();
    f.run();
    expect(f.seqs().at(-1)).toEqual([5, 6, 7]);
  });

  it('survives a publish that fails while the link stays up', async () => {
    const f = fixture();
    f.pump.linkUp();
    f.add(1);
    f.sent[0]?.lose();
    await settled();
    f.clock.advance(RESEND_MS);
    f.run();
    expect(f.seqs()).toEqual([[1], [1]]);
  });

  it('replays acked rows without waiting for acks that will not come, then goes on', async () => {
    const f = fixture({ windowBatches: 2 });
    f.pump.linkUp();
    f.add(4);
    f.add(4);
    f.ack(8);
    f.add(1);
    const before = f.sent.length;
    f.pump.replay(2);
    for (let n = 0; n < 10; n += 1) {
      f.run();
      for (const batch of f.sent) batch.puback();
      await settled();
    }
    f.run();
    expect(f.seqs().slice(before).flat()).toEqual(range(2, 9));
    f.ack(9);
    expect(f.writer.ackedSeq).toBe(9);
  });

  it('carries an interrupted replay on after a reconnect', async () => {
    const f = fixture({ windowBatches: 2 });
    f.pump.linkUp();
    f.add(4);
    f.ack(4);
    f.add(4);
    f.ack(8);
    const before = f.sent.length;
    f.pump.replay(1);
    f.run();
    f.sent[before]?.puback();
    await settled();
    f.run();
    f.pump.linkDown();
    f.pump.linkUp();
    f.run();
    for (let n = 0; n < 5; n += 1) {
      for (const batch of f.sent) batch.puback();
      await settled();
      f.run();
    }
    const replayed = f.seqs().slice(before);
    expect(replayed[0]).toEqual(range(1, 4));
    expect(new Set(replayed.flat())).toEqual(new Set(range(1, 8)));
    expect(replayed.slice(1).flat()).not.toContain(1);
  });

  it('sends again soon after a silent central speaks, instead of waiting out its doubled delay', () => {
    const { pump, clock, add, run, seqs } = fixture();
    pump.linkUp();
    add(2);
    for (const factor of [1, 2, 4]) {
      clock.advance(RESEND_MS * factor);
      run();
    }
    const before = seqs().length;
    pump.centralSpoke();
    clock.advance(SPREAD_MS / 2);
    run();
    expect(seqs().slice(before)).toEqual([[1, 2]]);
  });

  it('sends what a central that was away for a moment left unanswered again, long before the resend time', () => {
    const { pump, clock, add, run, seqs } = fixture();
    pump.linkUp();
    add(2);
    pump.centralSpoke();
    clock.advance(ANSWER_MS);
    run();
    expect(seqs()).toEqual([[1, 2]]);
    clock.advance(SPREAD_MS / 2);
    run();
    expect(seqs()).toEqual([
      [1, 2],
      [1, 2],
    ]);
    // That was one word of central, however often it was said meanwhile.
    clock.advance(RESEND_MS / 2);
    run();
    expect(seqs()).toHaveLength(2);
  });

  it('sends nothing twice to a central that answers what was in flight when it spoke', () => {
    const { pump, clock, add, ack, run, seqs } = fixture();
    pump.linkUp();
    add(1);
    pump.centralSpoke();
    clock.advance(1);
    // Sent after the word: it was read.
    add(1);
    ack(1);
    clock.advance(ANSWER_MS + SPREAD_MS);
    run();
    expect(seqs()).toEqual([[1], [2]]);
    pump.centralSpoke();
    ack(2);
    clock.advance(ANSWER_MS + SPREAD_MS);
    run();
    expect(seqs()).toEqual([[1], [2]]);
  });

  it('lets a central that still answers, however slowly, go on', () => {
    const { pump, clock, add, ack, run, seqs } = fixture();
    pump.linkUp();
    for (let n = 0; n < 3; n += 1) add(1);
    pump.centralSpoke();
    for (const seq of [1, 2]) {
      clock.advance(ANSWER_MS);
      ack(seq);
    }
    expect(seqs()).toEqual([[1], [2], [3]]);
    clock.advance(ANSWER_MS + SPREAD_MS / 2);
    run();
    expect(seqs()).toEqual([[1], [2], [3], [3]]);
  });

  it('hears every word of central, also while it still answers an earlier one', () => {
    const { pump, clock, add, ack, run, seqs } = fixture();
    pump.linkUp();
    add(1);
    pump.centralSpoke();
    // A busy door: something is always in flight, and the acks come in time.
    for (let seq = 1; seq <= 40; seq += 1) {
      clock.advance(ANSWER_MS / 2);
      add(1);
      ack(seq);
    }
    expect(seqs().flat()).toEqual(range(1, 41));
    // The next central never reads the last one.
    clock.advance(300);
    pump.centralSpoke();
    clock.advance(ANSWER_MS + SPREAD_MS / 2);
    run();
    expect(seqs().slice(41)).toEqual([[41]]);
  });

  it('waits for what a second word of central left open after the first one is answered', () => {
    const { pump, clock, add, ack, run, seqs } = fixture();
    pump.linkUp();
    add(1);
    pump.centralSpoke();
    clock.advance(1);
    add(1);
    pump.centralSpoke();
    ack(1);
    clock.advance(ANSWER_MS + SPREAD_MS / 2);
    run();
    expect(seqs()).toEqual([[1], [2], [2]]);
  });

  it('is not kept waiting by a central that goes on speaking', () => {
    const { pump, clock, add, run, seqs } = fixture();
    pump.linkUp();
    add(1);
    for (let ms = 0; ms < ANSWER_MS + SPREAD_MS / 2; ms += 100) {
      pump.centralSpoke();
      clock.advance(100);
    }
    run();
    expect(seqs()).toEqual([[1], [1]]);
  });

  it('sends less and less often to a central that speaks every second and answers nothing, and calls it overdue', () => {
    const { pump, clock, add, ack, run, seqs, overdue } = fixture();
    const speakFor = (seconds: number): number => {
      const before = seqs().length;
      for (let second = 0; second < seconds; second += 1) {
        pump.centralSpoke();
        clock.advance(1_000);
        run();
      }
      return seqs().length - before;
    };
    pump.linkUp();
    add(1);
    // After 2 + 3 + 5 + 9 + 17 seconds.
    expect(speakFor(36)).toBe(5);
    expect(overdue).toEqual([]);
    expect(speakFor(60)).toBe(1);
    expect(overdue).toEqual([true]);
    ack(1);
    add(1);
    expect(speakFor(2)).toBe(1);
  });

  it('keeps its doubled delay when what central asked for stays unanswered, too', () => {
    const { pump, clock, add, run, seqs } = fixture();
    pump.linkUp();
    add(1);
    clock.advance(RESEND_MS);
    run();
    pump.centralSpoke();
    clock.advance(SPREAD_MS / 2);
    run();
    expect(seqs()).toHaveLength(3);
    clock.advance(2 * RESEND_MS - 1);
    run();
    expect(seqs()).toHaveLength(3);
    clock.advance(1);
    run();
    expect(seqs()).toHaveLength(4);
  });

  it('sends again at another moment than other gateways, and not over a link that went away', () => {
    const sentAfter = (random: number): number => {
      const { pump, clock, add, run, seqs } = fixture({ random: () => random });
      pump.linkUp();
      add(1);
      pump.centralSpoke();
      for (let ms = 0; ; ms += 100, clock.advance(100)) {
        run();
        if (seqs().length > 1) return ms;
      }
    };
    expect([0, 0.5, 0.9].map(sentAfter)).toEqual([ANSWER_MS, ANSWER_MS + 500, ANSWER_MS + 900]);
    const { pump, clock, add, run, seqs } = fixture();
    pump.linkUp();
    add(1);
    pump.centralSpoke();
    pump.linkDown();
    clock.advance(RESEND_MS);
    run();
    expect(seqs()).toEqual([[1]]);
  });

  it('delivers every row whatever is lost, doubled or cut, and remembers only what was acked', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), rows: fc.integer({ min: 1, max: 9 }) }),
      fc.record({
        do: fc.constantFrom('cut' as const, 'commit' as const, 'lose ack' as const, 'time' as const),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const f = fixture();
        const committed = new Set<number>();
        let taken = 0;
        const commit = (): number => {
          for (; taken < f.sent.length; taken += 1)
            for (const seq of f.sent[taken]?.seqs ?? []) committed.add(seq);
          let through = 0;
          while (committed.has(through + 1)) through += 1;
          return through;
        };
        f.pump.linkUp();
        for (const action of steps) {
          if (action.do === 'add') f.add(action.rows);
          else if (action.do === 'commit') f.ack(commit());
          else if (action.do === 'lose ack') commit();
          else if (action.do === 'time') f.clock.advance(RESEND_MS * 2);
          else {
            // What was in flight never arrived.
            taken = f.sent.length;
            f.pump.linkDown();
            f.pump.linkUp();
          }
          f.run();
          expect(f.writer.ackedSeq).toBeLessThanOrEqual(f.writer.headSeq);
        }
        for (let n = 0; n < 200 && f.writer.ackedSeq < f.writer.headSeq; n += 1) {
          f.ack(commit());
          f.clock.advance(RESEND_MS * 20);
          f.run();
        }
        expect(f.writer.ackedSeq).toBe(f.writer.headSeq);
        expect(committed.size).toBe(f.writer.headSeq);
        f.pump.stop();
        f.store.close();
      }),
      { numRuns: 40 },
    );
  });

  it('leaves no timer behind', () => {
    const f = fixture();
    f.pump.start();
    f.pump.linkUp();
    f.add(3);
    f.pump.stop();
    expect(f.clock.pendingTimers).toBe(0);
  });
});
