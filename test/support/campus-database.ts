import { connect } from '@rollcall/central/db/connection';
import type { Database } from '@rollcall/central/db/database';
import type { EmbeddedPostgres } from '@rollcall/central/db/embedded-postgres';
import { openTestDatabase } from '@rollcall/central/db/test-database';
import { openDurableDatabase } from './durable-postgres.js';

export interface PunchRow {
  gatewayId: string;
  storeId: string;
  seq: number;
  punchId: string;
  deviceId: string;
  hash: string;
  outcome: string;
}

export interface MarkRow {
  rollNumber: string;
  mark: string;
  source: string;
}

/** The PostgreSQL of one test campus, looked into from outside. */
export class CampusDatabase {
  readonly server: EmbeddedPostgres;
  readonly #database: Database;

  private constructor(database: Database, server: EmbeddedPostgres) {
    this.#database = database;
    this.server = server;
  }

  /** A fresh one on the server that the tests of a run share. */
  static async open(): Promise<CampusDatabase> {
    const database = await openTestDatabase();
    return new CampusDatabase(database, database.server);
  }

  /** On a server of its own, with the settings of an installation. */
  static async openDurable(): Promise<CampusDatabase> {
    const database = await openDurableDatabase();
    return new CampusDatabase(database, database.server);
  }

  get url(): string {
    return this.#database.url;
  }

  async rows<Row>(sql: string, bindings: readonly (string | number)[] = []): Promise<Row[]> {
    const result = await this.#database.knex.raw<{ rows: Row[] }>(sql, bindings);
    return result.rows;
  }

  /** What no program under test would write. */
  write<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return work(this.#database);
  }

  async count(table: string, where = 'true'): Promise<number> {
    const [row] = await this.rows<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE ${where}`);
    return row?.n ?? 0;
  }

  punches(): Promise<PunchRow[]> {
    return this.rows<PunchRow>(
      `SELECT gateway_id AS "gatewayId", store_id AS "storeId", seq::float8 AS seq, punch_id AS "punchId",
              device_id AS "deviceId", encode(hash_full, 'hex') AS hash, outcome
         FROM punch ORDER BY gateway_id, store_id, seq`,
    );
  }

  marks(): Promise<MarkRow[]> {
    return this.rows<MarkRow>(
      `SELECT student.roll_number AS "rollNumber", record.mark, record.source
         FROM attendance_record record JOIN student ON student.id = record.student_id
        ORDER BY student.roll_number`,
    );
  }

  /**
   * Copies its files, while no central runs on it.
   *
   * @returns what puts them back in the place of everything that came since
   */
  async backUp(): Promise<() => Promise<void>> {
    const name = new URL(this.url).pathname.slice(1);
    const copy = `${name}_backup`;
    await this.#asOwner([endSessions(name), copyOf(name, copy)]);
    return () =>
      this.#asOwner([
        `DROP DATABASE ${name} WITH (FORCE)`,
        copyOf(copy, name),
        `DROP DATABASE ${copy} WITH (FORCE)`,
      ]);
  }

  async #asOwner(statements: readonly string[]): Promise<void> {
    const connection = await connect(this.server.url, 'rollcall-test-backup');
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      await connection.close();
    }
  }

  /** `{[1,8)}` when everything up to seq 7 is settled; undefined for a store that central has not seen. */
  async settled(gatewayId: string): Promise<string[]> {
    const rows = await this.rows<{ settled: string }>(
      'SELECT settled::text AS settled FROM gateway_store WHERE gateway_id = ? ORDER BY first_seen_at',
      [gatewayId],
    );
    return rows.map((row) => row.settled);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

/** A database that somebody uses cannot be copied; those who look at it from here connect again. */
const endSessions = (name: string): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;
const copyOf = (from: string, to: string): string =>
  `CREATE DATABASE ${to} TEMPLATE ${from} STRATEGY file_copy`;
