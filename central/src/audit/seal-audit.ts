import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { dateAt } from '../calendar/campus-zone.js';
import type { Knex } from '../db/database.js';
import type { AuditKeys } from './audit-keys.js';
import { encodeLeaves, GENESIS, leafOf, ROW_TEXT, sealBytes } from './seal-bytes.js';

/** Rows of one seal: what is read and hashed at once. */
export const ROWS_PER_SEAL_MAX = 5_000;
/** Seals of one run; the next run goes on. */
const SEALS_PER_RUN_MAX = 200;
/** Any constant, as long as only this takes it: two replicas seal one after the other. */
const SEAL_LOCK = 0x726f6c18;

export interface SealRequest {
  keys: AuditKeys;
  clock: Pick<Clock, 'wallMs'>;
  zone: string;
}

/**
 * Seals every audit row whose transaction is over, in the order (transaction, id): later ones can only come
 * behind, so that no row ever has to be put in between (domain case 159).
 *
 * @returns how many rows were sealed
 * @throws RollcallError `AUDIT_UNSEALABLE` on a server that counts transactions anew
 */
export async function sealAudit(knex: Knex, request: SealRequest): Promise<number> {
  let sealed = 0;
  for (let seals = 0; seals < SEALS_PER_RUN_MAX; seals += 1) {
    const rows = await knex.transaction((trx) => sealOnce(trx, request));
    sealed += rows;
    if (rows < ROWS_PER_SEAL_MAX) break;
  }
  return sealed;
}

interface LastSeal {
  hash: Buffer;
  through_transaction: string;
  through_id: number;
  is_counted_anew: boolean;
}

async function sealOnce(trx: Knex, { keys, clock, zone }: SealRequest): Promise<number> {
  await trx.raw('SELECT pg_advisory_xact_lock(?)', [SEAL_LOCK]);
  const last = (
    await trx.raw<{ rows: LastSeal[] }>(
      `SELECT hash, through_transaction::text, through_id,
         pg_snapshot_xmax(pg_current_snapshot()) <= through_transaction AS is_counted_anew
       FROM audit_seal ORDER BY id DESC LIMIT 1`,
    )
  ).rows[0];
  if (last?.is_counted_anew === true) throw unsealable(last.through_transaction);
  const { rows } = await trx.raw<{ rows: { id: number; transaction: string; text: string }[] }>(
    `SELECT a.id, a.transaction_id::text AS transaction, ${ROW_TEXT} AS text FROM attendance_audit_log a
     WHERE (a.transaction_id, a.id) > (?::xid8, ?) AND a.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY a.transaction_id, a.id LIMIT ${ROWS_PER_SEAL_MAX}`,
    [last?.through_transaction ?? '0', last?.through_id ?? 0],
  );
  const end = rows.at(-1);
  if (end === undefined) return 0;
  const range = {
    day: dateAt(clock.wallMs(), zone),
    throughTransaction: end.transaction,
    throughId: end.id,
    previousHash: last?.hash ?? GENESIS,
    leaves: encodeLeaves(rows.map(leafOf)),
  };
  await trx.raw(
    `INSERT INTO audit_seal (day, through_transaction, through_id, rows_sealed, previous_hash, hash, key_id, leaves, sealed_at)
     VALUES (?::date, ?::xid8, ?, ?, ?, ?, ?, ?, ?)`,
    [
      range.day,
      range.throughTransaction,
      range.throughId,
      rows.length,
      range.previousHash,
      keys.mac(sealBytes(range)),
      keys.keyId,
      range.leaves,
      new Date(clock.wallMs()),
    ],
  );
  return rows.length;
}

const unsealable = (through: string): RollcallError =>
  new RollcallError(
    'AUDIT_UNSEALABLE',
    `This PostgreSQL counts its transactions from below ${through}, up to which the audit log is sealed: it was filled from a dump. ` +
      'Stop it, move its counter on with pg_resetwal (docs/operations.md, "The audit log"), and start it again',
  );
