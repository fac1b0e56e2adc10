import { type CentralBench, countRows, judged } from './central-bench.js';
import { httpRequest } from './http-load.js';
import type { BenchClass } from './http-people.js';
import { LoadTotal } from './load-total.js';
import { type Measured, round } from './measured.js';

const API = '/api/v1/attendance';
const WARM_UP = 40;
/** Teachers who press a button in the same second. */
const CONNECTIONS = 4;

const STEPS = ['open', 'close', 'reopen'] as const;
type Step = (typeof STEPS)[number];

/**
 * Every faculty member opens the class, closes it, and opens it again with a reason; afterwards all are open. Central
 * judges meanwhile what that changes, sixty students a class.
 */
export async function measureSessionOperations(
  bench: CentralBench,
  classes: readonly BenchClass[],
): Promise<Measured> {
  const warmUp = new LoadTotal('session operations, warming up');
  const total = new LoadTotal('session operations');
  await warmUp.run(bench.httpPort, operationRequests('open', classes.slice(0, WARM_UP)), {
    connections: CONNECTIONS,
  });
  const startMs = performance.now();
  for (const step of STEPS) {
    const rest = step === 'open' ? classes.slice(WARM_UP) : classes;
    await total.run(bench.httpPort, operationRequests(step, rest), { connections: CONNECTIONS });
  }
  const operatedMs = performance.now() - startMs;
  await judged(bench);
  const judgedMs = performance.now() - startMs - operatedMs;
  await check(bench, classes);
  return {
    figures: {
      'session operations/s': round(total.perSecond),
      'session operation p99, ms': round(total.percentileMs(99)),
    },
    raw: {
      'session operations': total.requests,
      'session operation p50, ms': round(total.percentileMs(50)),
      'seconds until the last mark was judged, too': round(judgedMs / 1000),
    },
  };
}

/** One request for each class, by its faculty member. */
export function operationRequests(step: Step, classes: readonly BenchClass[]): Uint8Array[] {
  return classes.map(({ sessionId, facultyToken: token }) =>
    httpRequest('POST', `${API}/sessions/${sessionId}/${step}/`, {
      token,
      body: step === 'reopen' ? { reason: 'Closed by mistake' } : {},
    }),
  );
}

async function check(bench: CentralBench, classes: readonly BenchClass[]): Promise<void> {
  const expected = classes.length * STEPS.length;
  const audited = await countRows(
    bench,
    "attendance_audit_log WHERE entity_type = 'attendance_session' AND action IN ('open', 'close', 'reopen')",
  );
  const open = await countRows(bench, "attendance_session WHERE status = 'open'");
  if (audited === expected && open === classes.length) return;
  throw new Error(`${audited} of ${expected} operations were audited, ${open} classes are open`);
}
