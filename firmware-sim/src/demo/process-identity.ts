import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** A process that cannot be mistaken for a later one with the same number. */
export const processIdentitySchema = z.strictObject({
  name: z.string().max(64),
  pid: z.int().min(1),
  /** Clock ticks from the boot of the machine to the start of the process. */
  start_ticks: z.string(),
  boot_id: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** Fields of `/proc/<pid>/stat` behind the name, which itself can hold blanks and brackets (proc_pid_stat(5)). */
const STATE_FIELD = 0;
const START_TICKS_FIELD = 19;
/** A zombie has ended; only its parent has not asked yet. */
const ENDED_STATES = new Set(['Z', 'X']);

/** Undefined when there is no such process, or it has ended. */
export function identify(name: string, pid: number): ProcessIdentity | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTicks = fields?.[START_TICKS_FIELD];
  if (startTicks === undefined || ENDED_STATES.has(fields?.[STATE_FIELD] ?? '')) return undefined;
  return { name, pid, start_ticks: startTicks, boot_id: bootId() };
}

/** True while this very process runs, not merely one with its number. */
export function isRunning({ name, pid, start_ticks, boot_id }: ProcessIdentity): boolean {
  const found = identify(name, pid);
  return found?.start_ticks === start_ticks && found.boot_id === boot_id;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // ESRCH: the process ended between opening and reading.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
