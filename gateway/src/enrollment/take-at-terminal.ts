import type { EnrollArgs } from '@rollcall/protocol/enrollment';
import { RollcallError } from '@rollcall/protocol/errors';
import { untilAborted } from '../biometrics/node/until-aborted.js';
import type { EnrollmentAtTerminal } from '../identify/terminal-enrollments.js';
import { atFinger } from './at-finger.js';
import type { KeepTemplate } from './keep-template.js';
import type { Report } from './take-fingers.js';

/** A terminal makes its template of three impressions, and tells of none of them. */
const IMPRESSIONS = 3;

export interface TakeAtTerminalOptions {
  args: EnrollArgs;
  there: EnrollmentAtTerminal;
  keep: KeepTemplate;
  report: Report;
  signal: AbortSignal;
}

/**
 * Takes fingers at a terminal, which makes templates of its own family. It is asked to begin; where it cannot be, whoever
 * stands there begins at its keypad, and the terminal brings what it took (ADR 45).
 *
 * @throws RollcallError what ended it
 */
export async function takeAtTerminal(options: TakeAtTerminalOptions): Promise<void> {
  const { args, there, report, signal } = options;
  const { terminal } = there;
  signal.throwIfAborted();
  const user = terminal.userOf(args.student_ref);
  if (user === undefined) throw nameless();
  if (terminal.fingerFormat === undefined) throw unknownAlgorithm();
  report({ step: 'started' });
  // The terminal answers within minutes, or not at all; whoever cancels, and the end of the gateway, wait for neither.
  const known = await untilAborted(terminal.change({ action: 'know', user }), signal);
  if (known.outcome === 'refused') {
    throw new RollcallError('DEVICE_REFUSED', `The terminal did not take the student (${known.reason})`);
  }
  try {
    for (const position of args.fingers) await atFinger(position, () => takeAndKeep(options, user, position));
  } finally {
    there.end();
  }
}

async function takeAndKeep(
  { args, there, keep, report, signal }: TakeAtTerminalOptions,
  user: string,
  position: number,
): Promise<void> {
  report({ step: 'place', finger_position: position, impression: 1, impressions: IMPRESSIONS });
  const { format, record } = await there.terminal.takeFinger({ user, fingerPosition: position }, signal);
  there.taken(user, position);
  const templateId = await keep(
    {
      enrollmentId: args.enrollment_id,
      studentRef: args.student_ref,
      fingerPosition: position,
      format,
      record,
      quality: null,
    },
    signal,
  );
  there.kept(user, position, templateId);
  report({ step: 'kept', finger_position: position, template_id: templateId, quality: null });
}

const nameless = (): RollcallError =>
  new RollcallError(
    'COMMAND_INVALID',
    'The terminal does not know students by their roll numbers; set user_ids: roll_number, or enroll at another device',
  );

const unknownAlgorithm = (): RollcallError =>
  new RollcallError(
    'DEVICE_TIMEOUT',
    'The terminal has not said yet which fingerprint algorithm it has; it does within minutes of its first call',
  );
