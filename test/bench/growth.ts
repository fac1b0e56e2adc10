import type { Database } from '@rollcall/central/db/database';
import { createBareTable } from './bare-insert.js';
import { SECTIONS_PER_GATEWAY } from './bench-campus.js';
import { bulkRequests } from './bulk-marks.js';
import { type BenchOptions, type CentralBench, judged, withCentralBench } from './central-bench.js';
import { keepCodes } from './http.js';
import { type BenchClass, signInEverybody } from './http-people.js';
import { BARE, insertBare, takeAll } from './ingest.js';
import { LoadTotal } from './load-total.js';
import { type Measured, round } from './measured.js';
import { ScanSlices } from './qr-scans.js';
import { operationRequests } from './session-operations.js';

/** Stored punches at which the costs are measured; the last one only where it is asked for. */
export const SIZES = [10_000, 1_000_000];
export const LARGE_SIZES = [...SIZES, 10_000_000];
const ROUNDS = 2;
const STEPS = ['close', 'reopen'] as const;
const CHUNK_ROWS = 500_000;

/** Of the sections of a building two tap, one scans codes, and one is marked by hand. */
const SIZE: BenchOptions = { gateways: 50, studentsPerSection: 60, tappingSections: 2, isOpened: true };
const SCANNING_SECTION = 2;
const MARKED_SECTION = 3;
/** Warming up and measuring together take every student of a class once. */
const SCANNING_STUDENTS_PER_SLICE = 15;

const OPERATIONS = ['punch', 'QR scan', 'bulk call', 'session operation'] as const;
/** Beside the operations, into a table that stays empty: what the machine is worth at that moment. */
const BARE_ROW = 'bare row';

/** Microseconds of one operation. */
interface Costs {
  [BARE_ROW]: number;
  punch: number;
  'QR scan': number;
  'bulk call': number;
  'session operation': number;
}

/**
 * The cost of one operation, committed and judged, while the table of punches grows; each size on a campus of its own, since
 * what the measuring leaves in the classes (captures, decisions) has its price, too, and beside bare inserts of the same
 * minutes, because filling the table takes minutes in which a machine that others use becomes another one.
 */
export async function measureGrowth(sizes: readonly number[]): Promise<Measured> {
  const raw: Record<string, number> = {};
  const found: Costs[] = [];
  for (const size of sizes) {
    const costs = await measureAt(size);
    found.push(costs);
    for (const [what, costUs] of Object.entries(costs))
      raw[`µs per ${what} at ${size} stored`] = round(costUs);
  }
  const first = found[0] as Costs;
  const last = found.at(-1) as Costs;
  return {
    figures: Object.fromEntries(
      OPERATIONS.map((what) => [
        `cost per ${what}, full / nearly empty`,
        round(last[what] / last[BARE_ROW] / (first[what] / first[BARE_ROW])),
      ]),
    ),
    raw,
  };
}

function measureAt(size: number): Promise<Costs> {
  return withCentralBench(SIZE, async (bench) => {
    await keepCodes(bench);
    await createBareTable(bench.own, BARE);
    const operations = new Operations(bench, await signInEverybody(bench));
    await fillTo(bench.own, size);
    // Warming up.
    await operations.measure();
    return operations.measure();
  });
}

class Operations {
  readonly #bench: CentralBench;
  readonly #scans: ScanSlices;
  readonly #markedByHand: readonly BenchClass[];
  #bulkRound = 0;

  constructor(bench: CentralBench, classes: readonly BenchClass[]) {
    const classesOf = (section: number): BenchClass[] =>
      classes.filter(({ index }) => index % SECTIONS_PER_GATEWAY === section);
    this.#bench = bench;
    this.#scans = new ScanSlices(bench, classesOf(SCANNING_SECTION), SCANNING_STUDENTS_PER_SLICE);
    this.#markedByHand = classesOf(MARKED_SECTION);
  }

  async measure(): Promise<Costs> {
    const { campus, httpPort } = this.#bench;
    let tapsMs = 0;
    let bareMs = 0;
    let lastTapsSince = new Date();
    const scans = new LoadTotal('QR scans');
    const bulk = new LoadTotal('bulk marks');
    const operations = new LoadTotal('session operations');
    for (let done = 0; done < ROUNDS; done++) {
      lastTapsSince = new Date();
      tapsMs += await takeAll(this.#bench, [...campus.everybodyTaps()]);
      bareMs += await this.#insertBare(lastTapsSince);
      await this.#scans.run(scans);
      await bulk.run(httpPort, bulkRequests(this.#markedByHand, this.#bulkRound++));
    }
    for (const step of STEPS) {
      await operations.run(httpPort, operationRequests(step, this.#markedByHand));
      bareMs += await this.#insertBare(lastTapsSince);
    }
    await judged(this.#bench);
    return {
      [BARE_ROW]: (bareMs * 1_000) / ((ROUNDS + STEPS.length) * campus.taps),
      punch: (tapsMs * 1_000) / (ROUNDS * campus.taps),
      'QR scan': 1_000_000 / scans.perSecond,
      'bulk call': 1_000_000 / bulk.perSecond,
      'session operation': 1_000_000 / operations.perSecond,
    };
  }

  async #insertBare(since: Date): Promise<number> {
    const tookMs = await insertBare(this.#bench, BARE, since);
    await this.#bench.own.knex(BARE.name).truncate();
    return tookMs;
  }
}

/** Punches of earlier days, spread over the students as real ones are. */
async function fillTo({ knex }: Database, size: number): Promise<void> {
  const { rows } = await knex.raw<{ rows: { n: number }[] }>('SELECT count(*)::int AS n FROM punch');
  for (let from = rows[0]?.n ?? 0; from < size; from += CHUNK_ROWS) {
    await knex.raw(
      `WITH people AS (
         SELECT student_id, hash, row_number() OVER (ORDER BY student_id) - 1 AS n
           FROM credential JOIN credential_hash ON credential_id = id AND projection = 'full'),
       numbered AS MATERIALIZED (
         SELECT i, i % (SELECT count(*) FROM people) AS n FROM generate_series(?::bigint, ?::bigint) i)
       INSERT INTO punch (gateway_id, store_id, seq, punch_id, boot_id, mono_ms, occurred_at, clock_state, device_id,
                          kind, technology, hash_full, received_at, received_month, effective_at, time_source, student_id,
                          outcome, matched_projection, room_id)
       SELECT 'gw-0', '00000000-0000-4000-8000-000000000001', i, gen_random_uuid(),
              '00000000-0000-4000-8000-000000000002', i, at, 'synced', 'line-0', 'card', 'iso14443a', hash, at,
              date_trunc('month', at AT TIME ZONE 'UTC')::date, at,
              'gateway_clock', student_id, 'recognized', 'full', 'r-0'
         FROM numbered JOIN people USING (n)
         CROSS JOIN LATERAL (SELECT now() - interval '2 days' - i * interval '1 second' AS at) moment`,
      [from + 1, Math.min(from + CHUNK_ROWS, size)],
    );
  }
  await knex.raw('VACUUM (ANALYZE) punch');
}
