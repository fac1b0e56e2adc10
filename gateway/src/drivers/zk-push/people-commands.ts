import { versionOf } from '../terminal/finger-format.js';
import { fingerNumber } from '../terminal/finger-number.js';
import type { PeopleChange, TerminalFinger } from '../terminal-people.js';
import { userCommands } from './user-commands.js';

/** Fingers of newer algorithms are only in the table of all biometrics (the vendor's PUSH description). */
const FINGERTMP_MAJOR_MAX = 10;

/** A command, and the one that says the same to firmware that refuses it. */
export interface Told {
  text: string;
  isOptional: boolean;
}

/** What a terminal is told to change about its people, in order. */
export function peopleCommands(change: PeopleChange, format: string | undefined): Told[] {
  switch (change.action) {
    case 'know':
      // Without a privilege: one who is on the roster may look after the terminal as well.
      return [{ text: `DATA UPDATE USERINFO PIN=${change.user}`, isOptional: false }];
    case 'put_finger':
      return [{ text: putFinger(change), isOptional: false }];
    case 'remove_finger': {
      const number = fingerNumber(change.fingerPosition);
      const text = isUnified(format)
        ? `DATA DELETE BIODATA Pin=${change.user}\tType=1\tNo=${number}`
        : `DATA DELETE FINGERTMP PIN=${change.user}\tFID=${number}`;
      return [{ text, isOptional: false }];
    }
    case 'remove_fingers':
      return [{ text: removeFingers(change.user, format), isOptional: false }];
    case 'forget_biometrics': {
      // A terminal has some of the tables; that of its own fingers has to be empty before they count as gone.
      const fingers = format === undefined ? undefined : removeFingers(change.user, format);
      return userCommands(change).map(({ text }) => ({ text, isOptional: text !== fingers }));
    }
    default:
      return userCommands(change);
  }
}

/** All of a user, as `userCommands` says it. */
const removeFingers = (user: string, format: string | undefined): string =>
  isUnified(format) ? `DATA DELETE BIODATA PIN=${user}\tType=1` : `DATA DELETE FINGERTMP PIN=${user}`;

function putFinger({
  user,
  fingerPosition,
  format,
  record,
}: { user: string; fingerPosition: number } & TerminalFinger): string {
  const number = fingerNumber(fingerPosition);
  const template = Buffer.from(record).toString('base64');
  if (!isUnified(format)) {
    return `DATA UPDATE FINGERTMP PIN=${user}\tFID=${number}\tSize=${template.length}\tValid=1\tTMP=${template}`;
  }
  const { major = 0, minor = 0 } = versionOf(format) ?? {};
  return [
    `DATA UPDATE BIODATA Pin=${user}`,
    `No=${number}`,
    'Index=0',
    'Valid=1',
    'Duress=0',
    'Type=1',
    `MajorVer=${major}`,
    `MinorVer=${minor}`,
    'Format=0',
    `Tmp=${template}`,
  ].join('\t');
}

function isUnified(format: string | undefined): boolean {
  const version = format === undefined ? undefined : versionOf(format);
  return version !== undefined && (version.major > FINGERTMP_MAJOR_MAX || version.minor > 0);
}

/** Has the terminal begin to take a finger; whatever is there of it is replaced. */
export const enrollCommand = (user: string, fingerPosition: number): string =>
  `ENROLL_FP PIN=${user}\tFID=${fingerNumber(fingerPosition)}\tRETRY=3\tOVERWRITE=1`;
