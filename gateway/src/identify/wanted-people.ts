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
  /** Whoever has a card, a finger or a class on the roster, wanted here or not: such a user is no stranger. */
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
  const followed = new Set([...userOf(new Set(refs)), ...(isManaged ? staying : [])]);
  const here = isManaged ? userOf(new Set(roster.classes.flatMap(({ student_refs }) => student_refs))) : [];
  const users = isManaged ? managed(inputs, followed, here) : undefined;
  const known = new Set([...followed, ...here]);
  const nothing = new Set<string>();
  if (allowed === undefined) return { users, fingers: undefined, allowed: nothing, known };
  const wanted = fingers.flatMap((finger) => {
    const userId = terminal.userOf(finger.studentRef);
    if (userId === undefined || users?.has(userId) !== true || !allowed.has(finger.templateId)) return [];
    return [[fingerKey(userId, finger.fingerPosition), { ...finger, userId }] as const];
  });
  return { users, fingers: new Map(wanted), allowed, known };
}

/**
 * Whoever has class here comes in, and stays for as long as the roster has a card or a finger of his: rooms change from day to
 * day. Of those who have neither, a roster does not say when they leave; they are nobody's to put or to delete.
 */
function managed(
  { terminal, booked }: WantedInputs,
  followed: ReadonlySet<string>,
  here: readonly string[],
): ReadonlySet<string> {
  if (terminal.manages === 'campus') return followed;
  const there = booked.map(({ userId }) => userId);
  return new Set([...here, ...there].filter((userId) => followed.has(userId)));
}
