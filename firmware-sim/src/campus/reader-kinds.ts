import type { CardNumbers } from './cards.js';

export interface ReaderKind {
  /** Of the id of such a device. */
  prefix: string;
  /** Profile of the simulated device; its first unless named. */
  profile?: string;
  /** Which number of the card it sees. */
  reads: keyof CardNumbers;
  /** Without lights of its own a line device answers for it. */
  hasLights: boolean;
  /** Options of the driver, as in the configuration file of the gateway. */
  options: Readonly<Record<string, string | number>>;
}

/** The readers of the demo campus: one of each family that needs no more than a card and a cable. */
export const READER_KINDS = {
  rdm6300: { prefix: 'rdm', reads: 'em4100', hasLights: false, options: {} },
  line: { prefix: 'line', reads: 'iso14443a', hasLights: true, options: { baud: 115_200 } },
  pn532: { prefix: 'pn532', reads: 'iso14443a', hasLights: false, options: {} },
  osdp: { prefix: 'osdp', profile: 'csn', reads: 'iso14443a', hasLights: true, options: { address: 0 } },
  twn4: { prefix: 'twn4', reads: 'iso14443a', hasLights: true, options: {} },
} as const satisfies Readonly<Record<string, ReaderKind>>;

export type ReaderDriver = keyof typeof READER_KINDS;

/** As the common form, in which a profile may be missing. */
export const readerKind = (driver: ReaderDriver): ReaderKind => READER_KINDS[driver];
