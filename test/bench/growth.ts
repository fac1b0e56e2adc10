import type { Database } from '@rollcall/central/db/database';
import { takeAll, withIngestBench } from './ingest.js';
import { STUDENTS } from './ingest-campus.js';
import { type Measured, round } from './measured.js';

/** Stored punches at which the cost is measured. */
const SIZES = [10_000, 100_000, 1_000_000, 10_000_000];
const ROUNDS = 2;
const CHUNK_ROWS = 500_000;

/** The cost of one punch, committed and judged, while the table of punches grows. */
export async function measureGrowth(): Promise<Measured> {
  return withIngestBench(async (bench) => {
    const raw: Record<string, number> = {};
    const costs: number[] = [];
    for (const size of SIZES) {
      await fillTo(bench.db, size);
      let tookMs = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const batches = [...bench.campus.everybodyTaps()];
        tookMs += await takeAll(bench, batches);
      }
      const costUs = (tookMs * 1000) / (ROUNDS * STUDENTS);
      costs.push(costUs);
      raw[`µs per punch at ${size} stored`] = round(costUs);
    }
    const [first = Number.NaN] = costs;
    return {
      figures: { 'cost per punch, full / nearly empty': round((costs.at(-1) ?? Number.NaN) / first) },
      raw,
    };
  });
}

/** Punches of earlier days, spread over the students as real ones are. */
async function fillTo({ knex }: Database, size: number): Promise<void> {
  const { rows } = await knex.raw<{ rows: { n: number }[] }>('SELECT count(*)::int AS n FROM punch');
  for (let from = rows[0]?.n ?? 0; from < size; from += CHUNK_ROWS) {
    await knex.raw(
      `WITH people AS (
         SELECT student_id, hash, row_number() OVER (ORDER BY student_id) - 1 AS n, count(*) OVER () AS total
           FROM credential JOIN credential_hash ON credential_id = id AND projection = 'full')
       INSERT INTO punch (gateway_id, store_id, seq, punch_id, boot_id, mono_ms, occurred_at, clock_state, device_id,
                          kind, technology, hash_full, received_at, received_month, effective_at, time_source, student_id,
                          outcome, matched_projection, room_id)
       SELECT 'gw-0', '00000000-0000-4000-8000-000000000001', i, gen_random_uuid(),
              '00000000-0000-4000-8000-000000000002', i, at, 'synced', 'line-0', 'card', 'iso14443a', hash, at,
              date_trunc('month', at AT TIME ZONE 'UTC')::date, at,
              'gateway_clock', student_id, 'recognized', 'full', 'r-0'
         FROM generate_series(?::bigint, ?::bigint) i
         JOIN people ON people.n = i % people.total
         CROSS JOIN LATERAL (SELECT now() - interval '2 days' - i * interval '1 second' AS at) moment`,
      [from + 1, Math.min(from + CHUNK_ROWS, size)],
    );
  }
  await knex.raw('VACUUM (ANALYZE) punch');
}
