import type { Clock } from '@rollcall/protocol/clock';
import type { Health } from '@rollcall/protocol/health';
import { FingerParts } from './assemble-fingers.js';
import { assembleFleet } from './assemble-fleet.js';
import { commandHandlers } from './command-handlers.js';
import type { GatewayConfig } from './config/schema.js';
import type { DeviceSnapshot } from './devices/device-snapshot.js';
import type { Fleet } from './devices/fleet.js';
import { CaptureFiles } from './features/capture-files.js';
import { ClockAnchors, readBootId } from './features/clock-anchors.js';
import { trustNtp, trustSystem } from './features/clock-sync.js';
import { DeviceReports } from './features/device-reports.js';
import { healthReport } from './features/health-report.js';
import { TemporaryLogLevel } from './features/log-level.js';
import { Maintenance } from './features/maintenance.js';
import { Problems } from './features/problems.js';
import { createNotify, type Notify, watchdogIntervalMs } from './features/sd-notify.js';
import { softwareVersion } from './features/software-version.js';
import { Watchdog } from './features/watchdog.js';
import { ExpectedStudents } from './identify/expected-students.js';
import { Roster } from './identify/roster.js';
import { RosterStore } from './identify/roster-store.js';
import type { RootLog } from './log.js';
import { readSecrets, type Secrets } from './secrets.js';
import { HoursLeft } from './store/hours-left.js';
import { type Keeper, openKeeper } from './store/keeper.js';
import { eventRow, type RowDraft, type RowStamp } from './store/outbox-row.js';
import { Uplink } from './uplink/uplink.js';

const SECOND_MS = 1_000;

export interface GatewayOptions {
  config: GatewayConfig;
  clock: Clock;
  log: RootLog;
  env: NodeJS.ProcessEnv;
  /** The store was damaged while running: only a new start can go on. */
  onDamage: () => void;
}

