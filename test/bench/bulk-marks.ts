import { type BareRows, type BareTable, createBareTable, readBareRows } from './bare-insert.js';
import { type CentralBench, countRows } from './central-bench.js';
import { httpRequest } from './http-load.js';
import type { BenchClass } from './http-people.js';
import { LoadTotal } from './load-total.js';
import { type Measured, round } from './measured.js';

const API = '/api/v1/attendance';
/** A budget of bulk calls is ten a minute. */
const ROUNDS = 6;
const WARM_UP_ROUNDS = 1;
/** Teachers who save a whole class in the same second; more would stand in line. The bare inserts have as many connections. */
const CONNECTIONS = 4;

const AUDIT_COLUMNS =
  `at entity_type entity_id action performed_by source reason before after session_id student_id
  actor_role ip_address user_agent request_id transaction_id`.split(/\s+/);
const DECISION_COLUMNS =
  'id session_id student_id kind mark reason source decided_at received_at decided_by call_id'.split(' ');
const RECORD_COLUMNS =
  'id session_id student_id mark marked_at source reason derivation version updated_at'.split(' ');

const TABLES: readonly BareTable[] = [
  {
    name: 'bare_decision',
    like: 'decision',
    definition: 'LIKE decision INCLUDING ALL',
    columns: DECISION_COLUMNS,
  },
  {
    name: 'bare_audit',
    like: 'attendance_audit_log',
    definition: 'LIKE attendance_audit_log INCLUDING ALL',
    columns: AUDIT_COLUMNS,
  },
  {
    // A record is one row however often it changes; as bare rows they are as many as the changes.
    name: 'bare_record',
    like: 'attendance_record',
    definition: `LIKE attendance_record INCLUDING DEFAULTS INCLUDING CONSTRAINTS, change bigint GENERATED ALWAYS AS IDENTITY,
      PRIMARY KEY (id, change), UNIQUE (session_id, student_id, change)`,
    columns: RECORD_COLUMNS,
  },
];

/**
 * Whole classes of sixty marked by their faculty again and again, so that every call changes every mark; beside each
 * round the rows that it wrote, inserted bare: a transaction for each call, one statement for each table.
 */
export async function measureBulkMarks(
  bench: CentralBench,
  classes: readonly BenchClass[],
): Promise<Measured> {
  for (const table of TABLES) await createBareTable(bench.own, table);
  const warmUp = new LoadTotal('bulk marks, warming up');
  const total = new LoadTotal('bulk marks');
  let bareMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const isWarmUp = round < WARM_UP_ROUNDS;
    const since = new Date();
    await (isWarmUp ? warmUp : total).run(bench.httpPort, bulkRequests(classes, round), {
      connections: CONNECTIONS,
    });
    await check(bench, classes, since);
    const tookMs = await insertBare(bench, classes, since);
    if (!isWarmUp) bareMs += tookMs;
  }
  const barePerSecond = (total.requests * 1000) / bareMs;
  return {
    figures: {
      'bulk calls/s': round(total.perSecond),
      'bulk call p99, ms': round(total.percentileMs(99)),
      'bulk calls/s / bare inserts of the same rows': round(total.perSecond / barePerSecond),
    },
    raw: {
      'bulk calls': total.requests,
      'students in each': classes[0]?.students.length ?? 0,
      'bulk call p50, ms': round(total.percentileMs(50)),
      'bare transactions with the same rows/s': round(barePerSecond),
    },
  };
}

/** Requests that change every mark of these classes. */
export function bulkRequests(classes: readonly BenchClass[], round: number): Uint8Array[] {
  const mark = round % 2 === 0 ? 'absent' : 'present';
  return classes.map(({ sessionId, facultyToken: token, students }) =>
    httpRequest('POST', `${API}/records/bulk-mark/`, {
      token,
      body: {
        session_id: sessionId,
        attendance_data: students.map(({ rollNumber }) => ({
          student_id: rollNumber,
          mark,
          reason: `Roll call ${round}`,
        })),
      },
    }),
  );
}

/** Every mark of the round changed, with an audit row for the decision and one for the record. */
async function check(bench: CentralBench, classes: readonly BenchClass[], since: Date): Promise<void> {
  const expected = classes.reduce((sum, { students }) => sum + students.length, 0);
  const changed = await countRows(bench, 'attendance_record WHERE updated_at >= ?', [since]);
  const decisions = await countRows(
    bench,
    "attendance_audit_log WHERE entity_type = 'decision' AND at >= ?",
    [since],
  );
  const records = await countRows(
    bench,
    "attendance_audit_log WHERE entity_type = 'attendance_record' AND at >= ?",
    [since],
  );
  if (changed === expected && decisions === expected && records === expected) return;
  throw new Error(
    `of ${expected} marks ${changed} changed, with ${decisions} audited decisions and ${records} audited records`,
  );
}

async function insertBare(
  { own }: CentralBench,
  classes: readonly BenchClass[],
  since: Date,
): Promise<number> {
  const calls: BareRows[][] = [];
  for (const { sessionId } of classes) {
    const rows: BareRows[] = [];
    for (const table of TABLES) {
      const at = { decision: 'received_at', attendance_record: 'updated_at' }[table.like] ?? 'at';
      rows.push(
        await readBareRows(own, table, {
          sql: `session_id = ?::uuid AND ${at} >= ?`,
          bindings: [sessionId, since],
        }),
      );
    }
    calls.push(rows);
  }
  const startMs = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let call = calls[next++]; call !== undefined; call = calls[next++]) {
        const rows = call;
        await own.knex.transaction(async (trx) => {
          for (const { statement, bindings } of rows) await trx.raw(statement, bindings as never);
        });
      }
    }),
  );
  return performance.now() - startMs;
}
