import type { CardNumbers } from './cards.js';

/** Whoever comes to a device: with a card, as a user of a terminal, or with a finger. */
export interface Bearer {
  card: CardNumbers;
  /** User id on terminals. */
  rollNumber: string;
}

export interface ReaderKind {
  /** Of the id of such a device. */
  prefix: string;
  title: string;
  /** Profile of the simulated device; its first unless named. */
  profile?: string;
  /** What is shown to the simulated device: the number that it sees of a card, a user id, or the name of a finger. */
  shows(bearer: Bearer): string;
  /** Of a scanner: which finger people use here (ISO/IEC 19794-2), and the templates that it understands. */
  finger?: { position: number; format: string; templateBytes: number };
  /** Without lights of its own another device of the room answers for it; a terminal has a display. */
  answers: 'itself' | 'elsewhere';
  /** A pty, a socket for reports, a terminal that calls the gateway, or one that is called. */
  connection: 'pty' | 'reports' | 'calls' | 'called';
  /** Options of the driver, as in the configuration file of the gateway. */
  options: Readonly<Record<string, string | number>>;
}

const em4100 = ({ card }: Bearer): string => card.em4100;
const iso14443a = ({ card }: Bearer): string => card.iso14443a;
const userId = ({ rollNumber }: Bearer): string => rollNumber;
/** The same name is the same finger on every sensor. */
export const fingerName = ({ rollNumber }: Pick<Bearer, 'rollNumber'>, position: number): string =>
  `${rollNumber}-finger-${position}`;
const finger = (position: number) => (bearer: Bearer) => fingerName(bearer, position);

/** The readers, scanners and terminals of the demo campus: one of every family. */
export const READER_KINDS = {
  rdm6300: {
    prefix: 'rdm',
    title: 'card reader',
    shows: em4100,
    answers: 'elsewhere',
    connection: 'pty',
    options: {},
  },
  line: {
    prefix: 'line',
    title: 'card reader',
    shows: iso14443a,
    answers: 'itself',
    connection: 'pty',
    options: { baud: 115_200 },
  },
  pn532: {
    prefix: 'pn532',
    title: 'card reader',
    shows: iso14443a,
    answers: 'elsewhere',
    connection: 'pty',
    options: {},
  },
  osdp: {
    prefix: 'osdp',
    title: 'card reader',
    profile: 'csn',
    shows: iso14443a,
    answers: 'itself',
    connection: 'pty',
    options: { address: 0 },
  },
  twn4: {
    prefix: 'twn4',
    title: 'card reader',
    shows: iso14443a,
    answers: 'itself',
    connection: 'pty',
    options: {},
  },
  wiegand: {
    prefix: 'wiegand',
    title: 'Wiegand reader',
    // 26 bits: what such readers show of an EM4100 card.
    shows: ({ card }) => card.em4100.slice(-6),
    answers: 'elsewhere',
    connection: 'pty',
    options: {},
  },
  chafon: {
    prefix: 'uhf',
    title: 'UHF reader',
    shows: ({ card }) => card.uhf,
    answers: 'elsewhere',
    connection: 'pty',
    options: {},
  },
  'hid-keyboard': {
    prefix: 'key',
    title: 'keyboard reader',
    shows: em4100,
    answers: 'elsewhere',
    connection: 'reports',
    options: {},
  },
  'hid-pos': {
    prefix: 'pos',
    title: 'QR scanner',
    profile: 'qr-hex',
    shows: em4100,
    answers: 'elsewhere',
    connection: 'reports',
    options: { form: '10H' },
  },
  pcprox: {
    prefix: 'pcprox',
    title: 'desk reader',
    profile: 'em4100',
    shows: em4100,
    answers: 'itself',
    connection: 'reports',
    options: { card: 'em4100' },
  },
  ef01: {
    prefix: 'finger',
    title: 'fingerprint scanner',
    profile: 'r503',
    shows: finger(1),
    finger: { position: 1, format: 'ef01-gr192rgb-1536', templateBytes: 1_536 },
    answers: 'itself',
    connection: 'pty',
    options: {},
  },
  gt521f: {
    prefix: 'finger',
    title: 'fingerprint scanner',
    profile: 'gt511c1r',
    shows: finger(2),
    finger: { position: 2, format: 'gt511c1r-506', templateBytes: 506 },
    answers: 'elsewhere',
    connection: 'pty',
    options: { model: 'gt511c1r' },
  },
  'zk-push': {
    prefix: 'zk',
    title: 'terminal',
    shows: userId,
    answers: 'itself',
    connection: 'calls',
    options: { user_ids: 'roll_number' },
  },
  'zk-4370': {
    prefix: 'zk',
    title: 'terminal',
    shows: userId,
    answers: 'itself',
    connection: 'called',
    options: { user_ids: 'roll_number' },
  },
} as const satisfies Readonly<Record<string, ReaderKind>>;

export type ReaderDriver = keyof typeof READER_KINDS;

/** As the common form, in which a profile may be missing. */
export const readerKind = (driver: ReaderDriver): ReaderKind => READER_KINDS[driver];
