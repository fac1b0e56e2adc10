import type { CardRead } from '@rollcall/protocol/credential';
import type { ClockState, DirectionHint, PunchKind } from '@rollcall/protocol/punch';
import type { PeopleLink } from './terminal-people.js';

/** One entry of a terminal's own log. */
export interface TerminalLog {
  /** What tells this entry from every other one of the terminal, however often it is sent. */
  readonly identity: string;
  /** The terminal's own number or name of the person. */
  readonly user: string;
  /** The terminal's wall clock in its time zone, as milliseconds since 1970 UTC. Untrusted. */
  readonly deviceTimeMs: number;
  readonly kind: PunchKind;
  /** How the terminal says it verified the person, in words (`fp+card`). */
  readonly verifyMethod: string;
  readonly directionHint?: DirectionHint;
  /** The person on the campus roster, where the configuration says how the terminal's users are named. */
  readonly studentRef?: string;
  /** The person is whoever has the card that the terminal has on file for this user. */
  readonly isLinkedByCard?: true;
  /** Place in the terminal's log. */
  readonly index?: number;
}

/** An entry that could not be read. It is put aside on the gateway, whole, and blocks nobody. */
export interface RejectedLine {
  readonly line: string;
  readonly reason: string;
}

/**
 * What is known of the terminal's clock: a reading of it together with our monotonic clock, or, from an earlier
 * connection, how far it was ahead of true time.
 */
export type TerminalClock =
  | { readonly terminalMs: number; readonly monoMs: number }
  | { readonly offsetMs: number };

/** What a person has to know about a terminal; travels to central with the log. */
export type TerminalNews =
  | { type: 'log_gap'; fromMs: number | undefined; throughMs: number | undefined; reason: string }
  | { type: 'device_clock_wrong'; offsetMs: number };

export interface KeepRequest {
  readonly logs?: readonly TerminalLog[];
  readonly rejected?: readonly RejectedLine[];
  readonly news?: readonly TerminalNews[];
  /** Cards that the terminal has on file for its users. Only their keyed hashes are remembered. */
  readonly cards?: readonly { readonly user: string; readonly read: CardRead }[];
  /** Undefined while nothing is known of the terminal's clock. */
  readonly clock?: TerminalClock | undefined;
  /** What to remember with them, in the same transaction: how far the log is drained. */
  readonly memory?: Readonly<Record<string, string>>;
}

export interface Kept {
  /** Entries, rejected lines included, that were new. */
  readonly fresh: number;
  /** Entries that were kept before: the terminal sent them again. */
  readonly repeated: number;
}

/** What a driver of a terminal may ask of the gateway beyond the wire. */
export interface TerminalLink {
  /**
   * Resolves once everything is fsynced: only then may the terminal be told that it can forget or go on. An entry
   * that was kept before is not kept twice, whatever happened in between.
   *
   * @throws RollcallError `STORE_FULL`, `STORE_BUSY` or `STORE_CORRUPT`: nothing of it is kept.
   */
  keep(request: KeepRequest): Promise<Kept>;
  /** What this device was told to remember, over restarts. */
  recall(name: string): string | undefined;
  /** How far the gateway's own clock can be believed now. */
  clockState(): ClockState;
  /** Whom it is to know; absent where nothing is kept of people. */
  readonly people?: PeopleLink | undefined;
}
