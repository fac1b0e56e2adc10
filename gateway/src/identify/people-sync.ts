import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError } from '@rollcall/protocol/errors';
import type { GatewayEventDetail } from '@rollcall/protocol/gateway-event';
import type { BroughtFinger, PeopleLink, TerminalPeople } from '../drivers/terminal-people.js';
import type { UserChange } from '../drivers/user-change.js';
import type { Log } from '../log.js';
import { BroughtFingers } from './brought-fingers.js';
import type { FingerGallery } from './finger-gallery.js';
import { hasAll, type Served, serve } from './served-terminal.js';
import { type PeopleSyncResult, syncPeople } from './sync-people.js';
import type { TemplateStore } from './template-store.js';
import type { TerminalBook } from './terminal-book.js';
import { type EnrollmentAtTerminal, TerminalEnrollments } from './terminal-enrollments.js';
import { type RosterPeople, type WantedPeople, wantedPeople } from './wanted-people.js';

/** A run that failed is tried again after this long, or at once after the next connection. */
const RETRY_MS = 60_000;
/** What a terminal refused is tried again after this long: somebody may have made room. */
const REFUSED_RETRY_MS = 3_600_000;
/** Users of one terminal that are looked at until its next run; the largest have so many. */
const SEEN_MAX = 50_000;

export interface PeopleSyncOptions {
  book: TerminalBook;
  roster: RosterPeople;
  templates: Pick<TemplateStore, 'ofFormat' | 'formats'>;
  gallery: Pick<FingerGallery, 'allowed' | 'read'>;
  /** Whether this gateway keeps fingers at all. */
  keepsFingers: boolean;
  /** Devices whose users are managed. */
  managed: readonly string[];
  /** Whether a format is one that terminals take. */
  isOfTerminals(format: string): boolean;
  clock: Clock;
  log: Log;
  report(detail: GatewayEventDetail): void;
  /** Central is to hear how far the terminals are. */
  onChange(): void;
}

/** Keeps the users and fingers of every terminal those of the roster, as `GallerySync` does with the slots of modules. */
export class PeopleSync {
  readonly #options: PeopleSyncOptions;
  readonly #served = new Map<string, Served>();
  readonly #brought: BroughtFingers;
  readonly #enrollments: TerminalEnrollments;
  #hasTemplates: boolean;

  constructor(options: PeopleSyncOptions) {
    this.#options = options;
    this.#hasTemplates = this.#lookForTemplates();
    this.#brought = new BroughtFingers(options);
    this.#enrollments = new TerminalEnrollments(options);
  }

  /** What the driver of a device tells of it. */
  of(deviceId: string): PeopleLink {
    return {
      keepsFingers: this.#options.keepsFingers,
      reachable: (terminal) => this.#reachable(deviceId, terminal),
      fingerBrought: (finger) => this.#fingerBrought(deviceId, finger),
      userSeen: (user) => this.#userSeen(deviceId, user),
      forgotAll: () => this.#forgotAll(deviceId),
      counted: (count) => this.#counted(deviceId, count),
      changedByHand: (change) => this.#changedByHand(deviceId, change),
    };
  }

  /** Undefined while it is not connected, and for what is no terminal. */
  terminal(deviceId: string): TerminalPeople | undefined {
    return this.#served.get(deviceId)?.terminal;
  }

