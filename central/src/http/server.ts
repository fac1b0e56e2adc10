import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { createAuditKeys } from '../audit/audit-keys.js';
import { ACCOUNT_CHANNEL } from '../auth/accounts.js';
import { createAuth } from '../auth/auth.js';
import { createCapture } from '../capture/capture.js';
import type { ScanQueue } from '../capture/qr-scan.js';
import { QR_CHANNEL } from '../capture/qr-secrets.js';
import type { Database } from '../db/database.js';
import type { Listener } from '../db/listen.js';
import { readMigrations, readSchemaFit } from '../db/migrate.js';
import type { CommandSender } from '../devices/commands.js';
import type { ExportFiles } from '../exports/export-files.js';
import type { Log } from '../log.js';
import { createMetrics, type Metrics } from '../metrics/metrics.js';
import { cardHmac } from '../people/campus-key.js';
import type { FileKey } from '../people/key-file.js';
import { createApp, type Reachability } from './app.js';
import { createExpressServer } from './express-server.js';
import { createIdempotency } from './idempotency.js';
import { createLiveFeed } from './live-feed.js';
import { createNetworks, LOOPBACK } from './networks.js';
import { PAGE_DIRECTORY } from './page.js';
import { type BUDGETS, createRateLimits } from './rate-limits.js';
import { createRefusals } from './refusals.js';
import type { RoleBudgets } from './role-budgets.js';
import type { HttpContext } from './route.js';
import { ROUTES } from './routes.js';

const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 60_000;

export interface HttpServerOptions extends Partial<Reachability> {
  db: Pick<Database, 'knex'>;
  listener: Pick<Listener, 'listen' | 'onReconnect'>;
  clock: Clock;
  log: Log;
  /** The first signs access tokens. */
  tokenKeys: readonly FileKey[];
  /** The first seals contact data, documents and secrets. */
  dataKeys: readonly FileKey[];
  /** Of card hashes; gateways have the same one. */
  cardHashKey: Buffer;
  /** Requests of one account in a time; those of domain A9 unless a test needs others. */
  budgets?: typeof BUDGETS;
  roleBudgets?: RoleBudgets;
  /** How gateways are told to do something. */
  commands: CommandSender;
  /** Addresses and networks that may read the metrics besides this machine. */
  metricsFrom?: readonly string[];
  /** Shared with the parts that count; without it only requests are counted. */
  metrics?: Metrics;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** True while punches can arrive. */
  isReady: () => boolean;
  pageDirectory?: string;
  /** Takes scans of codes. */
  scans: ScanQueue;
  /** Where finished exports are read from. */
  files?: ExportFiles;
}

export interface HttpServer {
  readonly port: number;
  /** Ends streams and waits for requests that are being answered. */
  stop(): Promise<void>;
}

/** @throws RollcallError `PORT_TAKEN` */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { db, listener, clock, log, host, port, pageDirectory = PAGE_DIRECTORY } = options;
  const metrics = options.metrics ?? createMetrics({ db });
  const live = createLiveFeed({ db, listener, clock, log });
  const auth = createAuth({ knex: db.knex, clock, keys: options.tokenKeys });
  const capture = createCapture({ knex: db.knex, clock, dataKeys: options.dataKeys, scans: options.scans });
  const stopListening = [
    listener.listen(ACCOUNT_CHANNEL, (accountId) => auth.accounts.forget(accountId)),
    listener.listen(QR_CHANNEL, (sessionId) => capture.secrets.forget(sessionId)),
  ];
  const stopForgetting = (): void => {
    for (const stop of stopListening) stop();
  };
  const context: HttpContext = {
    db,
    clock,
    log,
    live,
    metrics,
    auth,
    rates: createRateLimits(options.budgets, options.roleBudgets),
    refusals: createRefusals({ db, clock, log }),
    mayReadMetrics: createNetworks([...LOOPBACK, ...(options.metricsFrom ?? [])]),
    idempotency: createIdempotency({ knex: db.knex, clock, log, seal: capture.seal }),
    capture,
    auditKeys: createAuditKeys(options.dataKeys),
    commands: options.commands,
    cardHmac: cardHmac(options.cardHashKey),
    files: options.files,
    checks: readinessChecks(options),
  };
  const server = createExpressServer(
    createApp(ROUTES, context, {
      pageDirectory,
      publicUrls: options.publicUrls ?? [],
      trustedProxies: options.trustedProxies ?? [],
    }),
  );
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  try {
    await listen(server, host, port);
  } catch (error) {
    stopForgetting();
    await live.stop();
    throw error;
  }
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      stopForgetting();
      await live.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Streams never end by themselves, and idle keep-alive connections would hold the stop for seconds.
      server.closeAllConnections();
      await closed;
      await context.refusals.stop();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portTaken(port, error) : error);
    });
    server.listen(port, host, () => resolve());
  });
}

function portTaken(port: number, cause: unknown): RollcallError {
  return new RollcallError(
    'PORT_TAKEN',
    `Port ${port} is in use by another program. Stop that program, or choose another port with --port or ROLLCALL_PORT`,
    { cause, context: { port } },
  );
}

function readinessChecks({ db, isReady }: HttpServerOptions): HttpContext['checks'] {
  return {
    database: async () => (await db.knex.raw('SELECT 1')).rows.length === 1,
    migrations: async () => {
      const { missing, unknownFloor } = await readSchemaFit(db.knex, await readMigrations());
      return missing.length === 0 && unknownFloor === undefined;
    },
    broker: isReady,
  };
}
