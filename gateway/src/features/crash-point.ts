import { RollcallError } from '@rollcall/protocol/errors';

/** The moments between which a crash must lose nothing, in the order of a punch's life. */
export const CRASH_POINTS = [
  'before-commit',
  'after-commit',
  'before-publish',
  'after-publish',
  'after-puback',
  'after-ack-received',
  'after-ack-marked',
  'during-prune',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

const armed = arm(process.env['ROLLCALL_CRASH_AT']);

/**
 * A hook for fault tests and for nothing else: with `ROLLCALL_CRASH_AT=<name>[:n]` in the environment the
 * process kills itself, as a power cut would, when it passes the named point for the n-th time.
 */
export function crashPoint(name: CrashPoint): void {
  if (armed === undefined || armed.name !== name) return;
  armed.passesLeft -= 1;
  if (armed.passesLeft === 0) process.kill(process.pid, 'SIGKILL');
}

/** Whether the process is to die at the named point: where reaching it needs another way than the usual one. */
export const isArmed = (name: CrashPoint): boolean => armed?.name === name;

/** @throws RollcallError `CONFIG_INVALID` for a name that no point has: a misspelt one would test nothing. */
export function arm(text: string | undefined): { name: CrashPoint; passesLeft: number } | undefined {
  if (text === undefined || text === '') return undefined;
  const [, given, passes = '1'] = /^([a-z-]+)(?::([1-9]\d{0,8}))?$/.exec(text) ?? [];
  const name = CRASH_POINTS.find((point) => point === given);
  if (name !== undefined) return { name, passesLeft: Number(passes) };
  throw new RollcallError(
    'CONFIG_INVALID',
    `ROLLCALL_CRASH_AT is "${text}"; write <name> or <name>:<n> with one of ${CRASH_POINTS.join(', ')}, or unset it`,
  );
}
