import type { Clock } from '@rollcall/protocol/clock';
import PgBoss from 'pg-boss';
import type { AuditKeys } from '../audit/audit-keys.js';
import { connect } from '../db/connection.js';
import { openSocket } from '../db/cut-off.js';
import type { Database } from '../db/database.js';
import type { Listener } from '../db/listen.js';
import type { ExportFiles } from '../exports/export-files.js';
import type { Log } from '../log.js';
import { ROSTER_CHANNEL } from '../seed/seed-campus.js';
import { nextDueMs } from '../sessions/advance.js';
import { SCHEDULER_CHANNEL } from '../sessions/wake-scheduler.js';
import { advanceSessionsJob } from './advance-sessions.js';
import { cronOf, type JobContext } from './job.js';
import { JOBS } from './registry.js';
import { runJob } from './run-job.js';

const CONNECTIONS_MAX = 3;
const POLLING_INTERVAL_SECONDS = 1;
/** A watermark that passes the end of a class wakes the scheduler; this makes a lost notification good. */
const ADVANCE_INTERVAL_MS = 30_000;
/** A failing or stepping clock must not make a wake-up spin. */
const WAKE_UP_MIN_MS = 250;
const STOP_TIMEOUT_MS = 10_000;
/** Any constant, as long as only this takes it. */
const SET_UP_LOCK = 0x726f6c11;

export interface JobsOptions {
  db: Database;
  clock: Clock;
  log: Log;
  /** A seed brings classes that may have to open at once, a watermark ends the wait of closed ones. */
  listener?: Pick<Listener, 'listen'>;
  /** Without them the audit log is not sealed. */
  auditKeys?: AuditKeys;
  files?: ExportFiles;
}

export interface Jobs {
  stop(): Promise<void>;
}

/**
 * Periodic jobs on pg-boss: its queues let one replica run what is due, its schedule survives restarts. Between
 * the minutes of the schedule each replica wakes for the instant at which the next session opens or closes.
 */
export async function startJobs({ db, clock, log, listener, auditKeys, files }: JobsOptions): Promise<Jobs> {
  // Not an option of its own, but it hands this on: at a stop its connections are cut off with the others.
  const driver = { stream: () => openSocket(db.url) };
  const boss = new PgBoss({
    connectionString: db.url,
    application_name: 'rollcall-jobs',
    max: CONNECTIONS_MAX,
    ...driver,
    // The seed's cleanup of finished jobs is days; nobody reads them, `job_run` has what people ask for.
    archiveCompletedAfterSeconds: 3_600,
    deleteAfterHours: 24,
  });
  boss.on('error', (error) =>
    log.warn({ err: error }, 'the job queue has trouble; it tries again by itself'),
  );
  await aloneInSetUp(db.url, () => prepare(boss, { db, clock, log, auditKeys, files }));
  const stopWaking = keepAwake({ db, clock, log }, () => boss.send(advanceSessionsJob.name, {}));
  const runNow = (name: string) => (): void => {
    boss.send(name, {}).catch((error: unknown) => {
      log.debug({ err: error, job: name }, 'the job waits for its next time');
    });
  };
  const stopListening = [
    ...[ROSTER_CHANNEL, SCHEDULER_CHANNEL].map((channel) => ({ channel, name: advanceSessionsJob.name })),
    ...JOBS.flatMap(({ name, wokenBy }) => (wokenBy === undefined ? [] : [{ channel: wokenBy, name }])),
  ].map(({ channel, name }) => listener?.listen(channel, runNow(name)));
  return {
    async stop() {
      stopWaking();
      for (const stop of stopListening) stop?.();
      await boss.stop({ graceful: true, wait: true, timeout: STOP_TIMEOUT_MS });
    },
  };
}

/** Makes the queues and their schedule; repeating it changes nothing. */
async function prepare(boss: PgBoss, context: JobContext): Promise<void> {
  await boss.start();
  for (const job of JOBS) {
    // Stately: one waiting and one running; more would only repeat them.
    await boss.createQueue(job.name, { name: job.name, policy: 'stately', retryLimit: 0 });
    await boss.work(job.name, { pollingIntervalSeconds: POLLING_INTERVAL_SECONDS }, () =>
      runJob(job, context),
    );
    await boss.schedule(job.name, cronOf(job));
    await boss.send(job.name, {});
  }
}

/** pg-boss creates a queue with partitions under locks that deadlock when two replicas do it at once. */
async function aloneInSetUp(url: string, work: () => Promise<void>): Promise<void> {
  const lock = await connect(url, 'rollcall-jobs-setup');
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [SET_UP_LOCK]);
    await work();
  } finally {
    await lock.close();
  }
}

/** Asks for a look at the sessions whenever one is due, and every half minute in any case. */
function keepAwake(
  { db, clock, log }: Pick<JobsOptions, 'db' | 'clock' | 'log'>,
  wake: () => Promise<unknown>,
): () => void {
  let isStopped = false;
  let cancel: () => void = () => undefined;
  const arm = async (): Promise<void> => {
    let waitMs = ADVANCE_INTERVAL_MS;
    try {
      const dueMs = await nextDueMs(db.knex);
      if (dueMs !== undefined) waitMs = Math.min(waitMs, Math.max(WAKE_UP_MIN_MS, dueMs - clock.wallMs()));
    } catch (error) {
      log.debug({ err: error }, 'the next due session is not known; looking again later');
    }
    if (isStopped) return;
    cancel = clock.after(waitMs, () => {
      wake()
        .catch((error: unknown) =>
          log.debug({ err: error }, 'the wake-up is lost; the schedule comes for it'),
        )
        .finally(() => void arm());
    });
  };
  void arm();
  return () => {
    isStopped = true;
    cancel();
  };
}
