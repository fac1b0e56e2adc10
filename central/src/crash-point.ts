/** Places between the steps of ingest where a fault test kills the process for real. */
export const CRASH_POINTS = ['before-commit', 'after-commit', 'after-ack'] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/**
 * Dies here, as a power cut would, when `ROLLCALL_CRASH_AT` names this point. Unset in production: one
 * comparison.
 */
export function crashPoint(point: CrashPoint): void {
  if (process.env['ROLLCALL_CRASH_AT'] === point) process.kill(process.pid, 'SIGKILL');
}
