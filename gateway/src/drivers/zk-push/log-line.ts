import { localFrom, parseLocal } from '../terminal/local-time.js';
import { isUser, type RawEntry } from '../terminal/terminal-options.js';

export type LogLine =
  | { type: 'entry'; entry: RawEntry }
  /** A door, a button, a refusal: something that happened, and nobody's punch. */
  | { type: 'other' }
  | { type: 'bad'; reason: string };

/** Events of access controllers up to here are somebody who was let in; above they are refusals, alarms, buttons. */
const EVENT_ADMITTED_MAX = 19;
/** What firmware writes where nothing is set. */
const UNSET = 255;

/**
 * One line of `table=ATTLOG` or `rtlog` in any of the forms that terminals write: columns between tabs (all attendance
 * firmware), `time=… pin=… verifytype=…` (F22 and access controllers), `PIN=… DateTime=… Verified=…` (older ones),
 * and columns between blanks.
 */
export function parseLogLine(line: string): LogLine {
  const text = line.replace(/^ATTLOG[:\t ]\s*/i, '');
  return /^[A-Za-z_]+\s*=/.test(text.trimStart()) ? fromMembers(text) : fromColumns(text);
}

function fromColumns(text: string): LogLine {
  const columns = text.includes('\t') ? text.split('\t') : columnsBetweenBlanks(text);
  const [user = '', time = '', status = '', verify = ''] = columns.map((column) => column.trim());
  return toEntry({ user, time, status, verify });
}

/** The time has a blank of its own. */
function columnsBetweenBlanks(text: string): string[] {
  const [user = '', date = '', time = '', ...rest] = text.trim().split(/[ ,]+/);
  return [user, `${date} ${time}`, ...rest];
}

function fromMembers(text: string): LogLine {
  // Values hold blanks (the time does), so a member ends where the next name begins.
  const members = new Map(
    [...text.matchAll(/(?<name>[A-Za-z_]+)\s*=\s*(?<value>.*?)(?=[\t ]+[A-Za-z_]+\s*=|$)/g)].map(
      ({ groups = {} }) => [(groups['name'] ?? '').toLowerCase(), (groups['value'] ?? '').trim()] as const,
    ),
  );
  const event = members.get('event');
  const user = members.get('pin') ?? '';
  if (event !== undefined && (Number(event) > EVENT_ADMITTED_MAX || !isUser(user))) return { type: 'other' };
  return toEntry({
    user,
    time: members.get('time') ?? members.get('datetime') ?? '',
    status: members.get('inoutstatus') ?? members.get('status') ?? '',
    verify: members.get('verifytype') ?? members.get('verified') ?? members.get('verify') ?? '',
    index: members.get('index'),
  });
}

interface Columns {
  user: string;
  time: string;
  status: string;
  verify: string;
  index?: string | undefined;
}

function toEntry({ user, time, status, verify, index }: Columns): LogLine {
  if (!isUser(user)) return { type: 'bad', reason: 'no user' };
  const local = parseLocal(time) ?? fromUnixTime(time);
  if (local === undefined) return { type: 'bad', reason: 'no time' };
  const statusCode = codeOf(status);
  const verifyCode = codeOf(verify);
  if (statusCode === undefined || verifyCode === undefined) return { type: 'bad', reason: 'no number' };
  const place = index === undefined ? undefined : codeOf(index);
  return {
    type: 'entry',
    entry: {
      user,
      local,
      status: statusCode,
      verify: verifyCode,
      // Devices without a place of their own write 0 everywhere.
      ...(place === undefined || place === 0 ? {} : { index: place }),
    },
  };
}

/** An absent column says as much as one that is not set. */
function codeOf(text: string): number | undefined {
  if (text === '') return UNSET;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Some firmware writes seconds since 1970, of its own wall clock. */
function fromUnixTime(text: string): number | undefined {
  if (!/^\d{9,10}$/.test(text)) return undefined;
  const date = new Date(Number(text) * 1_000);
  return localFrom({
    y: date.getUTCFullYear(),
    mo: date.getUTCMonth() + 1,
    d: date.getUTCDate(),
    h: date.getUTCHours(),
    mi: date.getUTCMinutes(),
    s: date.getUTCSeconds(),
  });
}
