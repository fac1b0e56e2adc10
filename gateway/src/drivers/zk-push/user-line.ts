import type { CardRead } from '@rollcall/protocol/credential';
import { number32 } from '../terminal/number32.js';
import { isUser } from '../terminal/terminal-options.js';

/**
 * A user as terminals tell it (`USER PIN=21⇥Name=…⇥Passwd=…⇥Card=12345678`), of which only the card is taken: names,
 * passwords and templates are dropped unread.
 */
export function parseUserLine(line: string): { user: string; read: CardRead } | undefined {
  const members = membersOf(line);
  const user = members.get('pin') ?? '';
  const read = cardOnFile(members.get('card') ?? members.get('cardno') ?? '');
  return isUser(user) && read !== undefined ? { user, read } : undefined;
}

/** Privilege of whoever may use the menu: above that of an ordinary user (the vendor's PUSH description). */
const ORDINARY = 0;

/** Who a user line is about; undefined for a line of another kind. */
export function parseUserSeen(line: string): { user: string; isAdministrator: boolean } | undefined {
  if (!/^USER(?:INFO)?\s/i.test(line.trimStart())) return undefined;
  const members = membersOf(line.trimStart());
  const user = members.get('pin') ?? '';
  const privilege = members.get('pri') ?? members.get('privilege') ?? '';
  // What cannot be read is not taken for an ordinary user.
  return isUser(user) ? { user, isAdministrator: privilege !== String(ORDINARY) } : undefined;
}

function membersOf(line: string): Map<string, string> {
  return new Map(
    line
      .replace(/^USER(?:INFO)?\s+/i, '')
      .split('\t')
      .map((member) => {
        const at = member.indexOf('=');
        return [member.slice(0, at).trim().toLowerCase(), member.slice(at + 1).trim()] as const;
      }),
  );
}

/** Decimal, or hex in brackets on some models (PUSH note §1.4). */
export function cardOnFile(text: string): CardRead | undefined {
  const bracketed = /^\[(?<hex>[0-9A-Fa-f]{8,10})\]$/.exec(text)?.groups?.['hex'];
  const number =
    bracketed !== undefined
      ? Number.parseInt(bracketed.slice(-8), 16)
      : /^\d{1,10}$/.test(text)
        ? Number(text)
        : 0;
  return number32(number);
}
