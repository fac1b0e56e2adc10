export interface OptionBlock {
  serial: string;
  /** `pushver` of the terminal's first request; undefined of firmware before push 2. */
  pushVersion: string | undefined;
  /** How far the log was taken; undefined when nothing was taken yet. */
  logStamp: string | undefined;
  operationStamp: string | undefined;
  /** Seconds between two polls, and before a failed request is repeated. */
  delay: number;
  errorDelay: number;
  /** Users with their cards. */
  wantsUsers: boolean;
  /** Fingers that are taken at its keypad from now on. */
  wantsFingers: boolean;
  /** The line about the time zone, in the way that this firmware understands it; undefined leaves it alone. */
  timeZone: string | undefined;
}

/** Nothing older than now; for what is not wanted at all. */
const ONLY_NEW = '9999';

/**
 * The answer to a terminal's first request (PUSH note §1.2). A terminal that was never drained is asked for all that
 * it holds. Faces and photos are never asked for, nor fingers that it has already.
 */
export function optionBlock(options: OptionBlock): string {
  const { serial, logStamp, operationStamp, delay, errorDelay, wantsUsers, timeZone } = options;
  const isOld = Number.parseFloat(options.pushVersion ?? '0') < 2;
  const nothing = isOld ? '0' : 'None';
  const log = logStamp ?? nothing;
  const operation = wantsUsers ? (operationStamp ?? nothing) : ONLY_NEW;
  return [
    `GET OPTION FROM: ${serial}`,
    ...(isOld
      ? [`Stamp=${log}`, `OpStamp=${operation}`, `PhotoStamp=${ONLY_NEW}`]
      : [`ATTLOGStamp=${log}`, `OPERLOGStamp=${operation}`, `ATTPHOTOStamp=${ONLY_NEW}`]),
    `ErrorDelay=${errorDelay}`,
    `Delay=${delay}`,
    'TransTimes=00:00;14:05',
    'TransInterval=1',
    `TransFlag=${transFlag(isOld, options)}`,
    ...(timeZone === undefined ? [] : [`TimeZone=${timeZone}`]),
    'Realtime=1',
    `Encrypt=${isOld ? '0' : 'None'}`,
    '',
  ].join('\n');
}

/** In the order of the flags of old firmware: the vendor's PUSH description, and its names for newer firmware. */
const FLAGS = [
  'AttLog',
  'OpLog',
  'AttPhoto',
  'EnrollFP',
  'EnrollUser',
  'FPImag',
  'ChgUser',
  'ChgFP',
  'FACE',
  'UserPic',
] as const;

function transFlag(isOld: boolean, { wantsUsers, wantsFingers }: OptionBlock): string {
  const wanted: ReadonlySet<(typeof FLAGS)[number]> = new Set([
    'AttLog',
    ...(wantsUsers || wantsFingers ? (['OpLog'] as const) : []),
    ...(wantsUsers ? (['EnrollUser', 'ChgUser'] as const) : []),
    ...(wantsFingers ? (['EnrollFP', 'ChgFP'] as const) : []),
  ]);
  return isOld
    ? FLAGS.map((flag) => (wanted.has(flag) ? '1' : '0')).join('')
    : `TransData ${[...wanted].join('\t')}`;
}

/** What push 3 asks for after it registered (PUSH note §1.7; names as in the servers that speak it). */
export function pushParameters({ errorDelay, delay }: Pick<OptionBlock, 'errorDelay' | 'delay'>): string {
  return [
    'ServerVersion=3.1.1',
    'ServerName=Rollcall',
    'PushVersion=3.0.1',
    `ErrorDelay=${errorDelay}`,
    `RequestDelay=${delay}`,
    'TransTimes=00:00;14:05',
    'TransInterval=1',
    'TransTables=Transaction',
    'Realtime=1',
    'TimeoutSec=30',
    '',
  ].join('\n');
}

/**
 * India trap (PUSH note §1.2): some firmware reads whole hours, some minutes. A zone that is no whole number of hours is
 * never written in hours.
 */
export function timeZoneLine(form: 'none' | 'hours' | 'minutes', offsetMs: number): string | undefined {
  const minutes = Math.round(offsetMs / 60_000);
  if (form === 'minutes') return String(minutes);
  return form === 'hours' && minutes % 60 === 0 ? String(minutes / 60) : undefined;
}
