import { type AlgorithmVersion, parseVersion, versionInside } from '../terminal/finger-format.js';
import { positionOf } from '../terminal/finger-number.js';
import { isUser } from '../terminal/terminal-options.js';

/** Base64 characters of one template. The largest seen have 2,728; a terminal's own limit is 4 KiB. */
const TEMPLATE_CHARACTERS_MAX = 8_192;
/** Nothing shorter is a template of any version. */
const TEMPLATE_BYTES_MIN = 32;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** First words of records that hold a template of a finger. `templatev10` is that of access controllers. */
const WORD = /^(?<word>FP|FINGERTMP|BIODATA|TEMPLATEV10)\s+(?=[A-Za-z]+=)/i;
/** Types of BIODATA: a finger; others are faces, veins and palms (PUSH note §1.4). */
const TYPE_FINGER = '1';
const VALID = '1';

export type FingerLine =
  | {
      type: 'finger';
      user: string;
      fingerPosition: number;
      record: Uint8Array;
      /** Undefined where neither the line nor the template says it. */
      version: AlgorithmVersion | undefined;
    }
  /** A face, a palm: nobody asked for it. */
  | { type: 'other' }
  /** `reason` never has anything of the line; `whose` where that can be read. */
  | { type: 'bad'; reason: string; whose?: { user: string; fingerPosition: number } };

/** Whether a line of any table holds a template, whatever else is wrong with it. */
export const isFingerLine = (line: string): boolean => WORD.test(line.trimStart());

/**
 * A template as terminals tell it: `FP PIN=7⇥FID=0⇥Size=612⇥Valid=1⇥TMP=…` among the operations, the same without its
 * first word in a table of its own, `BIODATA Pin=1⇥No=6⇥…⇥Type=1⇥MajorVer=10⇥…⇥Tmp=…`, `templatev10 pin=7⇥fingerid=6⇥…`.
 *
 * @param table that it came in, in capitals
 */
export function parseFingerLine(line: string, table: string): FingerLine {
  const text = line.trim();
  const word = (WORD.exec(text)?.groups?.['word'] ?? table).toUpperCase();
  const members = membersOf(text.replace(WORD, ''));
  if (word === 'BIODATA' && members.get('type') !== TYPE_FINGER) return { type: 'other' };
  const user = members.get('pin') ?? '';
  if (!isUser(user)) return bad('no user');
  const number = members.get('fid') ?? members.get('no') ?? members.get('fingerid') ?? '';
  if (!/^\d$/.test(number)) return bad('no finger');
  const whose = { user, fingerPosition: positionOf(Number(number)) };
  const badOf = (reason: string): FingerLine => ({ type: 'bad', reason, whose });
  if ((members.get('valid') ?? VALID) !== VALID)
    return badOf('a template that is not valid, or of a duress finger');
  if ((members.get('duress') ?? '0') !== '0') return badOf('a duress finger');
  // 0 is the vendor's own form; others are standards that its version does not tell apart.
  if ((members.get('format') ?? '0') !== '0') return badOf('a template in a foreign form');
  const record = decode(members.get('tmp') ?? members.get('template') ?? '', members.get('size'));
  if (typeof record === 'string') return badOf(record);
  return {
    type: 'finger',
    ...whose,
    record,
    version: versionSaid(word, members) ?? versionInside(record),
  };
}

const bad = (reason: string): FingerLine => ({ type: 'bad', reason });

/** Values hold no tabs; base64 may end with the sign that names end with. */
function membersOf(text: string): Map<string, string> {
  return new Map(
    text.split(/\t| (?=[A-Za-z]{2,12}=)/).map((member) => {
      const at = member.indexOf('=');
      return [member.slice(0, Math.max(0, at)).trim().toLowerCase(), member.slice(at + 1).trim()] as const;
    }),
  );
}

/** The bytes, or what is wrong with them. */
function decode(text: string, size: string | undefined): Uint8Array | string {
  if (text === '') return 'no template';
  if (text.length > TEMPLATE_CHARACTERS_MAX) return 'a template that is too long';
  if (!BASE64.test(text) || text.length % 4 === 1) return 'a template that is no base64';
  const record = new Uint8Array(Buffer.from(text, 'base64'));
  if (record.length < TEMPLATE_BYTES_MIN) return 'a template that is too short';
  // The vendor says characters; some firmware counts bytes, and 0 where it does not count.
  const isCounted = size !== undefined && size !== '' && size !== '0';
  if (isCounted && Number(size) !== text.length && Number(size) !== record.length)
    return 'a template of another size than is said';
  return record;
}

function versionSaid(word: string, members: ReadonlyMap<string, string>): AlgorithmVersion | undefined {
  if (word === 'TEMPLATEV10') return { major: 10, minor: 0 };
  const major = members.get('majorver');
  return major === undefined ? undefined : parseVersion(`${major}.${members.get('minorver') ?? '0'}`);
}
