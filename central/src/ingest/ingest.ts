import { isRollcallError } from '@rollcall/protocol/errors';
import { createRetry } from '../db/retry.js';
import { createGatewayKeys } from './gateway-keys.js';
import { GroupCommit, type GroupCommitOptions } from './group-commit.js';
import { createQuarantinedMessages } from './quarantine-messages.js';
import type { VerifiedBatch } from './verified-batch.js';
import { type IncomingBatch, verifyBatch } from './verify-batch.js';

/** Bytes of batches read and verified before everybody else has a turn: some milliseconds. */
const BYTES_PER_BREATH = 64 * 1024;

export interface Ingest {
  /**
   * Takes a batch. Resolves as soon as another may come: at once while there is room, else when there is; in a burst
   * every now and then in a later turn of the loop. It says nothing about the commit; the ack does.
   */
  accept(batch: IncomingBatch): Promise<void>;
  /** Resolves when everything accepted so far is committed and acked. */
  idle(): Promise<void>;
  /** Believes no key of this gateway without asking PostgreSQL again. */
  forgetKeys(gatewayId: string): void;
  /** Ends after the transaction at hand; what waits is sent again by its gateways. */
  stop(): Promise<void>;
}

/** `sendAck` must not wait for the network. */
export type IngestOptions = Omit<GroupCommitOptions, 'signal'>;

/** From bytes to committed, acked rows: genuine batches are stored together, everything else is kept apart. */
export function createIngest(options: IngestOptions): Ingest {
  const { db, clock, log } = options;
  const stopping = new AbortController();
  const keys = createGatewayKeys({ db, clock });
  const refusedMessages = createQuarantinedMessages({ db, clock, log });
  const retry = createRetry({ clock, log, signal: stopping.signal });
  const commits = new GroupCommit({ ...options, signal: stopping.signal });

  let bytesOfTurn = 0;

  /**
   * Whoever has a burst to send would have all of it verified in one turn of the loop, in which no answer of PostgreSQL
   * is read: the first transaction would not go on before the last batch was there.
   */
  async function breathe({ payload }: IncomingBatch): Promise<void> {
    bytesOfTurn += payload.length;
    if (bytesOfTurn < BYTES_PER_BREATH) return;
    bytesOfTurn = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Undefined for a message that never counts. */
  async function verified(batch: IncomingBatch): Promise<VerifiedBatch | undefined> {
    try {
      return await retry('verifying a batch', () => verifyBatch(keys, batch, clock.wallMs()));
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      const { code, message: problem } = error;
      const { gatewayId, topic, payload } = batch;
      await retry('keeping a refused message', () =>
        refusedMessages.keep({ gatewayId, topic, payload, code, problem }),
      );
      return undefined;
    }
  }

  return {
    async accept(batch) {
      const rows = await verified(batch);
      if (rows !== undefined) await commits.add(rows);
      await breathe(batch);
    },
    idle: () => commits.idle(),
    forgetKeys: (gatewayId) => keys.forget(gatewayId),
    async stop() {
      stopping.abort();
      await commits.idle();
    },
  };
}
