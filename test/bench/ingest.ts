import { delay } from '@rollcall/protocol/clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import { type BareTable, countOf, createBareTable, partOf, readBareRows } from './bare-insert.js';
import type { EncodedBatch } from './bench-campus.js';
import {
  type BenchOptions,
  type CentralBench,
  countRows,
  judged,
  withCentralBench,
} from './central-bench.js';
import { heapMib, type Measured, percentile, round } from './measured.js';

/** Sixteen thousand students of fifty buildings. */
const SIZE: BenchOptions = { gateways: 50, studentsPerSection: 80, tappingSections: 4, isOpened: true };
const ROUNDS = 3;
const BARE_ROWS_PER_INSERT = 5_000;
const COLUMNS =
  `gateway_id store_id seq punch_id boot_id mono_ms occurred_at clock_state device_id kind technology
  hash_full received_at received_month effective_at time_source student_id outcome matched_projection room_id`.split(
    /\s+/,
  );
export const BARE: BareTable = {
  name: 'bare_punch',
  like: 'punch',
  definition: 'LIKE punch INCLUDING INDEXES',
  columns: COLUMNS,
};
const ONLY_KEY: BareTable = {
  ...BARE,
  name: 'bare_punch_key',
  definition: 'LIKE punch, PRIMARY KEY (gateway_id, store_id, seq, received_month)',
};

const FLUSH_ROWS = 20_000;
const LIVE_INTERVAL_MS = 50;

/** Milliseconds until every row is committed and every mark that it changes is judged and counted. */
export async function takeAll(bench: CentralBench, batches: readonly EncodedBatch[]): Promise<number> {
  const startMs = performance.now();
  for (const batch of batches) await accept(bench, batch);
  await bench.ingest.idle();
  await judged(bench);
  return performance.now() - startMs;
}

function accept({ ingest }: CentralBench, { gatewayId, payload }: EncodedBatch): Promise<void> {
  return ingest.accept({ kind: 'punch', gatewayId, payload, topic: `rollcall/v1/${gatewayId}/up/punch` });
}

export async function measureIngest(): Promise<Measured> {
  return withCentralBench(SIZE, async (bench) => {
    const { campus, own } = bench;
    // Everybody's first tap, which changes the mark and the statistics, in a process that has just begun.
    const firstTapsMs = await takeAll(bench, [...campus.everybodyTaps()]);
    await createBareTable(own, BARE);
    await createBareTable(own, ONLY_KEY);
    const heapBefore = heapMib();
    const tookMs = { ingest: 0, bare: 0, onlyKey: 0 };
    let rows = 0;
    for (let done = 0; done < ROUNDS; done++) {
      // Encoded beforehand: signing is the gateways' work.
      const batches = [...campus.everybodyTaps()];
      const since = new Date();
      tookMs.ingest += await takeAll(bench, batches);
      rows += campus.taps;
      tookMs.bare += await insertBare(bench, BARE, since);
      tookMs.onlyKey += await insertBare(bench, ONLY_KEY, since);
    }
    const heapAfter = heapMib();
    const marked = await countRows(bench, "attendance_record WHERE mark IN ('present', 'late')");
    if (marked < campus.students)
      throw new Error(`only ${marked} of ${campus.students} students were marked`);
    const flush = await measureFlush(bench);
    const perSecond = (ms: number): number => (rows * 1000) / ms;
    return {
      figures: {
        'rows/s / rows/s of the bare insert': round(tookMs.bare / tookMs.ingest),
        'worst latency of a live punch, ms': round(Math.max(...flush.latenciesMs)),
      },
      raw: {
        gateways: SIZE.gateways,
        rows,
        'rows/s': round(perSecond(tookMs.ingest)),
        'rows/s of first taps, which change the mark, while V8 compiles': round(
          (campus.taps * 1000) / firstTapsMs,
        ),
        'bare rows/s': round(perSecond(tookMs.bare)),
        'bare rows/s with the primary key alone': round(perSecond(tookMs.onlyKey)),
        'seconds for a flush of 20,000 punches': round(flush.tookMs / 1000),
        'live punches during the flush': flush.latenciesMs.length,
        'live punch p99, ms': round(percentile(flush.latenciesMs, 99)),
        'heap before, MiB': heapBefore,
        'heap after, MiB': heapAfter,
      },
    };
  });
}

/**
 * What "bare" means: the rows that ingest has just stored, every value ready, as arrays over the same driver, chunk
 * by chunk in transactions of the size that ingest takes, into a table with the columns, the primary key and every
 * other index of `punch`, on the same server with the same settings, each commit on disk. Without reading and
 * verifying messages, without conflicts to look for, owners, rooms, marks, audit, tallies and notifications. The
 * raw figures hold the same with the primary key as the only index, too.
 */
export async function insertBare({ own }: CentralBench, table: BareTable, since: Date): Promise<number> {
  const all = await readBareRows(own, table, {
    sql: 'received_at >= ? ORDER BY received_at, gateway_id, seq',
    bindings: [since],
  });
  let tookMs = 0;
  for (let from = 0; from < countOf(all); from += BARE_ROWS_PER_INSERT) {
    const { statement, bindings } = partOf(all, from, from + BARE_ROWS_PER_INSERT);
    const startMs = performance.now();
    await own.knex.raw(statement, bindings as never);
    tookMs += performance.now() - startMs;
  }
  return tookMs;
}

/** Domain case 96: one gateway sends what it kept during an outage while the other buildings go on. */
async function measureFlush(bench: CentralBench): Promise<{ tookMs: number; latenciesMs: number[] }> {
  const { campus, ingest } = bench;
  const kept = [...campus.oneTaps(0, FLUSH_ROWS)];
  const sentMs = new Map<string, number>();
  const latenciesMs: number[] = [];
  bench.onAck(({ gatewayId }) => {
    const atMs = sentMs.get(gatewayId);
    if (atMs === undefined) return;
    sentMs.delete(gatewayId);
    latenciesMs.push(performance.now() - atMs);
  });
  let isFlushing = true;
  const live = (async () => {
    for (let turn = 0; isFlushing; turn++) {
      const building = 1 + (turn % (SIZE.gateways - 1));
      // A building whose last punch is not acked yet waits for its turn to come again.
      const batches = sentMs.has(`gw-${building}`) ? [] : campus.oneTaps(building, 1);
      for (const batch of batches) {
        sentMs.set(batch.gatewayId, performance.now());
        await accept(bench, batch);
      }
      await delay(systemClock, LIVE_INTERVAL_MS);
    }
  })();
  const startMs = performance.now();
  for (const batch of kept) await accept(bench, batch);
  await ingest.idle();
  isFlushing = false;
  const tookMs = performance.now() - startMs;
  await live;
  await ingest.idle();
  bench.onAck(() => undefined);
  await judged(bench);
  return { tookMs, latenciesMs };
}
