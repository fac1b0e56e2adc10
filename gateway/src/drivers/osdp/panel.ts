import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import type { FramingEvent } from '@rollcall/protocol/framing/framer';
import { LengthPrefixedFramer } from '@rollcall/protocol/framing/length-prefixed';
import type { FeedbackSignal } from '../../feedback/signal.js';
import type { DriverContext, DriverSession } from '../driver.js';
import type { FingerVerifier } from '../finger/verifier.js';
import { TimedFramer } from '../timed-framer.js';
import { TELL_RECEIVE_SIZE } from './biometrics.js';
import { NAK, REPLY } from './codes.js';
import { CAP, type Command, ID, LSTAT, POLL, showSignal } from './commands.js';
import { FingerScans } from './finger-scans.js';
import { establishSecurity, type Keys, readKeys } from './handshake.js';
import { isAtOldAddress, moveToAddress, tellToCome } from './installation.js';
import { type Answer, Link, OFFLINE_MS, type Trouble } from './link.js';
import type { OsdpOptions } from './options.js';
import { isChecked, PACKET_BYTES_MAX, parsePacket, START } from './packet.js';
import { ReaderEvents } from './reader-events.js';
import { type Capabilities, describeIdentity, parseCapabilities } from './replies.js';

/** Pause between two polls of one reader; with a dozen of them the bus itself is slower. */
const POLL_INTERVAL_MS = 100;
/** Pause before a session is started anew: a reader that restarts needs a moment, and the others their turns. */
const RESTART_PAUSE_MS = 200;
/** A pause inside a packet ends it (OSDP note §3: 20 ms, and USB adapters hold bytes for up to 16). */
const GAP_MS = 50;
/** Bytes outside packets that are worth telling; single ones are the idle mark and the turn of the line. */
const NOISE_BYTES_TOLD = 64;
const ALIVE_INTERVAL_MS = 5_000;
/** Commands that may wait for the next turn: two for each of the taps that can be waiting. */
const JOBS_MAX = 32;
const EVERYTHING: Capabilities = {
  ...parseCapabilities(new Uint8Array()),
  hasLed: true,
  hasBuzzer: true,
};
/** What people press, and what their fingers are: no capture holds them. */
const PRIVATE_REPLIES: readonly number[] = [REPLY.keypad, REPLY.fingerRead];
interface Job {
  command: Command;
  done(): void;
  fail(reason: RollcallError): void;
}

function packetFramer(): LengthPrefixedFramer {
  return new LengthPrefixedFramer({
    start: [START],
    lengthOffset: 2,
    lengthSize: 2,
    endian: 'le',
    extra: 0,
    maxBytes: PACKET_BYTES_MAX,
    isValid: isChecked,
  });
}

