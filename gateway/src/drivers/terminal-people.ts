import type { UserChange } from './user-change.js';

/** A finger as a terminal's own algorithm has it: opaque to everybody but terminals of its family. */
export interface TerminalFinger {
  /** Family and version of the record, as in `template-transfer`. */
  readonly format: string;
  readonly record: Uint8Array;
}

/** Beyond what people ask for by hand: what the roster and the gallery have done. */
export type PeopleChange =
  | UserChange
  /** The user is known from now on; whatever the terminal has of him stays. */
  | { action: 'know'; user: string }
  | ({ action: 'put_finger'; user: string; fingerPosition: number } & TerminalFinger)
  | { action: 'remove_finger'; user: string; fingerPosition: number }
  /** All of a user, and nothing else of him. */
  | { action: 'remove_fingers'; user: string };

/** `refused` is final until something changes; `reason` names what the terminal answered. */
export type ChangeOutcome =
  | { outcome: 'done' }
  | {
      outcome: 'refused';
      reason: string;
      /** It never does that; without it, it may later. */
      isUnsupported?: true;
    };

/** Whom a connected terminal is told to know. */
export interface TerminalPeople {
  /** Tells this terminal from every other one, wherever it is plugged in. */
  readonly identity: string;
  /** Which students its users are: nobody, those with class in the building, or all with a card or a finger. */
  readonly manages: 'off' | 'classes' | 'campus';
  /** Whether users that no roster has are deleted. */
  readonly deletesStrangers: boolean;
  /** Of the fingers that it takes; undefined while it has not said which algorithm it has. */
  readonly fingerFormat: string | undefined;
  /** How the terminal calls a student; undefined where it cannot. */
  userOf(studentRef: string): string | undefined;
  /**
   * Resolves once the terminal has answered.
   *
   * @throws RollcallError `DEVICE_TIMEOUT` where it never does, `PORT_CLOSED`
   */
  change(change: PeopleChange): Promise<ChangeOutcome>;
  /** Has it tell all its users, each by {@link PeopleLink.userSeen}. */
  listUsers(): Promise<ChangeOutcome>;
  /**
   * Has it take a finger of a user, and gives what it took. Where it cannot be asked to, somebody does it at its
   * keypad meanwhile.
   *
   * @throws RollcallError `DUPLICATE_BIOMETRIC`, `FINGER_INCONSISTENT`, `FINGER_ABSENT`, `ENROLLMENT_BUSY`, `PORT_CLOSED`, or the reason of the signal
   */
  takeFinger(finger: { user: string; fingerPosition: number }, signal: AbortSignal): Promise<TerminalFinger>;
  /** Shows on the device that something is not as it should; null once it is. */
  tell(problem: string | null): void;
}

/** A finger that a terminal brings although no enrollment waits for it. */
export interface BroughtFinger {
  /** Undefined where it could not be read, or is one that is never taken. */
  readonly record: Uint8Array | undefined;
  /** Of the record. */
  readonly format: string | undefined;
  readonly user: string;
  readonly studentRef: string | undefined;
  readonly fingerPosition: number;
}

/** What a terminal's driver tells the gateway about its people. */
export interface PeopleLink {
  /** Whether this gateway keeps fingers at all. */
  readonly keepsFingers: boolean;
  /** It can be told from now on; undefined: no more. */
  reachable(terminal: TerminalPeople | undefined): void;
  /** What becomes of it is not the driver's business. */
  fingerBrought(finger: BroughtFinger): void;
  userSeen(user: { user: string; isAdministrator: boolean }): void;
  /** It was reset, or its people were deleted. */
  forgotAll(): void;
  /** How many people and fingers it says to have. */
  counted(count: { users: number; fingers: number }): void;
  /** A person had this done. */
  changedByHand(change: UserChange): void;
}
