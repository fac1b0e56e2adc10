import type { Clock } from '@rollcall/protocol/clock';
import type { AuditKeys } from '../audit/audit-keys.js';
import type { Database } from '../db/database.js';
import type { ExportFiles } from '../exports/export-files.js';
import type { Log } from '../log.js';

export interface JobContext {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  /** Only what seals the audit log needs them. */
  auditKeys?: AuditKeys | undefined;
  /** Where exports are written; undefined: not by this process. */
  files?: ExportFiles | undefined;
}

/** A periodic job: one file, and its line in the registry. Runs that overlap or repeat must do no harm. */
export interface Job {
  name: string;
  title: string;
  /** A divisor of 60, counted from the full hour. */
  everyMinutes: number;
  /** A channel on which somebody says that there is work at once. */
  wokenBy?: string;
  /** @returns what it did, in a few words; undefined when there was nothing to do */
  run(context: JobContext): Promise<string | undefined>;
}

const MINUTE_MS = 60_000;

/** The next instant on the job's grid; hours of every zone in use start on a minute of this grid or half of it. */
export function nextRunMs({ everyMinutes }: Pick<Job, 'everyMinutes'>, nowMs: number): number {
  const stepMs = everyMinutes * MINUTE_MS;
  return (Math.floor(nowMs / stepMs) + 1) * stepMs;
}

export const cronOf = ({ everyMinutes }: Pick<Job, 'everyMinutes'>): string =>
  everyMinutes === 60 ? '0 * * * *' : `*/${everyMinutes} * * * *`;
