import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { DriverContext } from '../driver.js';
import type { FingerImage, FingerSensor } from './sensor.js';
import type { Turns } from './turns.js';

/** A finger is gone after so many looks without it: one that slips is still the same presentation. */
const ABSENT_LOOKS = 3;
/** Captures of one presentation that may fail before the person is told; a second one halves false rejections. */
const TRIES = 2;
/** Proof of life for the supervisor, which notices when it stops. */
const ALIVE_EVERY_MS = 5_000;
/** Looks that fail with an answer of the module, before it is asked again at the usual pace. */
const FAILED_PAUSE_MS = 500;
/** How often a module that answers all the time is asked whether it is still the same, while nobody is there. */
const CHECK_EVERY_MS = 600_000;

export type Recognition =
  | { type: 'recognized'; slot: number; score?: number }
  | { type: 'image'; image: FingerImage }
  | { type: 'unknown' }
  /** Too dry, too wet, too little of it. */
  | { type: 'poor' };

/** What the watch needs of a module. */
export interface WatchedModule {
  /** Who it is, once that was asked. */
  readonly sensor: Pick<FingerSensor, 'identity'> | undefined;
  /** Whether a finger is there now. */
  look(): Promise<boolean>;
  /** Compares the finger that `look` saw, with these slots or with all. */
  recognize(slots: readonly number[] | undefined): Promise<Recognition>;
  /** A question went without its answer: waits until nothing late can be taken for the answer to the next one. */
  settle(): Promise<void>;
  /** False where it is another module than the connection began with, or where somebody else has changed its slots. */
  check(): Promise<boolean>;
  /** The finger has left. */
  onLeft?(): Promise<void>;
}

export interface FingerWatchOptions {
  context: Pick<DriverContext<unknown>, 'clock' | 'emit' | 'count' | 'giveUp'>;
  turns: Turns;
  module: WatchedModule;
  pollMs: number;
  /** Slots that fingers are compared with; undefined: all. */
  slots: () => readonly number[] | undefined;
}

/** Looks for fingers again and again; one event a presentation, and the finger has to leave before the next one. */
export class FingerWatch {
  readonly #options: FingerWatchOptions;
  #cancel: (() => void) | undefined;
  #isStopped = false;
  #isPresented = false;
  #absentLooks = 0;
  #aliveMs: number | undefined;
  #checkedMs = 0;
  #reservations = 0;

  constructor(options: FingerWatchOptions) {
    this.#options = options;
  }

  /** The connection begins with the module that has just answered, whatever was not understood until it did. */
  start(): void {
    const { turns } = this.#options;
    turns.noteSettled();
    turns.settleBy(() => this.#settle());
    this.#checkedMs = this.#clock.monoMs();
    this.#schedule(this.#options.pollMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** See {@link FingerSensor.reserve}. The module is still looked at: a silent one would count as lost. */
  reserve(): () => void {
    let isReserved = true;
    this.#reservations += 1;
    return () => {
      if (!isReserved) return;
      isReserved = false;
      this.#reservations -= 1;
      this.#isPresented = true;
      this.#absentLooks = 0;
    };
  }

  get #clock(): Clock {
    return this.#options.context.clock;
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#clock.after(delayMs, () => void this.#lookOnce());
  }

  async #lookOnce(): Promise<void> {
    const { turns, pollMs } = this.#options;
    try {
      await turns.take(() => (this.#isStopped ? Promise.resolve() : this.#look()));
      this.#schedule(pollMs);
    } catch (error) {
      if (this.#isStopped) return;
      await this.#recover(error as RollcallError);
      this.#schedule(FAILED_PAUSE_MS);
    }
  }

  async #look(): Promise<void> {
    const { module, slots } = this.#options;
    const isThere = await module.look();
    this.#tellAlive();
    if (!isThere) {
      await this.#onAbsent();
      return;
    }
    this.#absentLooks = 0;
    if (this.#reservations > 0) this.#isPresented = true;
    if (this.#isPresented) return;
    for (let attempt = 1; ; attempt++) {
      const recognition = await module.recognize(slots());
      if (this.#isStopped || this.#reservations > 0) return;
      const hasFailed = recognition.type === 'unknown' || recognition.type === 'poor';
      if (!hasFailed || attempt === TRIES) {
        this.#isPresented = true;
        this.#emit(recognition);
        return;
      }
      if (!(await module.look())) return;
    }
  }

  #emit(recognition: Recognition): void {
    const { context } = this.#options;
    switch (recognition.type) {
      case 'recognized': {
        const { slot, score } = recognition;
        context.emit({ type: 'finger', slot, ...(score === undefined ? {} : { score }) });
        return;
      }
      case 'image':
        context.emit({ type: 'finger_image', image: recognition.image });
        return;
      default:
        context.emit({ type: 'finger_unknown' });
    }
  }

  async #onAbsent(): Promise<void> {
    this.#absentLooks += 1;
    if (this.#absentLooks < ABSENT_LOOKS) return;
    if (this.#isPresented) {
      this.#isPresented = false;
      await this.#options.module.onLeft?.();
      return;
    }
    const isDue = this.#clock.monoMs() - this.#checkedMs >= CHECK_EVERY_MS;
    if (isDue && this.#reservations === 0) await this.#check();
  }

  #tellAlive(): void {
    const nowMs = this.#clock.monoMs();
    if (this.#aliveMs !== undefined && nowMs - this.#aliveMs < ALIVE_EVERY_MS) return;
    this.#aliveMs = nowMs;
    this.#options.context.emit({ type: 'alive' });
  }

  async #recover(error: RollcallError): Promise<void> {
    const { context, turns } = this.#options;
    if (error.code === 'DEVICE_TIMEOUT') context.count('timeouts');
    else context.emit({ type: 'rejected', reason: 'device_error', message: error.message });
    turns.isUnsettled = true;
    try {
      await turns.take(() => Promise.resolve());
    } catch {
      // The next look fails too, or the connection has ended: both are noticed there.
    }
  }

  async #settle(): Promise<void> {
    const { module, turns } = this.#options;
    // Nameless ones of a kind look alike, and often have the same slots taken: the gateway fills the lowest ones first.
    if (turns.wasSilent && module.sensor?.identity === undefined) {
      this.#giveUp(
        'The fingerprint module was silent, and has no name by which it could be told from another one; it is connected anew and given its fingers',
      );
    }
    await module.settle();
    await this.#check();
    turns.noteSettled();
  }

  /**
   * A slot of another module is another person: nothing that this connection knows holds for it.
   *
   * @throws RollcallError `PORT_LOST` where it is another one; the connection has ended then.
   */
  async #check(): Promise<void> {
    const isSame = await this.#options.module.check();
    this.#checkedMs = this.#clock.monoMs();
    if (isSame) return;
    this.#giveUp(
      'Another fingerprint module is connected, or its slots were changed by somebody else; it is connected anew and given its fingers',
    );
  }

  #giveUp(why: string): never {
    const reason = new RollcallError('PORT_LOST', why);
    this.#options.context.giveUp(reason);
    throw reason;
  }
}