/** The control panel's side of one reader: `start → identity → secure channel → polling`, again after every trouble. */
export class OsdpSession implements DriverSession {
  readonly #context: DriverContext<OsdpOptions>;
  readonly #link: Link;
  readonly #frames: TimedFramer;
  readonly #events: ReaderEvents;
  readonly #jobs: Job[] = [];
  /** Of a reader whose fingers are used. */
  readonly #fingers: FingerScans | undefined;
  #capabilities = EVERYTHING;
  #noiseBytes = 0;
  #aliveMs: number | undefined;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(context: DriverContext<OsdpOptions>) {
    this.#context = context;
    this.#link = new Link(context);
    const { clock, options } = context;
    if (options.fingers !== 'off') this.#fingers = new FingerScans(context);
    this.#frames = new TimedFramer({
      clock,
      framer: packetFramer(),
      pauseMs: GAP_MS,
      take: (events) => this.#take(events),
    });
    this.#events = new ReaderEvents(context);
  }

  /** Of a reader that is to compare fingers itself. */
  get verifier(): FingerVerifier | undefined {
    return this.#context.options.fingers === 'reader' ? this.#fingers : undefined;
  }

  onBytes(chunk: Uint8Array): void {
    this.#frames.push(chunk);
  }

  async probe(): Promise<void> {
    const keys = readKeys(this.#context);
    if (this.#context.isLookedAt === true) {
      await this.#look(keys);
      return;
    }
    await moveToAddress(this.#context, this.#link);
    await this.#establish(keys);
    void this.#run(keys);
  }

  async feedback(signal: FeedbackSignal): Promise<void> {
    const commands = showSignal(signal, this.#capabilities);
    if (this.#isClosed || this.#jobs.length + commands.length > JOBS_MAX) {
      throw new RollcallError('PORT_CLOSED', 'The reader is not connected, or too much waits for it');
    }
    const shown = commands.map(
      (command) =>
        new Promise<void>((resolve, reject) => this.#jobs.push({ command, done: resolve, fail: reject })),
    );
    this.#wake?.();
    await Promise.all(shown);
  }

  close(): void {
    this.#isClosed = true;
    this.#link.close();
    this.#frames.close();
    this.#events.close();
    this.#fingers?.close();
    this.#wake?.();
    this.#failJobs(new RollcallError('PORT_CLOSED', 'The connection was closed before the light was shown'));
  }

  #take(events: readonly FramingEvent[]): void {
    for (const event of events) {
      if (event.type === 'discarded') {
        this.#onDiscarded(event);
        continue;
      }
      this.#context.capture('in', event.bytes);
      this.#noiseBytes = 0;
      const packet = parsePacket(event.bytes);
      if (packet !== undefined && PRIVATE_REPLIES.includes(packet.code)) this.#context.conceal();
      if (packet !== undefined) this.#link.receive(packet);
    }
  }

  #onDiscarded({ bytes, reason }: { bytes: number; reason: string }): void {
    const { count, emit } = this.#context;
    count('bytes_discarded', bytes);
    // Their number, and nothing of them: what failed its check may be keys that somebody pressed.
    this.#context.capture('in', new Uint8Array(bytes));
    if (reason === 'bad_checksum') {
      count('frames_bad_checksum');
      emit({
        type: 'rejected',
        reason: 'checksum',
        message:
          'a packet failed its check; look at the wiring, the termination and two readers of one address',
      });
    }
    const before = this.#noiseBytes;
    this.#noiseBytes += bytes;
    if (before >= NOISE_BYTES_TOLD || this.#noiseBytes < NOISE_BYTES_TOLD) return;
    count('resyncs');
    emit({
      type: 'rejected',
      reason: 'garbage',
      message: 'bytes outside packets; check the speed of the bus, A and B, and the termination',
    });
  }

  /** A diagnosis changes nothing: neither address nor key, and it ends once the reader has answered. */
  async #look(keys: Keys): Promise<void> {
    if (await isAtOldAddress(this.#context, this.#link)) tellToCome(this.#context, 'address');
    else await this.#establish(keys);
  }

  /** @throws RollcallError `DEVICE_TIMEOUT`, or `DEVICE_REFUSED` where waiting does not help. */
  async #establish(keys: Keys): Promise<void> {
    this.#link.restart();
    this.#onAnswer(this.#answered(await this.#link.ask(POLL)), keys);
    const identity = this.#answered(await this.#link.ask(ID));
    const listed = this.#answered(await this.#link.ask(CAP));
    if (listed.type === 'reply' && listed.code === REPLY.capabilities) {
      this.#capabilities = parseCapabilities(listed.data);
    }
    if (keys.scbk === undefined) this.#refuseIfSecuredReader(identity);
    else if (!(await establishSecurity(this.#context, this.#link, keys))) {
      tellToCome(this.#context, 'key');
      return;
    }
    if (identity.type === 'reply' && identity.code === REPLY.id) {
      const text = describeIdentity(identity.data);
      if (text !== undefined) this.#context.emit({ type: 'identity', text });
    }
    this.#onAnswer(this.#answered(await this.#link.ask(LSTAT)), keys);
    if (this.#fingers !== undefined && this.#context.isLookedAt !== true) {
      // Whatever it answers: who does not know the command sends short packets.
      this.#answered(await this.#link.ask(TELL_RECEIVE_SIZE));
      this.#fingers.start(this.#capabilities);
    }
    this.#tellAlive();
  }

  #refuseIfSecuredReader(identity: Answer): void {
    if (identity.type !== 'nak' || identity.reason !== NAK.securityNeeded) return;
    throw new RollcallError(
      'DEVICE_REFUSED',
      'The reader speaks only in a secure channel: write its key file as scbk_file, or reset the reader',
    );
  }

  #answered(answer: Answer): Answer {
    if (answer.type !== 'trouble') return answer;
    throw new RollcallError(
      'DEVICE_TIMEOUT',
      `The reader at address ${this.#context.options.address} does not answer; check its power, the wiring, its address and speed`,
    );
  }

  async #run(keys: Keys): Promise<void> {
    try {
      while (!this.#isClosed) await this.#turn(keys);
    } catch (error) {
      // The connection is gone, and whoever closed it knows why.
      if (this.#isClosed) return;
      const unexpected = new RollcallError('INTERNAL', 'The OSDP session ended unexpectedly', {
        cause: error,
      });
      this.#context.giveUp(isRollcallError(error) ? error : unexpected);
    }
  }

  async #turn(keys: Keys): Promise<void> {
    const job = this.#jobs.shift();
    const command = job?.command ?? this.#fingers?.next() ?? POLL;
    const answer = await this.#link.ask(command).catch((error: unknown) => {
      if (isRollcallError(error)) job?.fail(error);
      throw error;
    });
    if (answer.type === 'trouble') {
      const reason = new RollcallError('DEVICE_TIMEOUT', 'The reader was lost before the light was shown');
      job?.fail(reason);
      this.#failJobs(reason);
      await this.#recover(answer.trouble, keys);
      return;
    }
    this.#tellAlive();
    if (job !== undefined) this.#finish(job, answer);
    this.#onAnswer(answer, keys);
    this.#fingers?.onAnswer(command, answer);
    const isUrgent = this.#jobs.length > 0 || this.#fingers?.isUrgent === true;
    if (!isUrgent && !this.#isClosed) await this.#interval();
  }

  #finish(job: Job, answer: Answer): void {
    if (answer.type === 'reply') job.done();
    else job.fail(new RollcallError('DEVICE_REFUSED', `The reader refused ${job.command.name}`));
  }

  /** Starts the session anew until it stands or the time is over after which a reader counts as gone. */
  async #recover(trouble: Trouble, keys: Keys): Promise<void> {
    const { clock, count, giveUp } = this.#context;
    count('resyncs');
    if (trouble === 'unproven') this.#events.rejectUnsecured();
    for (;;) {
      await this.#link.pause(RESTART_PAUSE_MS);
      try {
        await this.#establish(keys);
        return;
      } catch (error) {
        const isOver = clock.monoMs() - this.#link.lastHeardMs >= OFFLINE_MS;
        if (this.#isClosed) return;
        if (isRollcallError(error) && (isOver || error.code !== 'DEVICE_TIMEOUT')) {
          giveUp(error);
          return;
        }
      }
    }
  }

  #onAnswer(answer: Answer, keys: Keys): void {
    if (answer.type !== 'reply') return;
    this.#context.count('frames_ok');
    this.#events.take(answer, { isBelieved: keys.scbk === undefined || this.#link.channel !== undefined });
  }

  #tellAlive(): void {
    const nowMs = this.#context.clock.monoMs();
    if (this.#aliveMs !== undefined && nowMs - this.#aliveMs < ALIVE_INTERVAL_MS) return;
    this.#aliveMs = nowMs;
    this.#context.emit({ type: 'alive' });
  }

  /** Until the next poll is due, or somebody waits for a light. */
  #interval(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#context.clock.after(POLL_INTERVAL_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #failJobs(reason: RollcallError): void {
    for (const job of this.#jobs.splice(0)) job.fail(reason);
  }
}
