import type { Scan } from '../capture/qr-verdict.js';
import type { Scanned } from '../capture/take-scans.js';
import type { ToldError } from './told-error.js';

/** What the thread is made with. */
export interface ThreadData {
  /** With its password: it stays in memory. */
  databaseUrl: string;
}

export interface NumberedScan {
  number: number;
  scan: Scan;
}

export type ScanAnswer = { number: number; scanned: Scanned } | { number: number; refused: ToldError };

/** What central tells its thread. */
export type ToThread =
  /** All that arrived in one turn of the loop. */
  | { kind: 'scan'; scans: readonly NumberedScan[] }
  /** Ends what is being done, and then itself. */
  | { kind: 'stop' };

/** What the thread tells central. */
export type FromThread =
  | { kind: 'ready' }
  /** It could not begin, and ends. */
  | { kind: 'failed'; error: ToldError }
  | { kind: 'answer'; answers: readonly ScanAnswer[] }
  | { kind: 'judged'; pairs: number; changed: number }
  | {
      kind: 'log';
      level: 'debug' | 'info' | 'warn' | 'error';
      fields: Record<string, unknown>;
      err: ToldError | undefined;
      message: string;
    };
