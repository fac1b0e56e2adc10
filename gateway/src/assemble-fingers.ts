import type { Clock } from '@rollcall/protocol/clock';
import type { GatewayEventDetail } from '@rollcall/protocol/gateway-event';
import type { GatewayConfig } from './config/schema.js';
import type { FingerSensor } from './drivers/finger/sensor.js';
import { versionOf } from './drivers/terminal/finger-format.js';
import { createEnrollments } from './enrollment/create-enrollments.js';
import type { Enrollments } from './enrollment/enrollments.js';
import type { HealthSources } from './features/health-report.js';
import type { Problems } from './features/problems.js';
import { createFingerEngine, type FingerEngine } from './identify/finger-engine.js';
import { RosterGallery } from './identify/finger-gallery.js';
import { FingerSlots } from './identify/finger-slots.js';
import { GallerySync } from './identify/gallery-sync.js';
import { PeopleSync } from './identify/people-sync.js';
import type { RosterStore } from './identify/roster-store.js';
import { TemplateStore } from './identify/template-store.js';
import { TemplateSync } from './identify/template-sync.js';
import { TerminalBook } from './identify/terminal-book.js';
import type { RootLog } from './log.js';
import type { Secrets } from './secrets.js';
import type { Store } from './store/store.js';

export interface FingerPartsOptions {
  config: GatewayConfig;
  clock: Clock;
  log: RootLog;
  store: Store;
  secrets: Secrets;
  roster: RosterStore;
  problems: Problems;
  /** @throws RollcallError `COMMAND_INVALID`, `PORT_CLOSED` */
  scanner(deviceId: string): FingerSensor;
  report(detail: GatewayEventDetail): void;
  /** Central is to hear of the health now. */
  onChange(): void;
}

/** Fingerprint templates on this gateway: in its store, in the slots of modules, in the engine, and being enrolled. */
export class FingerParts {
  readonly #options: FingerPartsOptions;
  readonly templates: TemplateStore;
  readonly gallery: GallerySync;
  /** Users and fingers of terminals. */
  readonly people: PeopleSync;
  readonly engine: FingerEngine;
  readonly enrollments: Enrollments;
  readonly #slots: FingerSlots;
  readonly #gallery: RosterGallery;
  /** Undefined on a gateway that keeps no fingerprints. */
  readonly #sync: TemplateSync | undefined;
  /** What the roster in force lists, or the one that is about to be. */
  #listed: ReadonlySet<string>;

  constructor(options: FingerPartsOptions) {
    this.#options = options;
    const { config, clock, log, store, secrets, roster, problems, onChange } = options;
    this.templates = new TemplateStore(store.db);
    this.#listed = new Set(roster.templateIds);
    this.#sync = this.#createSync();
    this.#slots = new FingerSlots(store.db);
    this.#gallery = new RosterGallery({ store: this.templates, seal: secrets.templateSeal, roster });
    this.gallery = new GallerySync({
      gallery: this.#gallery,
      slots: this.#slots,
      clock,
      log: log.child({ part: 'gallery' }),
      // What left the slots is acknowledged at once.
      onChange,
    });
    this.people = this.#createPeople();
    this.engine = createFingerEngine({
      devices: config.devices,
      seal: secrets.templateSeal,
      store: this.templates,
      threads: config.fingers.matchThreads,
      dataDir: config.gateway.dataDir,
      clock,
      log: log.child({ part: 'fingers' }),
      onProblem: problems.follow(['GALLERY_LOST', 'GALLERY_FULL'], 'degraded'),
      onChange,
    });
    this.enrollments = this.#createEnrollments();
  }

  /** Before anything can be enrolled, and before any device is open. */
  start(): void {
    this.engine.start();
    this.#follow();
  }

  /** Nothing is put into any device from now on. */
  async stopWriting(): Promise<void> {
    await this.enrollments.stop();
    this.gallery.stop();
    this.people.stop();
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    this.#sync?.stop();
  }

  /** What the next roster does not list leaves the store before that roster is in force. */
  beforeInForce(listed: ReadonlySet<string>): void {
    this.#listed = listed;
    const removed = this.templates.keepOnly(listed);
    if (removed === 0) return;
    this.engine.templatesLeft();
    this.enrollments.templatesLeft();
    this.#options.log.child({ part: 'roster' }).info({ removed }, 'fingerprint templates were removed');
  }

  rosterInForce(): void {
    this.gallery.galleryChanged();
    this.people.changed();
    this.#follow();
  }

  /** What central is told of them. */
  health(): Pick<HealthSources, 'rosterVersion' | 'templatesVersion' | 'gallery'> {
    return {
      // Saying it acknowledges that what the roster does not list is gone, out of the modules, too.
      rosterVersion: this.#holdsOthers ? undefined : this.#options.roster.version,
      // Saying it acknowledges that they are where fingers are compared: in the terminals, too.
      templatesVersion: this.people.isBehind ? undefined : this.#sync?.completeVersion,
      gallery: this.engine.health,
    };
  }

  /** A module or a terminal, or the memory of a thread or of an enrollment, still has what the roster in force does not list. */
  get #holdsOthers(): boolean {
    const { engine, enrollments, people } = this;
    if (engine.holdsOthers || enrollments.holdsOthers || people.holdOthers(this.#listed)) return true;
    return this.#slots.holdOthers(this.#listed, enrollments.underwayAt);
  }

  #follow(): void {
    const { version, templateIds: ids } = this.#options.roster;
    void this.#sync?.follow({ version, ids });
  }

  #createSync(): TemplateSync | undefined {
    const { config, clock, log, secrets, problems, onChange } = this.#options;
    const { templateSeal: seal } = secrets;
    if (seal === undefined) return undefined;
    const tell = problems.follow(['TEMPLATE_INVALID', 'SEAL_BROKEN'], 'degraded');
    return new TemplateSync({
      ...secrets,
      gatewayId: config.gateway.id,
      centralUrl: config.uplink.centralUrl,
      store: this.templates,
      seal,
      isListed: (id) => this.#listed.has(id),
      clock,
      log: log.child({ part: 'templates' }),
      onState: (problem) => {
        tell(problem);
        if (problem === undefined) {
          this.gallery.galleryChanged();
          this.people.changed();
          this.engine.templatesCame();
        }
        onChange();
      },
    });
  }

  #createPeople(): PeopleSync {
    const { config, clock, log, store, secrets, roster, report, onChange } = this.#options;
    return new PeopleSync({
      book: new TerminalBook(store.db),
      roster,
      templates: this.templates,
      gallery: this.#gallery,
      keepsFingers: secrets.templateSeal !== undefined,
      managed: config.devices.flatMap(({ id, options }) => (managesUsers(options) ? [id] : [])),
      isOfTerminals: (format) => versionOf(format) !== undefined,
      clock,
      log: log.child({ part: 'people' }),
      report,
      onChange,
    });
  }

  #createEnrollments(): Enrollments {
    const { config, clock, log, store, secrets, scanner, report, onChange } = this.#options;
    return createEnrollments({
      ...secrets,
      gatewayId: config.gateway.id,
      centralUrl: config.uplink.centralUrl,
      clock,
      log: log.child({ part: 'enrollment' }),
      store,
      templates: this.templates,
      slots: this.#slots,
      gallery: this.gallery,
      people: this.people,
      fleet: { scanner },
      report,
      onForgotten: onChange,
    });
  }
}

function managesUsers(options: unknown): boolean {
  const { manage_users: manages = 'off' } = options as { manage_users?: string };
  return manages !== 'off';
}
