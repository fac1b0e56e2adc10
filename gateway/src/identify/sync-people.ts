import { hasCode } from '@rollcall/protocol/errors';
import type { ChangeOutcome, PeopleChange, TerminalPeople } from '../drivers/terminal-people.js';
import type { Log } from '../log.js';
import type { TerminalBook } from './terminal-book.js';
import { fingerKey, type ListedFinger, type WantedPeople } from './wanted-people.js';

/** Changes that wait in the queue of a terminal at once. */
const CHANGES_AT_ONCE = 20;

export interface SyncPeopleOptions {
  terminal: TerminalPeople;
  book: TerminalBook;
  wanted: WantedPeople;
  /** Such a finger is left alone. */
  isEnrolling(userId: string, fingerPosition: number): boolean;
  /** @throws RollcallError `TEMPLATE_INVALID`, `SEAL_BROKEN` */
  readTemplate(templateId: string): Uint8Array;
  /** What is wanted has changed since: the rest of it is nobody's wish any more. */
  isOvertaken(): boolean;
  signal: AbortSignal;
  log: Log;
}

export interface PeopleSyncResult {
  done: number;
  /** Changes that the terminal refused, and what it answered first. */
  refused: number;
  reason: string | undefined;
  /** Templates that could not be read. */
  unread: number;
}

interface Step {
  /** Undefined where it cannot be told at all. */
  change(): PeopleChange | undefined;
  /** What does as well where the terminal never does it. */
  otherwise?: Step;
  /** Before it is told. */
  mark(): void;
  /** After it has said that it did it. */
  settle(): void;
}

/**
 * Makes the users and fingers of a terminal those that are wanted, as `syncSlots` does for modules: first what is to go,
 * then what is missing. Nothing is told twice that it has said it did; what it did not answer is told again by the next
 * run, which changes nothing that is there already. It ends early where it is overtaken.
 *
 * @throws RollcallError `DEVICE_TIMEOUT`, `PORT_CLOSED`, or the reason of the signal
 */
export async function syncPeople(options: SyncPeopleOptions): Promise<PeopleSyncResult> {
  const result: PeopleSyncResult = { done: 0, refused: 0, reason: undefined, unread: 0 };
  // In this order: a user takes his fingers with him, and fingers need their user.
  for (const plan of [fingersToRemove, usersToRemove, usersToPut, fingersToPut]) {
    const steps = plan(options);
    for (let at = 0; at < steps.length; at += CHANGES_AT_ONCE) {
      options.signal.throwIfAborted();
      const batch = steps.slice(at, at + CHANGES_AT_ONCE);
      const settled = await Promise.allSettled(batch.map((step) => carryOut(step, options)));
      const failed = settled.find((one) => one.status === 'rejected');
      for (const one of settled) if (one.status === 'fulfilled') count(one.value, result);
      if (failed !== undefined) throw failed.reason;
      // A withdrawal does not wait behind thousands who come.
      if (options.isOvertaken()) return result;
    }
  }
  return result;
}

/** @returns undefined where there was nothing to tell */
async function carryOut(step: Step, options: SyncPeopleOptions): Promise<ChangeOutcome | undefined> {
  const change = step.change();
  if (change === undefined) return undefined;
  step.mark();
  const outcome = await options.terminal.change(change);
  if (outcome.outcome === 'done') step.settle();
  else if (step.otherwise !== undefined && outcome.isUnsupported) return carryOut(step.otherwise, options);
  return outcome;
}

function count(outcome: ChangeOutcome | undefined, result: PeopleSyncResult): void {
  if (outcome === undefined) {
    result.unread += 1;
    return;
  }
  if (outcome.outcome === 'done') {
    result.done += 1;
    return;
  }
  result.refused += 1;
  result.reason ??= outcome.reason;
}

