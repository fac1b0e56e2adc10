import { join } from 'node:path';
import type { Clock } from '@rollcall/protocol/clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import { buildTopic } from '@rollcall/protocol/topics';
import { createAuditKeys } from './audit/audit-keys.js';
import { loadTokenKeys } from './auth/token-key.js';
import { takeConsumerTurns } from './broker/consumer-turn.js';
import { centralClientId, startEmbeddedBroker } from './broker/embedded.js';
import { type BrokerLink, type Message, openBrokerLink } from './broker/link.js';
import type { CentralConfig } from './config.js';
import type { Database } from './db/database.js';
import { type Listener, openListener } from './db/listen.js';
import { migrate } from './db/migrate.js';
import { openConfiguredDatabase } from './db/open-configured.js';
import { createCommandSender } from './devices/commands.js';
import { createMessageRouter } from './devices/messages.js';
import { createReplayRequests } from './devices/replay-request.js';
import { REVOKED_CHANNEL } from './devices/revoke-gateway.js';
import { createRosterPublisher } from './devices/roster-publisher.js';
import { ExportFiles } from './exports/export-files.js';
import { createHttpServer } from './http/server.js';
import type { Committed } from './ingest/commit-rows.js';
import { createIngest } from './ingest/ingest.js';
import { startJobs } from './jobs/boss.js';
import type { Log } from './log.js';
import { createMetrics, type Metrics } from './metrics/metrics.js';
import { loadCampusKey } from './people/campus-key.js';
import { loadDataKeys } from './privacy/data-key.js';
import { type Patience, Started } from './started.js';
import { startMarkingThread } from './thread/marking-thread.js';

/** More than what jobs are given to end, and in all less than a service manager waits. */
const STOP_WAIT_MS = 15_000;

export interface Central {
  httpPort: number;
  /** Undefined with a broker of one's own. */
  mqttPort: number | undefined;
  stop(): Promise<void>;
}

/** Starts every part of central in order; the only place that knows them all. */
export async function startCentral(
  config: CentralConfig,
  log: Log,
  clock: Clock = systemClock,
): Promise<Central> {
  const started = new Started();
  let patience: Patience | undefined;
  try {
    const db = await openConfiguredDatabase(config, log);
    started.add(() => db.close());
    patience = { clock, waitMs: STOP_WAIT_MS, databaseUrl: db.url };
    const ran = await migrate(db);
    if (ran.length > 0) log.info({ migrations: ran }, 'the schema was brought up to date');
    const listener = await openListener({ url: db.url, log, clock });
    started.add(() => listener.close());

    const metrics = createMetrics({ db });
    const { link, mqttPort, commands } = await startEvidence({
      config,
      db,
      log,
      clock,
      started,
      metrics,
      listener,
    });
    const rosters = createRosterPublisher({
      db,
      clock,
      log,
      isReading: () => link.isConsuming,
      publish: (topic, payload, options) => link.publish(topic, payload, options),
    });
    started.add(() => rosters.stop());
    listener.listen('rollcall_roster', () => rosters.refresh());
    // A broker that restarted has forgotten the retained pointers; and they tell gateways that central reads (ADR 49).
    link.onReading(() => rosters.announce());

    const thread = await startMarkingThread({
      databaseUrl: db.url,
      clock,
      log,
      onJudged: metrics.judged,
    });
    started.add(() => thread.stop());
    const dataKeys = await loadDataKeys(db.knex, { dataDir: config.dataDir, file: config.dataKeyFile, log });
    const files = new ExportFiles(join(config.dataDir, 'exports'));
    const auditKeys = createAuditKeys(dataKeys);
    const jobs = await startJobs({ db, clock, log, listener, auditKeys, files });
    started.add(() => jobs.stop());
    const http = await createHttpServer({
      db,
      log,
      clock,
      listener,
      metrics,
      tokenKeys: await loadTokenKeys({ dataDir: config.dataDir, file: config.tokenKeyFile }),
      dataKeys,
      commands,
      cardHashKey: await loadCampusKey({
        dataDir: config.dataDir,
        ...(config.cardHashKeyFile === undefined ? {} : { file: config.cardHashKeyFile }),
      }),
      host: config.host,
      port: config.httpPort,
      publicUrls: config.publicUrls,
      trustedProxies: config.trustedProxies,
      metricsFrom: config.metricsFrom,
      roleBudgets: config.roleBudgets,
      isReady: () => link.isConsuming,
      scans: thread.scans,
      files,
    });
    started.add(() => http.stop());
    return { httpPort: http.port, mqttPort, stop: () => started.stopAll(log, patience) };
  } catch (error) {
    await started.stopAll(log, patience);
    throw error;
  }
}

interface EvidenceOptions {
  config: CentralConfig;
  db: Database;
  log: Log;
  clock: Clock;
  started: Started;
  metrics: Metrics;
  listener: Listener;
}

/** Broker, ingest and the link between them. */
async function startEvidence({ config, db, log, clock, started, metrics, listener }: EvidenceOptions) {
  const broker = config.externalBroker;
  const embedded =
    broker === undefined
      ? await startEmbeddedBroker({ db, log, host: config.mqttHost, port: config.mqttPort })
      : undefined;
  if (embedded !== undefined) started.add(() => embedded.stop());
  // Messages come only after the link is made, and all of these send through it.
  let link: BrokerLink | undefined;
  const publish = (topic: string, payload: string): void => link?.publish(topic, payload);
  const ingest = createIngest({
    db,
    clock,
    log,
    sendAck: ({ gatewayId, ack }) => publish(buildTopic({ kind: 'ack', gatewayId }), JSON.stringify(ack)),
    onCommitted: (committed) => {
      for (const [outcome, rows] of Object.entries(committed))
        metrics.ingested(outcome as keyof Committed, rows);
    },
  });
  listener.listen(REVOKED_CHANNEL, (gatewayId) => {
    ingest.forgetKeys(gatewayId);
    embedded?.cut(gatewayId);
  });
  const commands = createCommandSender({ clock, publish });
  const requestReplay = createReplayRequests({ commands, clock, log });
  const router = createMessageRouter({ db, clock, log, ingest, requestReplay });
  link = openBrokerLink({
    ...(embedded?.login ?? {
      username: broker?.username,
      password: broker?.password,
      url: broker?.url ?? '',
    }),
    sharedGroup: broker?.sharedGroup,
    clientId: centralClientId(),
    handle: (message: Message) => router.handle(message),
    clock,
    log,
  });
  const opened = link;
  started.add(async () => {
    await opened.stop();
    router.stop();
    await ingest.stop();
  });
  if (embedded !== undefined || broker?.sharedGroup !== undefined) await opened.consume();
  else started.add(await takeTurns(opened, { db, log, clock }));
  return { link: opened, mqttPort: embedded?.port, commands };
}

/** A broker of one's own without shared subscriptions: one replica reads. */
async function takeTurns(link: BrokerLink, { db, log, clock }: { db: Database; log: Log; clock: Clock }) {
  const turns = await takeConsumerTurns({
    databaseUrl: db.url,
    clock,
    log,
    begin: () => link.consume(),
    end: () => link.release(),
  });
  return () => turns.stop();
}
