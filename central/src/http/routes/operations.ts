import { RollcallError } from '@rollcall/protocol/errors';
import { nextRunMs } from '../../jobs/job.js';
import { JOBS } from '../../jobs/registry.js';
import { API, toInstantOrNull } from '../contracts/fields.js';
import { aliveSchema, jobsSchema, readySchema } from '../contracts/operations.js';
import { defineRoute } from '../route.js';

const TAG = 'Operations';

export const healthz = defineRoute(
  {
    method: 'get',
    path: '/healthz',
    operationId: 'healthz',
    tag: TAG,
    summary: 'The process runs and answers',
    access: 'public',
    reply: { schema: aliveSchema },
  },
  () => Promise.resolve({ body: { status: 'ok' } as const }),
);

export const readyz = defineRoute(
  {
    method: 'get',
    path: '/readyz',
    operationId: 'readyz',
    tag: TAG,
    summary: 'Everything that requests and punches need works; 503 otherwise, naming what does not',
    access: 'public',
    reply: { schema: readySchema },
  },
  async (_input, { checks, log }) => {
    const outcomes = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          return [name, await check()] as const;
        } catch (error) {
          log.debug({ err: error, check: name }, 'a readiness check failed');
          return [name, false] as const;
        }
      }),
    );
    const isReady = outcomes.every(([, works]) => works);
    return {
      status: isReady ? 200 : 503,
      body: {
        status: isReady ? ('ready' as const) : ('not_ready' as const),
        checks: Object.fromEntries(outcomes),
      },
    };
  },
);

export const metricsRoute = defineRoute(
  {
    method: 'get',
    path: '/metrics',
    operationId: 'metrics',
    tag: TAG,
    summary:
      'Figures in the text format of Prometheus, for this machine and those named in ROLLCALL_METRICS_FROM',
    access: 'public',
    reply: { contentType: 'text/plain' },
    errors: ['FORBIDDEN'],
  },
  async ({ request, response }, { metrics, mayReadMetrics }) => {
    if (!mayReadMetrics(request.ip ?? '')) {
      throw new RollcallError(
        'FORBIDDEN',
        'Metrics are not for this address; whoever runs central names it in ROLLCALL_METRICS_FROM',
      );
    }
    response.set('Content-Type', metrics.contentType).send(await metrics.text());
    return undefined;
  },
);

interface JobRun {
  name: string;
  started_at: Date;
  finished_at: Date | null;
  outcome: 'running' | 'done' | 'failed';
  detail: string;
}

export const listJobs = defineRoute(
  {
    method: 'get',
    path: `${API}/jobs/`,
    operationId: 'listJobs',
    tag: TAG,
    summary: 'Periodic jobs: what each did last and when it runs next',
    access: 'jobs.read',
    reply: { schema: jobsSchema },
  },
  async (_input, { db, clock }) => {
    const runs = new Map((await db.knex<JobRun>('job_run').select()).map((run) => [run.name, run]));
    const nowMs = clock.wallMs();
    const results = JOBS.map((job) => {
      const run = runs.get(job.name);
      return {
        name: job.name,
        title: job.title,
        every_minutes: job.everyMinutes,
        last_started_at: toInstantOrNull(run?.started_at ?? null),
        last_finished_at: toInstantOrNull(run?.finished_at ?? null),
        last_outcome: run?.outcome ?? null,
        last_detail: run?.detail ?? null,
        next_run_at: new Date(nextRunMs(job, nowMs)).toISOString(),
      };
    });
    return { body: { results } };
  },
);
