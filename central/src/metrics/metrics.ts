import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from '../db/database.js';

const DURATION_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Everything that is counted, in one place; the other parts only say what happened. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  request(method: string, route: string, status: number, seconds: number): void;
  judged(pairs: number, changed: number): void;
  ingested(outcome: 'stored' | 'duplicate' | 'quarantined', rows: number): void;
}

export function createMetrics({ db }: { db: Pick<Database, 'knex'> }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'rollcall_http_request_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  const pairs = new Counter({
    name: 'rollcall_judged_pairs_total',
    help: 'Student and class session judged',
    registers,
  });
  const changes = new Counter({
    name: 'rollcall_changed_records_total',
    help: 'Records that judging changed',
    registers,
  });
  const rows = new Counter({
    name: 'rollcall_ingested_rows_total',
    help: 'Rows from gateways',
    labelNames: ['outcome'],
    registers,
  });
  new Gauge({
    name: 'rollcall_judgement_todo',
    help: 'Pairs that wait for the judge',
    registers,
    async collect() {
      this.set(await countRows(db, 'judgement_todo'));
    },
  });
  new Gauge({
    name: 'rollcall_sessions',
    help: 'Class sessions that are not over, by status',
    labelNames: ['status'],
    registers,
    async collect() {
      const found = await db
        .knex('attendance_session')
        .whereIn('status', ['scheduled', 'open', 'closed'])
        .groupBy('status')
        .select('status')
        .count<{ status: string; count: number }[]>('* as count');
      this.reset();
      for (const { status, count } of found) this.set({ status }, Number(count));
    },
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request: (method, route, status, seconds) => requests.observe({ method, route, status }, seconds),
    judged(judgedPairs, changed) {
      pairs.inc(judgedPairs);
      changes.inc(changed);
    },
    ingested: (outcome, count) => rows.inc({ outcome }, count),
  };
}

async function countRows(db: Pick<Database, 'knex'>, table: string): Promise<number> {
  const [row] = await db.knex(table).count<{ count: number }[]>('* as count');
  return Number(row?.count ?? 0);
}
