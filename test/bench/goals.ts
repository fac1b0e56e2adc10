/** Which measurement fills a row; a row without one says why it is not measured yet. */
export type Measurement = 'tap' | 'drain' | 'ingest' | 'growth';

export interface Goal {
  /** What, exactly as design §8 names it. */
  name: string;
  /** The goal in words, exactly as design §8 states it. */
  goal: string;
  measuredBy?: Measurement;
  /** Why nothing is measured. */
  notMeasured?: string;
  /** Which figures decide, and how. */
  metrics: readonly { metric: string; holds(value: number): boolean }[];
}

const atMost = (limit: number) => (value: number) => value <= limit;
const atLeast = (limit: number) => (value: number) => value >= limit;

/** Memory counts as flat when the larger of the two processes grows by less than this (MiB). */
const FLAT_MEMORY_MIB = 128;

/** The table of design §8, in its order: the one place that holds names and goals. */
export const GOALS: readonly Goal[] = [
  {
    name: 'tap: from the read that completes the frame to the write of green, 1 reader',
    goal: 'p99 ≤ 1.5 × a bare better-sqlite3 FULL commit (group commit takes what is already waiting, without a timer)',
    measuredBy: 'tap',
    metrics: [{ metric: 'p99 / p99 of the bare commit', holds: atMost(1.5) }],
  },
  {
    name: 'outbox drain after an outage',
    goal: '≥ 10,000 punches/s gateway → committed in PostgreSQL, memory flat',
    measuredBy: 'drain',
    metrics: [
      { metric: 'punches/s', holds: atLeast(10_000) },
      { metric: 'growth of resident memory, MiB', holds: atMost(FLAT_MEMORY_MIB) },
    ],
  },
  {
    name: 'central ingest (committed, judged, statistics updated), 50 gateways',
    goal: '≥ 0.25 × a bare multi-row `INSERT … unnest`',
    measuredBy: 'ingest',
    metrics: [{ metric: 'rows/s / rows/s of the bare insert', holds: atLeast(0.25) }],
  },
  {
    name: 'QR scans, statistics reads, session operations over HTTP, success path, PostgreSQL and the load generator on the same two cores, rate limits on (enough users)',
    goal: '≥ 3 × what the seed claims (1000 / 500 / 50 per second), p99 < 100 ms; bulk class marks ≥ 100 calls/s with all 60 marks changed and audited one by one, and ≥ 0.25 × a bare INSERT of the same rows; QR scans also ≥ 0.4 × a bare Express route in the same run',
    notMeasured: 'QR scans, statistics and bulk marks need sign-in, which does not exist yet',
    metrics: [],
  },
  {
    name: 'identification 1:N, extraction, accuracy',
    goal: 'the figures of the fingerprint work',
    notMeasured: 'no fingerprint scanner is supported yet',
    metrics: [],
  },
  {
    name: 'growth',
    goal: "cost per punch flat from 10⁴ to 10⁷ stored punches; a class session's recompute depends on that session only",
    measuredBy: 'growth',
    metrics: [{ metric: 'cost per punch, full / nearly empty', holds: atMost(1.5) }],
  },
];
