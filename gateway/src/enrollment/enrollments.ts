import type { Clock } from '@rollcall/protocol/clock';
import type { EnrollArgs, EnrollmentProgress } from '@rollcall/protocol/enrollment';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import { sensorKey } from '../identify/gallery-sync.js';
import type { Log } from '../log.js';
import type { EnrollmentEngine } from './enrollment-engine.js';
import type { KeepTemplate } from './keep-template.js';
import { type ReservedScanner, runEnrollment, type Templates } from './run-enrollment.js';
import type { Report } from './take-fingers.js';

/** Each finger may take so long; central expects no more either. */
export const FINGER_WITHIN_MS = 5 * 60_000;

export interface EnrollmentsOptions {
  clock: Clock;
  log: Log;
  /** @throws RollcallError `COMMAND_INVALID`, `PORT_CLOSED` */
  scanner(deviceId: string): FingerSensor;
  /** Takes fingers where a device is a terminal, which makes templates itself; undefined for every other device. */
  terminal?(deviceId: string): TakeThere | undefined;
  /** @throws RollcallError `GALLERY_FILLING`, or the reason of the signal */
  reserve(deviceId: string, sensor: FingerSensor, signal: AbortSignal): Promise<ReservedScanner>;
  /** Undefined on a gateway that keeps no fingerprints. */
  templates: Templates | undefined;
  /** Tells central; kept until it is told. */
  report(enrollmentId: string, deviceId: string, progress: EnrollmentProgress): void;
  /** What is under way, kept over a crash. */
  underway: { get(): string | undefined; set(text: string): void };
  /** Nothing is held any more of what left the store. */
  onForgotten(): void;
}

/** Takes the fingers of one enrollment. @throws RollcallError what ended it */
export type TakeThere = (run: {
  args: EnrollArgs;
  keep: KeepTemplate;
  openEngine(): EnrollmentEngine;
  report: Report;
  signal: AbortSignal;
}) => Promise<void>;

/** Where somebody enrolls. */
interface Place {
  take: TakeThere;
  module: string | undefined;
}

interface Session {
  args: EnrollArgs;
  /** Under which the slots of the scanner are kept; terminals have none. */
  module: string | undefined;
  /** It opens every template of the store, to compare them itself; undefined until it does, and where it needs none. */
  engine: EnrollmentEngine | undefined;
  stopped: AbortController;
  done: Promise<void>;
}

/**
 * Enrollments that central asks for, one at a time: a gateway has one engine to spare for it. However one ends, central
 * is told once, and the scanner takes attendance again.
 */
export class Enrollments {
  readonly #options: EnrollmentsOptions;
  #session: Session | undefined;
  #holdsOthers = false;
  #timesLeft = 0;

  constructor(options: EnrollmentsOptions) {
    this.#options = options;
  }

  /** One that a crash or a power cut ended is told to central as such. */
  start(): void {
    const { underway, report, log } = this.#options;
    const text = underway.get();
    if (text === undefined || text === '') return;
    const { enrollment_id: id, device_id: deviceId } = JSON.parse(text) as EnrollArgs;
    log.warn({ enrollment_id: id, device_id: deviceId }, 'an enrollment was ended by a restart');
    report(id, deviceId, { step: 'failed', code: 'ENROLLMENT_ABORTED' });
    this.#nothingUnderway();
  }