/** Every part of the gateway, each told of the others here and nowhere else. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #secrets: Secrets;
  readonly #problems: Problems;
  readonly #anchors: ClockAnchors;
  readonly #keeper: Keeper;
  readonly #rosterStore: RosterStore;
  readonly #expected = new ExpectedStudents();
  readonly #roster: Roster;
  readonly #level: TemporaryLogLevel;
  readonly #uplink: Uplink;
  readonly #reports: DeviceReports;
  readonly #fingers: FingerParts;
  readonly #fleet: Fleet;
  readonly #maintenance: Maintenance;
  readonly #captures: CaptureFiles;
  readonly #notify: Notify;
  readonly #watchdog: Watchdog;
  readonly #hoursLeft = new HoursLeft();
  readonly #software = softwareVersion();
  readonly #startedMonoMs: number;

  /** @throws RollcallError for anything that a human has to put right before the gateway can start. */
  constructor(options: GatewayOptions) {
    const { config, clock, log, env } = options;
    this.#options = options;
    this.#startedMonoMs = clock.monoMs();
    this.#secrets = readSecrets(config);
    this.#problems = new Problems(() => this.#uplink.healthChanged());
    this.#anchors = this.#createAnchors();
    this.#keeper = this.#openKeeper();
    this.#rosterStore = new RosterStore(this.#keeper.store);
    this.#expected.replace(this.#rosterStore.classes);
    this.#roster = this.#createRoster();
    this.#level = new TemporaryLogLevel(log, config.log.level, clock);
    this.#uplink = this.#createUplink();
    this.#reports = new DeviceReports({
      gatewayId: config.gateway.id,
      clock,
      topics: this.#uplink.topics,
      stamp: this.#stamp,
      append: this.#append,
    });
    this.#fingers = this.#createFingers();
    this.#fleet = this.#createFleet();
    this.#captures = new CaptureFiles({ dataDir: config.gateway.dataDir, log });
    this.#maintenance = this.#createMaintenance();
    this.#notify = createNotify({ env, log });
    this.#watchdog = this.#createWatchdog();
  }

  /** Store first, readers last: from the first tap on everything is there that keeps it. */
  async start(): Promise<void> {
    const { log, config } = this.#options;
    const { store, writer } = this.#keeper;
    if (store.replacement !== undefined) this.#problems.set('STORE_REPLACED', 'degraded');
    this.#captures.remove();
    await this.#anchors.start();
    this.#maintenance.start();
    this.#fingers.start();
    this.#uplink.start();
    this.#fingers.enrollments.start();
    this.#fleet.start();
    this.#watchdog.start();
    this.#notify('READY=1');
    const { keyId: key_id } = this.#secrets.signer;
    log.info(
      { gateway_id: config.gateway.id, store_id: store.storeId, head_seq: writer.headSeq, key_id },
      'ready',
    );
  }

  /** Writes down what the devices sent lately, for the technician who asks. */
  dumpCaptures(): void {
    this.#captures.write(this.#fleet.captures());
  }

  /** How each device fares at this moment. */
  devices(): DeviceSnapshot[] {
    return this.#fleet.snapshot();
  }

  /** In reverse: no more taps, then their rows, then the connection, then the disk. */
  async stop(): Promise<void> {
    this.#notify('STOPPING=1');
    this.#watchdog.stop();
    await this.#fingers.stopWriting();
    await this.#fleet.stop();
    await this.#fingers.stop();
    this.#reports.stop();
    this.#anchors.stop();
    this.#keeper.writer.flush();
    await this.#uplink.stop();
    this.#maintenance.stop();
    this.#level.stop();
    this.#roster.stop();
    this.#keeper.close();
  }

  readonly #stamp = (): RowStamp => this.#anchors.stamp();
  readonly #append = (row: RowDraft) => this.#keeper.writer.append(row);

  #createAnchors(): ClockAnchors {
    const { config, clock, log } = this.#options;
    return new ClockAnchors({
      clock,
      bootId: readBootId(),
      probe: config.clock.trust === 'system' ? trustSystem(clock) : trustNtp(clock),
      log: log.child({ part: 'clock' }),
      write: (row) => void this.#append(row),
      onChange: () => this.#uplink.healthChanged(),
    });
  }

  #openKeeper(): Keeper {
    const { config, clock, log, onDamage } = this.#options;
    return openKeeper({
      dataDir: config.gateway.dataDir,
      ballastBytes: config.store.ballastBytes,
      clock,
      log: log.child({ part: 'store' }),
      stamp: this.#stamp,
      onCommitted: () => this.#uplink.pump.wake(),
      onState: (state) => {
        this.#problems.set('STORE_FULL', 'critical', state === 'full');
        if (state === 'corrupt') onDamage();
      },
    });
  }

  #createRoster(): Roster {
    const { config, clock, log } = this.#options;
    return new Roster({
      ...this.#secrets,
      gatewayId: config.gateway.id,
      centralUrl: config.uplink.centralUrl,
      store: this.#rosterStore,
      clock,
      log: log.child({ part: 'roster' }),
      onProblem: this.#problems.follow(['ROSTER_INVALID'], 'degraded'),
      beforeInForce: ({ templates = [] }) => this.#fingers.beforeInForce(new Set(templates)),
      onInForce: () => {
        this.#expected.replace(this.#rosterStore.classes);
        this.#fingers.rosterInForce();
        this.#uplink.healthChanged();
      },
    });
  }

  #createFingers(): FingerParts {
    const { config, clock, log } = this.#options;
    return new FingerParts({
      config,
      clock,
      log,
      store: this.#keeper.store,
      secrets: this.#secrets,
      roster: this.#rosterStore,
      problems: this.#problems,
      scanner: (deviceId) => this.#fleet.scanner(deviceId),
      report: (detail) => void this.#append(eventRow(this.#stamp(), detail)),
      onChange: () => this.#uplink.healthChanged(),
    });
  }

  #createUplink(): Uplink {
    const { config, clock, log } = this.#options;
    const { uplink, gateway, health } = config;
    const { store, writer } = this.#keeper;
    return new Uplink({
      ...this.#secrets,
      gatewayId: gateway.id,
      mqttUrl: uplink.mqttUrl,
      windowBatches: uplink.windowBatches,
      batchRows: uplink.batchRows,
      resendMs: uplink.resendSeconds * SECOND_MS,
      healthIntervalMs: health.intervalSeconds * SECOND_MS,
      stamp: this.#stamp,
      software: this.#software,
      store,
      writer,
      clock,
      log: log.child({ part: 'uplink' }),
      buildHealth: () => this.#health(),
      handlers: commandHandlers({
        keeper: this.#keeper,
        level: this.#level,
        log,
        stamp: this.#stamp,
        append: this.#append,
        fleet: () => this.#fleet,
        enrollments: () => this.#fingers.enrollments,
        resend: (fromSeq) => this.#uplink.pump.replay(fromSeq),
      }),
      onRoster: (pointer) => this.#roster.follow(pointer),
      onLinkProblem: this.#problems.follow(['LINK_DOWN', 'LINK_AUTH', 'CLIENT_ID_TAKEN'], 'degraded'),
      onOverdue: (isOverdue) => this.#problems.set('ACK_TIMEOUT', 'degraded', isOverdue),
      onRolledBack: () => {
        store.meta.set('rolled_back', 1);
        this.#problems.set('STORE_ROLLED_BACK', 'critical');
      },
    });
  }

  #createFleet(): Fleet {
    return assembleFleet({
      ...this.#options,
      keeper: this.#keeper,
      secrets: this.#secrets,
      expected: this.#expected,
      fingers: this.#fingers,
      rosterStore: this.#rosterStore,
      stamp: this.#stamp,
      stampAt: (monoMs, wallMs) => this.#anchors.stampAt(monoMs, wallMs),
      append: this.#append,
      onChange: (snapshot) => {
        this.#reports.changed(snapshot);
        this.#uplink.healthChanged();
      },
    });
  }

  #createMaintenance(): Maintenance {
    const { config, clock, log } = this.#options;
    return new Maintenance({
      ...this.#keeper,
      clock,
      log: log.child({ part: 'store' }),
      problems: this.#problems,
      captures: this.#captures,
      retentionDays: config.store.retentionDays,
      clockState: () => this.#anchors.state,
    });
  }

  #createWatchdog(): Watchdog {
    const { clock, log, env } = this.#options;
    return new Watchdog({
      clock,
      log,
      notify: this.#notify,
      intervalMs: watchdogIntervalMs(env),
      lastWriteMonoMs: () => this.#keeper.writer.lastWriteMonoMs,
      pumpTickMonoMs: () => this.#uplink.pump.tickMonoMs,
      devices: () => this.#fleet.snapshot(),
    });
  }

  #health(): Health {
    const { clock } = this.#options;
    const { store, writer, space } = this.#keeper;
    const disk = space.disk();
    return healthReport({
      stamp: this.#stamp(),
      software: this.#software,
      uptimeS: (clock.monoMs() - this.#startedMonoMs) / SECOND_MS,
      store,
      writer,
      problems: this.#problems,
      disk,
      hoursLeft: this.#hoursLeft.observe(clock.monoMs(), disk.freeBytes),
      devices: this.#fleet.snapshot(),
      ...this.#fingers.health(),
    });
  }
}
