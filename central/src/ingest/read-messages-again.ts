import { BATCH_KINDS, type BatchKind } from '@rollcall/protocol/batch';
import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError } from '@rollcall/protocol/errors';
import { parseTopic } from '@rollcall/protocol/topics';
import { writeAudit } from '../audit/write-audit.js';
import type { Database } from '../db/database.js';
import { type Committed, commitRows } from './commit-rows.js';
import { createGatewayKeys, type GatewayKeys } from './gateway-keys.js';
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

/**
 * Batches that a central of another version refused whole are verified and stored as when they came. They were never
 * acked, so that their gateway still has them and sends them again, too: whichever comes first counts, the other one is a
 * repetition (domain case 163). What was cut off when it was kept does not verify, and waits for its gateway.
 *
 * @returns how many messages could be read
 */
export async function readMessagesAgain(options: {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  reading: string;
}): Promise<number> {
  const { db, clock, reading } = options;
  const keys = createGatewayKeys({ db, clock });
  const at = new Date(clock.wallMs());
  const { rows } = await db.knex.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM quarantine_message
     WHERE code IN ('BATCH_INVALID', 'SCHEMA_VERSION_UNSUPPORTED') AND resolved_at IS NULL
       AND NOT read_by @> ARRAY[?::text] ORDER BY id LIMIT ${MESSAGES_MAX}`,
    [reading],
  );
  let count = 0;
  for (const { id } of rows) {
    const message = await db.knex('quarantine_message').where({ id }).first<WaitingMessage>();
    const committed = await store(message, { db, keys });
    if (await note(message, committed, { db, reading, at })) count += 1;
  }
  return count;
}

/** @returns undefined for one that this central cannot read or believe either */
async function store(
  { topic, payload, received_at: receivedAt }: WaitingMessage,
  { db, keys }: { db: Pick<Database, 'knex'>; keys: GatewayKeys },
): Promise<Committed | undefined> {
  const parsed = parseTopic(topic);
  if (parsed === undefined || !isBatchKind(parsed.kind)) return undefined;
  try {
    const incoming = { topic, kind: parsed.kind, gatewayId: parsed.gatewayId, payload };
    const { rows } = await verifyBatch(keys, incoming, receivedAt.getTime());
    return await commitRows(db, rows, receivedAt);
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    return undefined;
  }
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
