import type { RosterClass } from '@rollcall/protocol/roster';
import type { TerminalPeople } from '../drivers/terminal-people.js';
import type { BookedUser } from './terminal-book.js';

export interface RosterPeople {
  /** 0 while no roster was ever received. */
  readonly version: number;
  readonly classes: readonly RosterClass[];
  /** Everybody who has a card. */
  studentRefs(): string[];
}

export interface ListedFinger {
  templateId: string;
  studentRef: string;
  fingerPosition: number;
}

export interface WantedInputs {
  terminal: Pick<TerminalPeople, 'manages' | 'userOf'>;
  roster: RosterPeople;
  /** Of the family of the terminal. */
  fingers: readonly ListedFinger[];
  /** What the roster allows; undefined while that is not known. */
  allowed: ReadonlySet<string> | undefined;
  /** Whom the terminal was told to know. */
  booked: readonly BookedUser[];
  /** Who has a finger there that may stay, or is being enrolled: with him it would go. */
  staying: ReadonlySet<string>;
}

export interface WantedPeople {
  /** By user id; undefined: whoever is there stays. */
  users: ReadonlySet<string> | undefined;
  /** By user and finger; undefined: whatever is there stays. */
  fingers: ReadonlyMap<string, ListedFinger & { userId: string }> | undefined;
  /** What may stay where it is, although it is not wanted anew. */
  allowed: ReadonlySet<string>;
  /** Whoever the roster has, wanted here or not, where that matters: such a user is no stranger. */
  known: ReadonlySet<string>;
}

export const fingerKey = (userId: string, fingerPosition: number): string => `${userId}/${fingerPosition}`;

/**
 * Whom a terminal is to know: as many students as its configuration says, and their fingers. One that nobody manages
 * keeps what was enrolled at it for as long as the roster lists that, and gets nothing.
 */
export function wantedPeople(inputs: WantedInputs): WantedPeople {
  const { terminal, roster, fingers, allowed, staying } = inputs;
  const userOf = (refs: Iterable<string>): string[] => [...refs].flatMap((ref) => terminal.userOf(ref) ?? []);
  const isManaged = terminal.manages !== 'off' && roster.version !== 0;
  const refs = isManaged ? [...roster.studentRefs(), ...fingers.map((one) => one.studentRef)] : [];
  const known = new Set([...userOf(new Set(refs)), ...(isManaged ? staying : [])]);
  const users = isManaged ? managed(inputs, known, userOf) : undefined;
  const nothing = new Set<string>();
  if (allowed === undefined) return { users, fingers: undefined, allowed: nothing, known };
  const wanted = fingers.flatMap((finger) => {
    const userId = terminal.userOf(finger.studentRef);
    if (userId === undefined || users?.has(userId) !== true || !allowed.has(finger.templateId)) return [];
    return [[fingerKey(userId, finger.fingerPosition), { ...finger, userId }] as const];
  });
  return { users, fingers: new Map(wanted), allowed, known };
}

/** Whoever has class here comes in, and stays until he leaves the roster: rooms change from day to day. */
function managed(
  { terminal, roster, booked }: WantedInputs,
  known: ReadonlySet<string>,
  userOf: (refs: Iterable<string>) => string[],
): ReadonlySet<string> {
  if (terminal.manages === 'campus') return known;
  const here = userOf(new Set(roster.classes.flatMap(({ student_refs }) => student_refs)));
  const there = booked.flatMap(({ userId }) => (known.has(userId) ? [userId] : []));
  return new Set([...here, ...there]);
}
