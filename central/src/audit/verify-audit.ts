import type { Knex } from '../db/database.js';
import type { AuditKeys } from './audit-keys.js';
import {
  decodeLeaves,
  GENESIS,
  type Leaf,
  leafOf,
  ROW_TEXT,
  sealBytes,
  tombstoneBytes,
} from './seal-bytes.js';

/** Problems that are told one by one; more are only counted. */
const PROBLEMS_MAX = 100;

export const AUDIT_PROBLEMS = [
  'row_changed',
  'row_removed',
  'row_added',
  'seal_changed',
  'seal_missing',
  'key_missing',
  'tombstone_changed',
  'head_missing',
] as const;

export interface AuditProblem {
  kind: (typeof AUDIT_PROBLEMS)[number];
  sealId: number | null;
  /** Of the audit row, where one is meant. */
  rowId: number | null;
  /** Campus-local day of the seal. */
  day: string | null;
}

export interface Verified {
  isWhole: boolean;
  seals: number;
  rows: number;
  /** Rows that retention removed and accounted for. */
  expired: number;
  /** Rows that no seal covers yet. */
  unsealed: number;
  /** Hex: note it elsewhere, and later `head_missing` tells whether the end of the chain was cut off. */
  head: string;
  problems: AuditProblem[];
  problemsFound: number;
}

export interface VerifyRequest {
  keys: AuditKeys;
  /** Campus-local days, both included; all of them where it is left out. */
  days?: { from: string; to: string };
  /** A head that was noted earlier and must be in the chain. */
  expectHead?: string;
}

interface SealRow {
  id: number;
  day: string;
  through_transaction: string;
  through_id: number;
  previous_hash: Buffer;
  hash: Buffer;
  key_id: string;
  leaves: Buffer;
}

const SEAL_COLUMNS =
  'id, day, through_transaction::text, through_id, previous_hash, hash, key_id, leaves, rows_sealed';

/**
 * Reads the audit log against its seals. Whoever changed, removed or added a sealed row is found, also with every
 * right in the database and all triggers off, and so is whoever changed the seals, as long as the key file stayed
 * closed to them.
 */
