import { type Clock, delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { isRunning, type ProcessIdentity } from './process-identity.js';

/** As long as a demo waits for its own children, and a little for the kernel. */
const STOPS_WITHIN_MS = 20_000;
const DIES_WITHIN_MS = 5_000;
const CHECK_EVERY_MS = 100;

export interface LeftoverSurroundings {
  clock: Clock;
  signal: AbortSignal;
  say(text: string): void;
}

/**
 * Stops what a killed demo left behind, the last started first: the gateways still deliver while central runs.
 *
 * @throws RollcallError `DEMO_CHILD_FAILED` for one that cannot be stopped.
 */
export async function stopLeftovers(
  leftovers: readonly ProcessIdentity[],
  surroundings: LeftoverSurroundings,
): Promise<void> {
  for (const leftover of leftovers.toReversed()) {
    surroundings.say(
      `The demo before this one was killed and left ${leftover.name} (process ${leftover.pid}) running; stopping it …`,
    );
    if (await isGoneAfter('SIGTERM', STOPS_WITHIN_MS, leftover, surroundings)) continue;
    if (await isGoneAfter('SIGKILL', DIES_WITHIN_MS, leftover, surroundings)) continue;
    throw new RollcallError(
      'DEMO_CHILD_FAILED',
      `${leftover.name} (process ${leftover.pid}) does not end. Stop it yourself: kill -9 ${leftover.pid}.`,
    );
  }
}

async function isGoneAfter(
  signalName: 'SIGTERM' | 'SIGKILL',
  withinMs: number,
  leftover: ProcessIdentity,
  { clock, signal }: LeftoverSurroundings,
): Promise<boolean> {
  const untilMs = clock.monoMs() + withinMs;
  if (!isRunning(leftover)) return true;
  send(signalName, leftover);
  while (clock.monoMs() < untilMs) {
    if (!isRunning(leftover)) return true;
    await delay(clock, CHECK_EVERY_MS, signal);
  }
  return !isRunning(leftover);
}

function send(signalName: 'SIGTERM' | 'SIGKILL', { name, pid }: ProcessIdentity): void {
  try {
    process.kill(pid, signalName);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    throw new RollcallError(
      'DEMO_CHILD_FAILED',
      `${name} (process ${pid}) of an earlier demo cannot be stopped: ${code === 'EPERM' ? 'it belongs to another user' : code}. ` +
        `Stop it as that user with kill ${pid}, or use another --data-dir.`,
      { cause: error },
    );
  }
}
