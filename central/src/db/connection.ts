import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import pg from 'pg';
import { openSocket } from './cut-off.js';

/** A server that accepts TCP but never answers must not hang a start. */
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_AFTER_MS = 10_000;

const OID_INT8 = 20;
const OID_DATE = 1082;
const OID_NUMERIC = 1700;

/**
 * How values leave PostgreSQL: `bigint` and `numeric` as numbers (seqs and counts stay below 2^53), `date` as
 * the text it is, since a campus-local date has no instant and the driver's default would put it at midnight
 * of the server's own zone.
 */
export const typeParsers = {
  getTypeParser(oid: number, format?: string): (value: string) => unknown {
    if (format !== 'binary') {
      if (oid === OID_INT8 || oid === OID_NUMERIC) return Number;
      if (oid === OID_DATE) return (text: string) => text;
    }
    return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown;
  },
};

/** The driver's own connection, of the pool. */
export type DriverConnection = pg.ClientBase;

/** One connection outside the pool: for LISTEN, for advisory locks, for everything bound to a login. */
export interface Connection {
  query<Row extends object = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  onNotification(handler: (channel: string, payload: string) => void): void;
  /** Settles when the connection is over, wanted or not; never rejects. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Driver settings shared by the pool and by single connections; `more` are PostgreSQL's own, of these connections. */
export function connectionSettings(
  url: string,
  applicationName: string,
  more: Readonly<Record<string, string>> = {},
) {
  const settings = { timezone: 'UTC', datestyle: 'ISO', ...more };
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    types: typeParsers,
    stream: () => openSocket(url),
    // Session times are UTC whatever the server's default is: text casts must not depend on it.
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  };
}

/** @throws RollcallError `DATABASE_UNAVAILABLE` naming the host and never the password. */
export async function connect(url: string, applicationName: string): Promise<Connection> {
  const client = new pg.Client(connectionSettings(url, applicationName));
  const ended = new Promise<void>((resolve) => {
    client.once('end', () => resolve());
    // Without a listener a broken socket would end the process; `end` follows.
    client.on('error', () => resolve());
  });
  try {
    await client.connect();
  } catch (error) {
    throw unavailable(url, error);
  }
  // The driver wants to be asked one thing at a time; what listens to several channels asks several at once.
  let before: Promise<unknown> = Promise.resolve();
  return {
    async query<Row extends object>(sql: string, values?: unknown[]) {
      const asked = before.then(() => client.query(sql, values));
      before = asked.catch(() => undefined);
      return (await asked).rows as Row[];
    },
    onNotification: (handler) => {
      client.on('notification', ({ channel, payload }) => handler(channel, payload ?? ''));
    },
    ended,
    close: () => client.end(),
  };
}

/** What to tell a human when a connection cannot be made. */
export function unavailable(url: string, cause: unknown): RollcallError {
  const { where, database } = describe(url);
  return new RollcallError(
    'DATABASE_UNAVAILABLE',
    `PostgreSQL at ${where}, database ${database}, cannot be used: ${describeCause(cause)}. ` +
      'Check that it runs there, that user and password in DATABASE_URL are right, and that its pg_hba.conf lets this machine in',
    { context: { where, database } },
  );
}

/** Error texts of the driver carry no password, but its objects do (config); so the text alone is kept. */
function describeCause(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeCause(cause.errors[0]);
  return cause instanceof Error && cause.message !== '' ? cause.message : 'no answer';
}

function describe(url: string): { where: string; database: string } {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url);
    const host = searchParams.get('host') ?? (hostname === '' ? 'localhost' : hostname);
    return { where: `${host}:${port === '' ? '5432' : port}`, database: pathname.slice(1) || 'of the user' };
  } catch {
    return { where: 'the address in DATABASE_URL, which is not a URL', database: 'unknown' };
  }
}

const SQLSTATE_CLASSES_TRANSIENT = [
  '08', // connection exception
  '40', // transaction rollback: deadlock, serialization failure
  '53', // insufficient resources
  '57', // operator intervention: shutdown, crash, cannot connect now
  '58', // system error
];
const NETWORK_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
];

/** True for errors that go away when PostgreSQL is back: the same statement may then be tried again. */
export function isDatabaseTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (NETWORK_CODES.includes(code)) return true;
  if (/^[0-9A-Z]{5}$/.test(code)) return SQLSTATE_CLASSES_TRANSIENT.includes(code.slice(0, 2));
  return (
    error.name === 'KnexTimeoutError' ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i.test(
      error.message,
    )
  );
}

const UNIQUE_VIOLATION = '23505';

/** A row with this key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === UNIQUE_VIOLATION;
}

/**
 * True where the transaction was undone for the sake of another one (a deadlock, a row that was moved), with the database
 * there: the whole of it may be repeated at once.
 */
export const isRolledBack = (error: unknown): boolean =>
  sqlState(error)?.startsWith('40') === true ||
  (isRollcallError(error) && error.code === 'CONCURRENT_CHANGE');

/** PostgreSQL's code of the error, such as 23503; undefined for errors of another kind. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
