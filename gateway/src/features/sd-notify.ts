import { execFile } from 'node:child_process';
import type { Log } from '../log.js';

const NOTIFY_TIMEOUT_MS = 10_000;

/** Tells the service manager something, for example `READY=1`. Never fails: it is told, not asked. */
export type Notify = (...assignments: string[]) => void;

export interface NotifyOptions {
  env: NodeJS.ProcessEnv;
  log: Log;
  /** Runs the helper; replaced in tests. */
  execute?: (args: readonly string[], done: (error: Error | null) => void) => void;
}

/**
 * The notification socket is a Unix datagram socket, which Node cannot open, so systemd's own helper sends for
 * it; that is why the unit has `NotifyAccess=all`. Without a service manager nothing is started at all.
 */
export function createNotify({ env, log, execute = runHelper }: NotifyOptions): Notify {
  if (env['NOTIFY_SOCKET'] === undefined) return () => undefined;
  let isWarned = false;
  return (...assignments) => {
    execute(assignments, (error) => {
      if (error === null || isWarned) return;
      isWarned = true;
      log.warn(
        { err: error },
        'systemd-notify does not work; systemd will not know that the gateway is ready',
      );
    });
  };
}

/** Signs of life in the time that systemd allows: one that is held back for a slow disk is no reason to be killed. */
const SIGNS_PER_LIMIT = 4;

/** Milliseconds between two signs of life; undefined where systemd does not watch. */
export function watchdogIntervalMs(env: NodeJS.ProcessEnv): number | undefined {
  const usec = Number(env['WATCHDOG_USEC']);
  return Number.isFinite(usec) && usec > 0 ? usec / 1_000 / SIGNS_PER_LIMIT : undefined;
}

function runHelper(args: readonly string[], done: (error: Error | null) => void): void {
  execFile('systemd-notify', [...args], { timeout: NOTIFY_TIMEOUT_MS }, (error) => done(error));
}
