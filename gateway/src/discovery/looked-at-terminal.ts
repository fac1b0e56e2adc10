import { RollcallError } from '@rollcall/protocol/errors';
import type { TerminalLink } from '../drivers/terminal-log.js';

/** A terminal that is only asked whether it is there: its log stays where it is, and no place in it is remembered. */
export const lookedAtTerminal: TerminalLink = {
  async keep({ logs = [], rejected = [], cards = [] }) {
    if (logs.length + rejected.length + cards.length > 0) {
      throw new RollcallError('STORE_BUSY', 'Only looked at: the terminal keeps what it has');
    }
    return { fresh: 0, repeated: 0 };
  },
  recall: () => undefined,
  // Nobody vouches for the clock here: nothing is set by it.
  clockState: () => 'unsynced',
};