export async function verifyAudit(knex: Knex, request: VerifyRequest): Promise<Verified> {
  return knex.transaction(
    async (trx) => {
      const check = new Check(trx, request);
      await check.run();
      return check.result();
    },
    // One snapshot: retention and sealing may go on meanwhile.
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

class Check {
  readonly #trx: Knex;
  readonly #request: VerifyRequest;
  readonly #problems: AuditProblem[] = [];
  #found = 0;
  #seals = 0;
  #rows = 0;
  #expired = 0;
  #unsealed = 0;
  #head: Buffer = GENESIS;
  #isHeadSeen = false;

  constructor(trx: Knex, request: VerifyRequest) {
    this.#trx = trx;
    this.#request = request;
  }

  async run(): Promise<void> {
    const { days, expectHead } = this.#request;
    let before = await this.#sealBefore(days?.from);
    if (before !== undefined) this.#head = before.hash;
    for (;;) {
      const seal = await this.#sealAfter(before?.id ?? 0);
      if (seal === undefined || (days !== undefined && seal.day > days.to)) break;
      await this.#checkSeal(seal, before);
      before = seal;
    }
    this.#unsealed = await this.#countUnsealed();
    if (expectHead !== undefined && !this.#isHeadSeen) this.#report('head_missing', undefined);
  }

  result(): Verified {
    return {
      isWhole: this.#found === 0,
      seals: this.#seals,
      rows: this.#rows,
      expired: this.#expired,
      unsealed: this.#unsealed,
      head: this.#head.toString('hex'),
      problems: this.#problems,
      problemsFound: this.#found,
    };
  }

  #report(kind: AuditProblem['kind'], seal: SealRow | undefined, rowId: number | null = null): void {
    this.#found += 1;
    if (this.#problems.length >= PROBLEMS_MAX) return;
    this.#problems.push({ kind, sealId: seal?.id ?? null, rowId, day: seal?.day ?? null });
  }

  async #sealBefore(day: string | undefined): Promise<SealRow | undefined> {
    if (day === undefined) return undefined;
    const { rows } = await this.#trx.raw<{ rows: SealRow[] }>(
      `SELECT ${SEAL_COLUMNS} FROM audit_seal
       WHERE id < (SELECT min(id) FROM audit_seal WHERE day >= ?::date) ORDER BY id DESC LIMIT 1`,
      [day],
    );
    return rows[0];
  }

  /** One at a time: its leaves and its rows are all that is in memory. */
  async #sealAfter(id: number): Promise<SealRow | undefined> {
    const { rows } = await this.#trx.raw<{ rows: SealRow[] }>(
      `SELECT ${SEAL_COLUMNS} FROM audit_seal WHERE id > ? ORDER BY id LIMIT 1`,
      [id],
    );
    return rows[0];
  }

  async #checkSeal(seal: SealRow, before: SealRow | undefined): Promise<void> {
    this.#seals += 1;
    if (!seal.previous_hash.equals(this.#head)) this.#report('seal_missing', seal);
    const bytes = sealBytes({
      day: seal.day,
      throughTransaction: seal.through_transaction,
      throughId: seal.through_id,
      previousHash: seal.previous_hash,
      leaves: seal.leaves,
    });
    const isOurs = this.#request.keys.check(seal.key_id, bytes, seal.hash);
    if (isOurs === undefined) this.#report('key_missing', seal);
    if (isOurs === false) this.#report('seal_changed', seal);
    this.#head = seal.hash;
    if (seal.hash.toString('hex') === this.#request.expectHead) this.#isHeadSeen = true;
    await this.#checkRows(seal, before);
  }

  async #checkRows(seal: SealRow, before: SealRow | undefined): Promise<void> {
    const { rows } = await this.#trx.raw<{ rows: { id: number; text: string }[] }>(
      `SELECT a.id, ${ROW_TEXT} AS text FROM attendance_audit_log a
       WHERE (a.transaction_id, a.id) > (?::xid8, ?) AND (a.transaction_id, a.id) <= (?::xid8, ?)`,
      [
        before?.through_transaction ?? '0',
        before?.through_id ?? 0,
        seal.through_transaction,
        seal.through_id,
      ],
    );
    this.#rows += rows.length;
    const present = new Map(rows.map((row): [number, Leaf] => [row.id, leafOf(row)]));
    const missing = new Set<number>();
    for (const { id, hash } of decodeLeaves(seal.leaves)) {
      const leaf = present.get(id);
      if (leaf === undefined) missing.add(id);
      else if (!leaf.hash.equals(hash)) this.#report('row_changed', seal, id);
      present.delete(id);
    }
    for (const id of present.keys()) this.#report('row_added', seal, id);
    if (missing.size > 0) await this.#checkTombstones(seal, missing);
  }

  async #checkTombstones(seal: SealRow, missing: Set<number>): Promise<void> {
    type Row = { removed_ids: number[]; before_day: string; key_id: string; mac: Buffer };
    const { rows } = await this.#trx.raw<{ rows: Row[] }>(
      'SELECT to_jsonb(removed_ids) AS removed_ids, before_day, key_id, mac FROM audit_tombstone WHERE seal_id = ? ORDER BY id',
      [seal.id],
    );
    for (const { removed_ids: ids, before_day: beforeDay, key_id: keyId, mac } of rows) {
      if (this.#request.keys.check(keyId, tombstoneBytes(seal.id, ids, beforeDay), mac) !== true) {
        this.#report('tombstone_changed', seal);
        continue;
      }
      for (const id of ids) if (missing.delete(id)) this.#expired += 1;
    }
    for (const id of missing) this.#report('row_removed', seal, id);
  }

  async #countUnsealed(): Promise<number> {
    const { rows } = await this.#trx.raw<{ rows: { count: number }[] }>(
      `WITH last AS (SELECT through_transaction, through_id FROM audit_seal ORDER BY id DESC LIMIT 1)
       SELECT count(*) AS count FROM attendance_audit_log a
       WHERE (a.transaction_id, a.id) > (coalesce((SELECT through_transaction FROM last), '0'::xid8),
         coalesce((SELECT through_id FROM last), 0))`,
    );
    return rows[0]?.count ?? 0;
  }
}
