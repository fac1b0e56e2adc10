import { BATCH_KINDS, type BatchKind } from '@rollcall/protocol/batch';
import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError } from '@rollcall/protocol/errors';
import { parseTopic } from '@rollcall/protocol/topics';
import { writeAudit } from '../audit/write-audit.js';
import { isDatabaseTransient } from '../db/connection.js';
import type { Database } from '../db/database.js';
import type { Log } from '../log.js';
import { storeByHalves } from './by-halves.js';
import { type Committed, commitRows } from './commit-rows.js';
import { createGatewayKeys, type GatewayKeys } from './gateway-keys.js';
import { asRefused } from './quarantine-rows.js';
import type { IngestRow } from './verified-batch.js';
import { verifyBatch } from './verify-batch.js';

/** Messages read again in one run; what is left waits for the next one. */
const MESSAGES_MAX = 500;

interface WaitingMessage {
  id: string;
  topic: string;
  code: string;
  problem: string;
  payload: Buffer;
  received_at: Date;
}

interface MessagesOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  reading: string;
}

/**
 * Batches that a central of another version refused whole are verified and stored as when they came. They were never
 * acked, so that their gateway still has them and sends them again, too: whichever comes first counts, the other one is a
 * repetition (domain case 163). What was cut off when it was kept does not verify, and waits for its gateway.
 *
 * @returns how many messages could be read
 */
export async function readMessagesAgain(options: MessagesOptions): Promise<number> {
  const { db, clock, log, reading } = options;
  const keys = createGatewayKeys({ db, clock });
  const { rows } = await db.knex.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM quarantine_message
     WHERE code IN ('BATCH_INVALID', 'SCHEMA_VERSION_UNSUPPORTED') AND resolved_at IS NULL
       AND NOT read_by @> ARRAY[?::text] ORDER BY id LIMIT ${MESSAGES_MAX}`,
    [reading],
  );
  let count = 0;
  for (const { id } of rows) {
    const message = await db.knex('quarantine_message').where({ id }).first<WaitingMessage | undefined>();
    if (message === undefined) continue;
    const committed = await store(message, { db, log, keys });
    const at = new Date(clock.wallMs());
    if (await note(message, committed, { db, reading, at })) count += 1;
  }
  return count;
}

/** @returns undefined for one that this central cannot read, believe or store either */
async function store(
  { id, topic, payload, received_at: receivedAt }: WaitingMessage,
  { db, log, keys }: Pick<MessagesOptions, 'db' | 'log'> & { keys: GatewayKeys },
): Promise<Committed | undefined> {
  const parsed = parseTopic(topic);
  if (parsed === undefined || !isBatchKind(parsed.kind)) return undefined;
  try {
    const incoming = { topic, kind: parsed.kind, gatewayId: parsed.gatewayId, payload };
    const { rows } = await verifyBatch(keys, incoming, receivedAt.getTime());
    const committed = await commitEach(db, rows, receivedAt);
    // Its gateway was revoked after its signature was looked at: nothing of it was stored, nothing is done with.
    const { stored, duplicate, quarantined } = committed;
    return stored + duplicate + quarantined === 0 ? undefined : committed;
  } catch (error) {
    if (isDatabaseTransient(error)) throw error;
    if (!isRollcallError(error))
      log.error({ err: error, message: id }, 'a message cannot be stored; the others are not affected');
    return undefined;
  }
}

async function commitEach(
  db: Pick<Database, 'knex'>,
  rows: readonly IngestRow[],
  receivedAt: Date,
): Promise<Committed> {
  const sum: Committed = { stored: 0, duplicate: 0, quarantined: 0 };
  const commit = async (some: readonly IngestRow[]): Promise<void> => {
    const { stored, duplicate, quarantined } = await commitRows(db, some, receivedAt, true);
    sum.stored += stored;
    sum.duplicate += duplicate;
    sum.quarantined += quarantined;
  };
  await storeByHalves(rows, {
    store: commit,
    refuse: (row, error) => commit([asRefused(row, error)]),
  });
  return sum;
}

const isBatchKind = (kind: string): kind is BatchKind => BATCH_KINDS.some((known) => known === kind);

async function note(
  { id, code, problem }: WaitingMessage,
  committed: Committed | undefined,
  { db, reading, at }: { db: Pick<Database, 'knex'>; reading: string; at: Date },
): Promise<boolean> {
  return db.knex.transaction(async (trx) => {
    const changed = await trx('quarantine_message')
      .where({ id, resolved_at: null })
      .update({
        read_by: trx.raw('read_by || ?::text', [reading]),
        resolved_at: committed === undefined ? null : at,
      });
    if (changed === 0 || committed === undefined) return false;
    await writeAudit(trx, [
      {
        at,
        entityType: 'quarantine_message',
        entityId: id,
        action: 'read_again',
        reason: 'kept by a central of another version, which could not read it',
        before: { code, problem },
        after: { ...committed, reading },
      },
    ]);
    return true;
  });
}
