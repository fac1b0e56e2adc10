import type { TerminalPeople } from '../drivers/terminal-people.js';
import type { PeopleSyncResult } from './sync-people.js';

/** A connected terminal, and how far it is. */
export interface Served {
  terminal: TerminalPeople;
  stopped: AbortController;
  isRunning: boolean;
  mustRunAgain: boolean;
  /** The roster or the templates have changed since the run began. */
  isOvertaken: boolean;
  /** The last run has ended well, and nothing is new since. */
  isFilled: boolean;
  hasListed: boolean;
  seen: Set<string>;
  /** The counts for which all of it was sent again, so that a terminal that counts otherwise is not filled for ever. */
  resentFor: string | undefined;
  cancelRetry: (() => void) | undefined;
}

export function serve(terminal: TerminalPeople): Served {
  return {
    terminal,
    stopped: new AbortController(),
    isRunning: false,
    mustRunAgain: false,
    isOvertaken: false,
    isFilled: false,
    hasListed: false,
    seen: new Set(),
    resentFor: undefined,
    cancelRetry: undefined,
  };
}

/** One that has not said its algorithm was given no finger, and a run that something overtook did not know of it. */
export function hasAll({ terminal, mustRunAgain }: Served, { refused, unread }: PeopleSyncResult): boolean {
  return refused === 0 && unread === 0 && terminal.fingerFormat !== undefined && !mustRunAgain;
}
