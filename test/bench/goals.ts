/** Which measurement fills a row; a row without one says why it is not measured yet. */
export type Measurement = 'tap' | 'drain' | 'ingest' | 'http' | 'semester' | 'growth' | 'fingerprints';

export interface Goal {
  /** What, exactly as design §8 names it. */
  name: string;
  /** The goal in words, exactly as design §8 states it. */
  goal: string;
  measuredBy?: Measurement;
  /** Why nothing is measured. */
  notMeasured?: string;
  /** Which figures decide, and how. */
  metrics: readonly Metric[];
}

export interface Metric {
  metric: string;
  holds(value: number): boolean;
}

const atMost = (limit: number) => (value: number) => value <= limit;
const below = (limit: number) => (value: number) => value < limit;
const atLeast = (limit: number) => (value: number) => value >= limit;

/** Costs on a machine that others use too differ by this much from one minute to the next. */
const isFlat = atMost(1.5);

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
    measuredBy: 'http',
    metrics: [
      { metric: 'QR scans/s', holds: atLeast(3_000) },
      { metric: 'QR scan p99, ms', holds: below(100) },
      { metric: 'QR scans/s / requests/s of a bare Express route', holds: atLeast(0.4) },
      { metric: 'statistics reads/s', holds: atLeast(1_500) },
      { metric: 'statistics read p99, ms', holds: below(100) },
      { metric: 'session operations/s', holds: atLeast(150) },
      { metric: 'session operation p99, ms', holds: below(100) },
      { metric: 'bulk calls/s', holds: atLeast(100) },
      { metric: 'bulk call p99, ms', holds: below(100) },
      { metric: 'bulk calls/s / bare inserts of the same rows', holds: atLeast(0.25) },
    ],
  },
  {
    name: 'identification 1:N, extraction, accuracy',
    goal: 'the figures of the fingerprint work',
    measuredBy: 'fingerprints',
    // Accuracy needs real fingers, which are no part of the project: docs/biometrics.md.
    metrics: [
      { metric: 'extraction of 280 × 360 px, both front ends, CPU ms', holds: atMost(40) },
      { metric: 'extraction / the same in plain TypeScript', holds: atMost(1) },
      { metric: 'search among 15,000 templates, CPU ms', holds: atMost(500) },
      { metric: 'first round of a search / the same in plain TypeScript', holds: atMost(1) },
      { metric: 'memory per template, kB', holds: atMost(6) },
      { metric: 'cost of a search per template, 20,000 / 1,000', holds: isFlat },
    ],
  },
  {
    name: 'growth',
    goal: "cost per punch flat from 10⁴ to 10⁷ stored punches; a class session's recompute depends on that session only",
    measuredBy: 'growth',
    metrics: ['punch', 'QR scan', 'bulk call', 'session operation'].map((what) => ({
      metric: `cost per ${what}, full / nearly empty`,
      holds: isFlat,
    })),
  },
];

/** Numbered cases of the domain that state a time: figures here, never timed tests. */
export const CASES: readonly Goal[] = [
  {
    name: 'case 76',
    goal: '7 000 sessions generated for a semester finish in < 60 s and can be cancelled as one undoable job',
    measuredBy: 'semester',
    metrics: [{ metric: 'seconds for a semester of 7,000 class sessions', holds: below(60) }],
  },
  {
    name: 'case 96',
    goal: 'gateway flush of 20 000 events: accepted with back-pressure; live punches of other buildings keep a latency < 2 s',
    measuredBy: 'ingest',
    metrics: [{ metric: 'worst latency of a live punch, ms', holds: below(2_000) }],
  },
  {
    name: 'case 164',
    goal: '60 students at 1 reader: ≥ 1 accepted capture every 2 s, whole class < 3 min; feedback < 300 ms after a match even when the uplink is down',
    measuredBy: 'tap',
    metrics: [
      { metric: 'seconds of work for a class of 60 at one reader', holds: below(120) },
      { metric: 'slowest feedback without an uplink, ms', holds: below(300) },
    ],
  },
  {
    name: 'case 165',
    goal: 'dashboard p95 < 300 ms for a class of 70, < 1 s for a department of 600 with 1 semester',
    measuredBy: 'semester',
    metrics: [
      { metric: 'dashboard p95 of a class of 70, ms', holds: below(300) },
      { metric: 'dashboard p95 of a department of 600, ms', holds: below(1_000) },
    ],
  },
];
