import type { Knex } from '../db/database.js';
import { HEAD_BYTES } from './seal.js';

/** Gone within hours, or made anew when it is needed. */
const SHORT_LIVED = ['answer_sealed', 'qr_secret_sealed'];

/** A key by its id, and where something was sealed with it. */
export interface SealedWith {
  keyId: string;
  /** `student.contact_sealed`, or `audit_seal`. */
  places: string[];
}

/** The keys that the database needs: those of its sealed columns, and of the seals of the audit log. */
export async function keysInUse(knex: Knex): Promise<SealedWith[]> {
  const { rows: columns } = await knex.raw<{ rows: { table: string; column: string }[] }>(
    `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
     WHERE table_schema = current_schema() AND data_type = 'bytea' AND column_name LIKE '%\\_sealed'
       AND column_name <> ALL(?::text[]) ORDER BY 1, 2`,
    [SHORT_LIVED as never],
  );
  const parts = columns.map(({ table, column }) => ({
    // First byte: the version; then four of the key (`seal.ts`).
    sql: `SELECT ?::text AS place, encode(head, 'hex') AS key_id
          FROM (SELECT DISTINCT substring(?? from 2 for 4) AS head FROM ?? WHERE octet_length(??) >= ${HEAD_BYTES}) AS sealed`,
    bindings: [`${table}.${column}`, column, table, column],
  }));
  parts.push({ sql: `SELECT 'audit_seal', key_id FROM audit_seal`, bindings: [] });
  const { rows } = await knex.raw<{ rows: SealedWith[] }>(
    `SELECT key_id AS "keyId", array_agg(DISTINCT place ORDER BY place) AS places
     FROM (${parts.map(({ sql }) => sql).join(' UNION ALL ')}) AS found (place, key_id) GROUP BY key_id ORDER BY key_id`,
    parts.flatMap(({ bindings }) => bindings),
  );
  return rows;
}