  /**
   * Resolves when it has begun, which is all that its answer says.
   *
   * @throws RollcallError `ENROLLMENT_BUSY`, `COMMAND_INVALID`, `PORT_CLOSED`, `KEY_INVALID`
   */
  begin(args: EnrollArgs): { started: true } {
    const { templates } = this.#options;
    if (this.#session !== undefined) {
      // The command came twice.
      if (this.#session.args.enrollment_id === args.enrollment_id) return { started: true };
      throw new RollcallError(
        'ENROLLMENT_BUSY',
        'This gateway takes the fingers of somebody else now; wait for its end, or cancel it',
      );
    }
    if (templates === undefined) {
      throw new RollcallError(
        'KEY_INVALID',
        'This gateway has no key for templates; make fingers.template_key_file, the same on every gateway',
      );
    }
    const { take, module } = this.#place(args, templates);
    const stopped = new AbortController();
    const session: Session = { args, module, engine: undefined, stopped, done: Promise.resolve() };
    this.#session = session;
    session.done = this.#run(session, take, templates).finally(() => {
      this.#session = undefined;
      this.#forgotten();
    });
    return { started: true };
  }

  /** The module where somebody enrolls; undefined also once that is to end, because what it needed has to go then. */
  get underwayAt(): string | undefined {
    return this.#session?.stopped.signal.aborted === false ? this.#session.module : undefined;
  }

  /** Something that the store has no more is still in the memory of an enrollment. */
  get holdsOthers(): boolean {
    return this.#holdsOthers;
  }

  /** Templates left the store. They leave the enrollment as soon as its thread gets to it, at the latest with its end. */
  templatesLeft(): void {
    const { engine, args } = this.#session ?? {};
    if (engine === undefined) return;
    this.#holdsOthers = true;
    this.#timesLeft += 1;
    const time = this.#timesLeft;
    engine.forgetOthers().then(
      () => {
        // Others may have left meanwhile: whoever asked for those says it.
        if (time === this.#timesLeft) this.#forgotten();
      },
      (error: unknown) =>
        this.#options.log.debug(
          { enrollment_id: args?.enrollment_id, ...whyOf(error) },
          'templates that left stay in memory until the enrollment ends',
        ),
    );
  }

  #forgotten(): void {
    if (!this.#holdsOthers) return;
    this.#holdsOthers = false;
    this.#options.onForgotten();
  }

  /** @returns whether it was under way */
  cancel(enrollmentId: string): { cancelled: boolean } {
    const session = this.#session;
    if (session?.args.enrollment_id !== enrollmentId) return { cancelled: false };
    session.stopped.abort(CANCELLED);
    return { cancelled: true };
  }

  /** Tells central that it ended with the gateway. */
  async stop(): Promise<void> {
    this.#session?.stopped.abort(
      new RollcallError('ENROLLMENT_ABORTED', 'The gateway was stopped; begin the enrollment again'),
    );
    await this.#session?.done;
  }

  /** @throws RollcallError `COMMAND_INVALID`, `PORT_CLOSED` */
  #place({ device_id: deviceId }: EnrollArgs, templates: Templates): Place {
    const { terminal, scanner, reserve } = this.#options;
    const atTerminal = terminal?.(deviceId);
    if (atTerminal !== undefined) return { take: atTerminal, module: undefined };
    const sensor = scanner(deviceId);
    return {
      module: sensorKey(deviceId, sensor),
      take: async ({ args, report, signal, openEngine }) => {
        const reserved = await reserve(deviceId, sensor, signal);
        await runEnrollment({ args, reserved, templates: { ...templates, openEngine }, report, signal });
      },
    };
  }

  async #run(session: Session, take: TakeThere, templates: Templates): Promise<void> {
    const { args, stopped } = session;
    const { clock, log, underway } = this.#options;
    const { enrollment_id: id, device_id: deviceId, fingers } = args;
    const report = (progress: EnrollmentProgress): void => this.#options.report(id, deviceId, progress);
    const cancelTimer = clock.after(fingers.length * FINGER_WITHIN_MS, () =>
      stopped.abort(new RollcallError('ENROLLMENT_ABORTED', 'The enrollment took too long; begin it again')),
    );
    try {
      underway.set(JSON.stringify({ enrollment_id: id, device_id: deviceId }));
      log.info({ enrollment_id: id, device_id: deviceId }, 'an enrollment begins');
      const openEngine = (): EnrollmentEngine => {
        session.engine = templates.openEngine();
        return session.engine;
      };
      await take({ args, keep: templates.keep, openEngine, report, signal: stopped.signal });
      log.info({ enrollment_id: id, device_id: deviceId }, 'an enrollment is done');
    } catch (error) {
      log.warn({ enrollment_id: id, device_id: deviceId, ...whyOf(error) }, 'an enrollment ended early');
      report(endOf(error));
    } finally {
      cancelTimer();
      this.#nothingUnderway();
    }
  }

  /** A disk that does not take it must not end the gateway: central only hears of the end once more, which changes nothing. */
  #nothingUnderway(): void {
    const { log, underway } = this.#options;
    try {
      underway.set('');
    } catch (error) {
      log.error({ err: error }, 'the end of an enrollment is not on disk');
    }
  }
}

const CANCELLED = new Error('the enrollment was cancelled');

/** For the log: without the context, which has whose finger it is otherwise (domain case 115). */
function whyOf(error: unknown): object {
  return isRollcallError(error) ? { code: error.code, reason: error.message } : { err: error };
}

/** What central is told of an enrollment that did not reach its end. */
export function endOf(error: unknown): EnrollmentProgress {
  if (error === CANCELLED) return { step: 'cancelled' };
  if (!isRollcallError(error)) return { step: 'failed', code: 'INTERNAL' };
  const {
    reasons,
    student_ref: other,
    finger_position: position,
  } = error.context as {
    reasons?: Extract<EnrollmentProgress, { step: 'failed' }>['reasons'];
    student_ref?: string;
    finger_position?: number;
  };
  return {
    step: 'failed',
    code: error.code,
    ...(position === undefined ? {} : { finger_position: position }),
    ...(reasons === undefined ? {} : { reasons }),
    ...(other === undefined ? {} : { student_ref: other }),
  };
}
