import { createHmac } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { type KeyedHash, keyedHash } from '../auth/keyed-hash.js';
import type { Knex } from '../db/database.js';
import type { FileKey } from '../people/key-file.js';
import { createSeal, type Seal } from '../privacy/seal.js';
import type { ScanQueue } from './qr-scan.js';
import { createQrSecrets, type QrSecrets } from './qr-secrets.js';

/** Codes typed by hand, of one account (domain case 110). */
const TYPED_TRIES = { points: 5, duration: 60 };

/** What the ways of capturing without a reader share. */
export interface Capture {
  seal: Seal;
  secrets: QrSecrets;
  scans: ScanQueue;
  /** What is kept of a phone: a keyed hash, so that a dump names no phone; in hex. */
  deviceHash: KeyedHash;
  /** @throws RollcallError `TOO_MANY_TRIES` */
  countTry(accountId: string): Promise<void>;
}

export interface CaptureOptions {
  knex: Knex;
  clock: Pick<Clock, 'wallMs' | 'monoMs'>;
  dataKeys: readonly FileKey[];
  scans: ScanQueue;
}

export function createCapture({ knex, clock, dataKeys, scans }: CaptureOptions): Capture {
  const seal = createSeal(dataKeys);
  const secrets = createQrSecrets({ knex, clock, seal });
  const tries = new RateLimiterMemory(TYPED_TRIES);
  // The oldest key: a new one in the file must not make every phone a new one. Lines that come back below a stopgap make the
  // phones unknown that were bound with it (docs/operations.md).
  const deviceKey = createHmac('sha256', dataKeys.at(-1)?.bytes ?? '')
    .update('device binding')
    .digest();
  return {
    seal,
    secrets,
    scans,
    deviceHash: keyedHash(deviceKey, 'hex'),
    async countTry(accountId) {
      try {
        await tries.consume(accountId);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000));
        throw new RollcallError(
          'TOO_MANY_TRIES',
          `Too many codes typed; try again in ${seconds} s, or scan the code`,
          {
            context: { retryAfterSeconds: seconds },
          },
        );
      }
    },
  };
}