function fingersToRemove(options: SyncPeopleOptions): Step[] {
  const { terminal, book, wanted } = options;
  const { identity } = terminal;
  const { users, fingers, allowed } = wanted;
  if (fingers === undefined) return [];
  const booked = new Set(book.users(identity).map(({ userId }) => userId));
  return book.fingers(identity).flatMap(({ userId: user, fingerPosition, templateId, isHeld }) => {
    const listed = fingers.get(fingerKey(user, fingerPosition));
    const mayStay = listed === undefined ? allowed.has(templateId) : listed.templateId === templateId;
    // Whoever is removed takes his fingers with him.
    const leaves = users?.has(user) === false && booked.has(user);
    if (mayStay || leaves || options.isEnrolling(user, fingerPosition)) return [];
    return {
      change: () => ({ action: 'remove_finger', user, fingerPosition }) as const,
      mark: () => book.putFinger(identity, { userId: user, fingerPosition, templateId, isHeld }),
      settle: () => book.removeFinger(identity, user, fingerPosition),
      // Firmware that deletes no single finger deletes the user, who is put anew with the others; where nobody would put
      // him, all his fingers.
      otherwise: users === undefined ? fingersRemoval(options, user) : removal(options, user),
    };
  });
}

function usersToRemove(options: SyncPeopleOptions): Step[] {
  const { users } = options.wanted;
  if (users === undefined) return [];
  const booked = options.book.users(options.terminal.identity);
  return booked.flatMap(({ userId }) => (users.has(userId) ? [] : removal(options, userId)));
}

function removal({ terminal: { identity }, book }: SyncPeopleOptions, user: string): Step {
  return {
    change: () => ({ action: 'remove', user }),
    mark: () => book.putUser(identity, { userId: user, isHeld: false }),
    settle: () => book.removeUser(identity, user),
  };
}

function fingersRemoval({ terminal: { identity }, book }: SyncPeopleOptions, user: string): Step {
  return {
    change: () => ({ action: 'remove_fingers', user }),
    // The row of the finger that is to go is there already.
    mark: () => undefined,
    settle: () => book.removeFingers(identity, user),
  };
}

function usersToPut({ terminal: { identity }, book, wanted }: SyncPeopleOptions): Step[] {
  const held = heldUsers(book, identity);
  return [...(wanted.users ?? [])].flatMap((user) =>
    held.has(user)
      ? []
      : {
          change: () => ({ action: 'know', user }) as const,
          mark: () => book.putUser(identity, { userId: user, isHeld: false }),
          settle: () => book.putUser(identity, { userId: user, isHeld: true }),
        },
  );
}

/** Only of users that it has: it would refuse the others. */
function fingersToPut(options: SyncPeopleOptions): Step[] {
  const { terminal, book, wanted } = options;
  const { identity, fingerFormat: format } = terminal;
  if (format === undefined) return [];
  const users = heldUsers(book, identity);
  return [...(wanted.fingers?.values() ?? [])].flatMap(({ userId: user, fingerPosition, templateId }) => {
    const booked = book.finger(identity, user, fingerPosition);
    // One that is to be replaced and could not be removed stays in the book under its own name.
    if (booked !== undefined && (booked.isHeld || booked.templateId !== templateId)) return [];
    if (!users.has(user) || options.isEnrolling(user, fingerPosition)) return [];
    const row = { userId: user, fingerPosition, templateId };
    return {
      change: () => {
        const record = read(templateId, options);
        return record && ({ action: 'put_finger', user, fingerPosition, format, record } as const);
      },
      mark: () => book.putFinger(identity, { ...row, isHeld: false }),
      settle: () => book.putFinger(identity, { ...row, isHeld: true }),
    };
  });
}

function heldUsers(book: TerminalBook, terminal: string): Set<string> {
  return new Set(book.users(terminal).flatMap(({ userId, isHeld }) => (isHeld ? [userId] : [])));
}

/** One bad template must not keep the others away. */
function read(
  templateId: ListedFinger['templateId'],
  { readTemplate, log }: SyncPeopleOptions,
): Uint8Array | undefined {
  try {
    return readTemplate(templateId);
  } catch (error) {
    if (!hasCode(error, 'TEMPLATE_INVALID') && !hasCode(error, 'SEAL_BROKEN')) throw error;
    log.warn({ err: error, template_id: templateId }, 'a template could not be read for a terminal');
    return undefined;
  }
}
