import type { Job, JobContext } from './job.js';

const DETAIL_CHARS_MAX = 500;

/** A replica of a version before 0066 writes no `last_done_at`: a run of its that was done is kept from being forgotten. */
const DONE_SQL = `greatest(job_run.last_done_at, CASE WHEN job_run.outcome = 'done' THEN job_run.started_at END)`;

/** Runs a job once and notes when and with what outcome, for whoever looks at the jobs. */
export async function runJob(job: Job, context: JobContext): Promise<void> {
  const { db, clock, log } = context;
  const startedAt = new Date(clock.wallMs());
  await db
    .knex('job_run')
    .insert({ name: job.name, started_at: startedAt, finished_at: null, outcome: 'running' })
    .onConflict('name')
    .merge({
      started_at: startedAt,
      finished_at: null,
      outcome: 'running',
      last_done_at: db.knex.raw(DONE_SQL),
    });
  const finish = (outcome: 'done' | 'failed', detail: string): Promise<unknown> =>
    db
      .knex('job_run')
      .where({ name: job.name })
      .update({
        finished_at: new Date(clock.wallMs()),
        outcome,
        detail: detail.slice(0, DETAIL_CHARS_MAX),
        ...(outcome === 'done' ? { last_done_at: startedAt } : {}),
      });
  try {
    const detail = await job.run(context);
    if (detail !== undefined) log.info({ job: job.name }, detail);
    await finish('done', detail ?? 'nothing to do');
  } catch (error) {
    log.error({ job: job.name, err: error }, 'the job failed; it runs again at its next time');
    await finish('failed', error instanceof Error ? error.message : String(error));
  }
}
