import { RollcallError } from '@rollcall/protocol/errors';
import type { CommandResult } from './command-queue.js';
import { ENROLL } from './return-code.js';

/** It would take the finger of one student for that of another. */
export const stillAsked = (): RollcallError =>
  new RollcallError(
    'ENROLLMENT_BUSY',
    'The terminal still waits for the finger of an enrollment that was ended; leave its menu (ESC), or begin again in five minutes',
  );

/** Why nobody's finger comes any more; undefined where it may come all the same. */
export function enrollFailure(result: CommandResult): RollcallError | undefined {
  switch (result?.code) {
    case ENROLL.failed:
      return new RollcallError(
        'FINGER_INCONSISTENT',
        'The terminal could not make a template of what it saw; wipe its glass, and begin again',
      );
    case ENROLL.duplicate:
      return new RollcallError(
        'DUPLICATE_BIOMETRIC',
        'The terminal has this finger already, under another number or of another user; nothing was stored',
      );
    case ENROLL.cancelled:
      return new RollcallError('FINGER_ABSENT', 'Somebody left the menu of the terminal; begin again');
    case ENROLL.busy:
      return new RollcallError(
        'ENROLLMENT_BUSY',
        'The terminal takes the finger of somebody else; leave its menu (ESC), and begin again',
      );
    default:
      return undefined;
  }
}
