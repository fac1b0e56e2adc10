import type { CentralBench } from './central-bench.js';
import { httpRequest } from './http-load.js';
import type { BenchClass } from './http-people.js';
import { LoadTotal } from './load-total.js';
import { type Measured, round } from './measured.js';

const PATH = '/api/v1/attendance/statistics/student-summary/';
const READS = 10_000;
const WARM_UP_READS = 1_000;

/** Every student reads the own summary; each has a budget of sixty a minute. */
export async function measureStatisticsReads(
  bench: CentralBench,
  classes: readonly BenchClass[],
): Promise<Measured> {
  const students = classes.flatMap((one) => one.students);
  const requests = Array.from({ length: READS }, (_, index) => {
    const { token, studentId } = students[index % students.length] as (typeof students)[number];
    return httpRequest('GET', `${PATH}?student_id=${studentId}`, { token });
  });
  await new LoadTotal('statistics reads, warming up').run(bench.httpPort, requests.slice(0, WARM_UP_READS));
  const total = new LoadTotal('statistics reads');
  await total.run(bench.httpPort, requests);
  return {
    figures: {
      'statistics reads/s': round(total.perSecond),
      'statistics read p99, ms': round(total.percentileMs(99)),
    },
    raw: { 'statistics reads': total.requests, 'statistics read p50, ms': round(total.percentileMs(50)) },
  };
}
