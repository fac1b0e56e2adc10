import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Clock } from '@rollcall/protocol/clock';

/** Touched by systemd-timesyncd whenever it has set the clock. */
const TIMESYNC_MARK = '/run/systemd/timesync/synchronized';
const TIMEDATECTL_TIMEOUT_MS = 2_000;

/**
 * What says that the wall clock is right; undefined while nothing does. A new value means new evidence, so that
 * after a step the old evidence does not count.
 */
export type SyncProbe = () => Promise<string | undefined>;

/** Something else keeps this clock right: believed at every look. */
export function trustSystem(clock: Clock): SyncProbe {
  return () => Promise.resolve(`system:${clock.monoMs()}`);
}

export interface NtpSources {
  timesyncMarkMs(): Promise<number | undefined>;
  isKernelSynced(): Promise<boolean>;
}

/**
 * Believed when systemd-timesyncd says so, or the kernel, whose flag chrony and ntpd set. The kernel takes its
 * flag back whenever somebody sets the clock by hand, so each look at it is new evidence.
 */
export function trustNtp(clock: Clock, sources: NtpSources = systemSources): SyncProbe {
  return async () => {
    const markMs = await sources.timesyncMarkMs();
    if (markMs !== undefined) return `timesyncd:${markMs}`;
    return (await sources.isKernelSynced()) ? `kernel:${clock.monoMs()}` : undefined;
  };
}

const systemSources: NtpSources = {
  async timesyncMarkMs() {
    try {
      return (await stat(TIMESYNC_MARK)).mtimeMs;
    } catch {
      // Absent until the first synchronization, and on machines that use another daemon.
      return undefined;
    }
  },
  async isKernelSynced() {
    try {
      const { stdout } = await promisify(execFile)(
        'timedatectl',
        ['show', '-p', 'NTPSynchronized', '--value'],
        {
          timeout: TIMEDATECTL_TIMEOUT_MS,
        },
      );
      return stdout.trim() === 'yes';
    } catch {
      // No systemd here: nothing says that the clock is right, and that is the answer.
      return false;
    }
  },
};
