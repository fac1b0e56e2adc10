import { RollcallError } from '@rollcall/protocol/errors';
import type { TerminalLink } from '../drivers/terminal-log.js';

/** Where nothing is stored (a test of a plain reader), nothing of a terminal's log may be acknowledged. */
export const noTerminalLink: TerminalLink = {
  keep: () =>
    Promise.reject(new RollcallError('STORE_BUSY', 'There is no store here for the log of a terminal')),
  recall: () => undefined,
  clockState: () => 'unsynced',
};