  /** Somebody enrolls there; undefined while it is not connected, and for what is no terminal. */
  enrollAt(deviceId: string): EnrollmentAtTerminal | undefined {
    const served = this.#served.get(deviceId);
    if (served === undefined) return undefined;
    return this.#enrollments.begin(served.terminal, () => {
      if (this.#served.get(deviceId) === served) void this.#run(deviceId, served);
    });
  }

  /** The roster or the templates have changed. */
  changed(): void {
    this.#hasTemplates = this.#lookForTemplates();
    for (const [deviceId, served] of this.#served) {
      served.isFilled = false;
      served.isOvertaken = true;
      void this.#run(deviceId, served);
    }
  }

  /** A terminal, connected or not, may still have what is not listed. */
  holdOthers(listed: ReadonlySet<string>): boolean {
    return this.#options.book.holdOthers(listed);
  }

  /** A terminal that is managed has not said yet that it has everything. */
  get isBehind(): boolean {
    const { managed } = this.#options;
    return this.#hasTemplates && managed.some((id) => this.#served.get(id)?.isFilled !== true);
  }

  stop(): void {
    for (const deviceId of [...this.#served.keys()]) this.#forget(deviceId);
  }

  #reachable(deviceId: string, terminal: TerminalPeople | undefined): void {
    const known = this.#served.get(deviceId);
    if (terminal !== undefined && known?.terminal === terminal) {
      void this.#run(deviceId, known);
      return;
    }
    this.#forget(deviceId);
    if (terminal === undefined) return;
    const served = serve(terminal);
    this.#served.set(deviceId, served);
    void this.#run(deviceId, served);
  }

  async #run(deviceId: string, served: Served): Promise<void> {
    if (served.isRunning) {
      served.mustRunAgain = true;
      return;
    }
    const log = this.#options.log.child({ device_id: deviceId });
    served.isRunning = true;
    served.mustRunAgain = false;
    served.isOvertaken = false;
    served.cancelRetry?.();
    try {
      const result = await this.#sync(served, log);
      served.isFilled = hasAll(served, result);
      if (!served.isOvertaken) this.#tell(deviceId, served, result);
      if (result.done > 0) log.info({ ...result }, 'the users of the terminal are those of the roster');
    } catch (error) {
      if (served.stopped.signal.aborted) return;
      served.isFilled = false;
      log.warn(
        { err: error, retryInMs: RETRY_MS },
        'the users of the terminal could not be brought up to date',
      );
      this.#retry(deviceId, served, RETRY_MS);
    } finally {
      served.isRunning = false;
    }
    this.#options.onChange();
    if (served.mustRunAgain && !served.stopped.signal.aborted) await this.#run(deviceId, served);
  }

  async #sync(served: Served, log: Log): Promise<PeopleSyncResult> {
    const { book, gallery } = this.#options;
    const { terminal, stopped } = served;
    const wanted = this.#wanted(terminal);
    this.#bookStrangers(served, wanted);
    if (terminal.deletesStrangers && !served.hasListed) {
      served.hasListed = true;
      // Its users come while the others are told.
      terminal.listUsers().catch((error: unknown) => {
        if (!isRollcallError(error)) throw error;
        served.hasListed = false;
      });
    }
    return syncPeople({
      terminal,
      book,
      wanted,
      isEnrolling: (userId, fingerPosition) =>
        this.#enrollments.isUnderway(terminal.identity, userId, fingerPosition),
      readTemplate: (templateId) => gallery.read(templateId),
      isOvertaken: () => served.isOvertaken,
      signal: stopped.signal,
      log,
    });
  }

  #wanted(terminal: TerminalPeople): WantedPeople {
    const { book, roster, templates, gallery } = this.#options;
    const { fingerFormat: format } = terminal;
    const allowed = gallery.allowed();
    const fingers = format === undefined ? [] : templates.ofFormat(format);
    const mayStay = allowed && this.#enrollments.withFresh(allowed);
    return wantedPeople({
      terminal,
      roster,
      fingers: fingers.map((row) => ({
        templateId: row.template_id,
        studentRef: row.student_ref,
        fingerPosition: row.finger_position,
      })),
      allowed: mayStay,
      booked: book.users(terminal.identity),
      staying: this.#staying(terminal.identity, mayStay),
    });
  }

  #staying(terminal: string, allowed: ReadonlySet<string> | undefined): ReadonlySet<string> {
    const there = this.#options.book.fingers(terminal);
    const staying = there.filter(
      ({ userId, fingerPosition, templateId }) =>
        allowed?.has(templateId) === true || this.#enrollments.isUnderway(terminal, userId, fingerPosition),
    );
    return new Set(staying.map(({ userId }) => userId));
  }

  /** Whoever is in the book and not wanted goes. */
  #bookStrangers({ terminal, seen }: Served, { users, known }: WantedPeople): void {
    if (users === undefined || !terminal.deletesStrangers) return;
    for (const userId of seen) {
      if (!known.has(userId)) this.#options.book.putUser(terminal.identity, { userId, isHeld: false });
    }
    seen.clear();
  }

  #tell(deviceId: string, served: Served, { refused, reason }: PeopleSyncResult): void {
    if (refused === 0) {
      served.terminal.tell(null);
      return;
    }
    served.terminal.tell(
      `The terminal refused ${refused} changes of its users and fingers (${reason ?? 'no reason'}); see how many it can hold, and its menu`,
    );
    this.#retry(deviceId, served, REFUSED_RETRY_MS);
  }

  #retry(deviceId: string, served: Served, afterMs: number): void {
    served.cancelRetry?.();
    served.cancelRetry = this.#options.clock.after(afterMs, () => void this.#run(deviceId, served));
  }

  #fingerBrought(deviceId: string, finger: BroughtFinger): void {
    const served = this.#served.get(deviceId);
    if (served === undefined) return;
    if (this.#brought.take(deviceId, served.terminal, finger) === 'undone') void this.#run(deviceId, served);
  }

  #userSeen(deviceId: string, { user, isAdministrator }: { user: string; isAdministrator: boolean }): void {
    const served = this.#served.get(deviceId);
    if (served === undefined || isAdministrator || served.seen.size >= SEEN_MAX) return;
    served.seen.add(user);
    void this.#run(deviceId, served);
  }

  #forgotAll(deviceId: string): void {
    const served = this.#served.get(deviceId);
    if (served === undefined) return;
    this.#options.log.warn(
      { device_id: deviceId },
      'the terminal has lost users or fingers; they are sent again',
    );
    this.#options.book.doubt(served.terminal.identity);
    void this.#run(deviceId, served);
  }

  /** Fewer than it was given: somebody has deleted them, or has reset it. */
  #counted(deviceId: string, { users, fingers }: { users: number; fingers: number }): void {
    const served = this.#served.get(deviceId);
    if (served === undefined || served.isRunning) return;
    const { book } = this.#options;
    const { identity } = served.terminal;
    const heldUsers = book.users(identity).filter(({ isHeld }) => isHeld).length;
    const heldFingers = book.fingers(identity).filter(({ isHeld }) => isHeld).length;
    if (users >= heldUsers && fingers >= heldFingers) return;
    const counts = `${users}/${fingers} of ${heldUsers}/${heldFingers}`;
    if (served.resentFor === counts) return;
    served.resentFor = counts;
    this.#forgotAll(deviceId);
  }

  #changedByHand(deviceId: string, change: UserChange): void {
    const served = this.#served.get(deviceId);
    if (served === undefined) return;
    const { book } = this.#options;
    const { identity } = served.terminal;
    if (change.action === 'remove') book.removeUser(identity, change.user);
    else if (change.action === 'forget_biometrics') book.removeFingers(identity, change.user);
    void this.#run(deviceId, served);
  }

  #forget(deviceId: string): void {
    const served = this.#served.get(deviceId);
    if (served === undefined) return;
    this.#served.delete(deviceId);
    served.cancelRetry?.();
    served.stopped.abort(new Error('the terminal is gone'));
  }

  #lookForTemplates(): boolean {
    const { templates, isOfTerminals } = this.#options;
    return templates.formats().some((format) => isOfTerminals(format));
  }
}
