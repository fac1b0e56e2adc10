import { RollcallError } from '@rollcall/protocol/errors';
import { readFingerRecord } from '@rollcall/protocol/finger-record-read';
import type { DriverContext } from '../driver.js';
import type { FingerVerifier, KnownFinger, Verification } from '../finger/verifier.js';
import {
  ABORT,
  matchMessage,
  parseMatchReply,
  RECEIVE_BYTES_MAX,
  type ReadReply,
  readFinger,
  SCAN,
} from './biometrics.js';
import { COMMAND, REPLY } from './codes.js';
import { type Command, POLL } from './commands.js';
import { GivenUpMatch } from './given-up-match.js';
import { IncomingRead } from './incoming-read.js';
import type { Answer } from './link.js';
import { matchCommands } from './match-commands.js';
import type { OsdpOptions } from './options.js';
import type { Capabilities } from './replies.js';

/** A reader gives up a scan by itself (libosdp: 10 s); one that does not is told to. */
const SCAN_MS_MAX = 30_000;
/** Pieces of one message follow each other at every poll; a sender that stops is not waited for. */
const PARTS_MS_MAX = 5_000;
/** After a finger: the light is seen, and the finger leaves. */
const LIFT_MS = 1_500;
/** After a scan in which nobody came, or that was refused for the moment. */
const AGAIN_MS = 500;
/** Waits for a scan: templates are longer than other replies. */
const PATIENT_POLL: Command = { ...POLL, replyBytesMax: RECEIVE_BYTES_MAX };

interface Request {
  fingers: KnownFinger[];
  hasTouched: boolean;
  end(verification: Verification): void;
  fail(reason: unknown): void;
}

type Scan = { untilMs: number } & (
  | { type: 'read' }
  | { type: 'match'; request: Request; templateId: string }
);

/**
 * Fingers on a reader that has a sensor. Either every finger is read and sent to the gateway, or a finger is compared on
 * the reader after a card. The reader takes its time for both: it acknowledges, and answers one of the next polls.
 */
export class FingerScans implements FingerVerifier {
  readonly #context: DriverContext<OsdpOptions>;
  #capabilities: Capabilities | undefined;
  #scan: Scan | undefined;
  #nextMs = 0;
  /** What people were told last; nothing at first, as of every new connection. */
  #problem: string | null = null;
  /** Commands that are to be sent before anything else: pieces of a BIOMATCH, or the end of a scan. */
  #waiting: Command[] = [];
  #request: Request | undefined;
  #givenUp: GivenUpMatch | undefined;
  readonly #incoming = new IncomingRead();

  constructor(context: DriverContext<OsdpOptions>) {
    this.#context = context;
  }

  /** The session stands anew: whatever was going on is over. */
  start(capabilities: Capabilities): void {
    this.#capabilities = capabilities;
    this.#scan = undefined;
    this.#incoming.drop();
    this.#waiting = [];
    this.#nextMs = 0;
    this.#failRequest(
      new RollcallError('DEVICE_TIMEOUT', 'The reader was lost while it waited for a finger'),
    );
    const isMissing = !capabilities.hasFingers;
    // The reader may have lost the connection only, and still be scanning for somebody.
    if (!isMissing && this.#context.options.fingers === 'reader') this.#abortMatch();
    this.#tell(isMissing ? 'The reader lists no fingerprint sensor; write fingers: off for it' : null);
  }

  close(): void {
    this.#failRequest(new RollcallError('PORT_CLOSED', 'The connection was closed before a finger came'));
  }

  /** Whether the next command should follow at once. */
  get isUrgent(): boolean {
    return this.#waiting.length > 0 || this.#incoming.isPartial || this.#givenUp?.isOver === true;
  }

  /** What is to be asked now. */
  next(): Command {
    if (this.#capabilities?.hasFingers !== true) return POLL;
    const nowMs = this.#context.clock.monoMs();
    if (this.#scan !== undefined && nowMs > this.#scan.untilMs) this.#giveUpScan();
    if (this.#givenUp?.isDone(nowMs) === true) this.#givenUp = undefined;
    const isIdle = this.#scan === undefined && this.#givenUp === undefined;
    if (isIdle && this.#waiting.length === 0) this.#begin(nowMs);
    return this.#waiting.shift() ?? (this.#scan === undefined ? POLL : PATIENT_POLL);
  }

  /** @param command what was answered: one of ours, a poll, or a light. */
  onAnswer(command: Command, answer: Answer): void {
    const { code } = command;
    this.#givenUp?.onAnswer(command, answer);
    if (answer.type === 'nak') {
      if (code === COMMAND.readFinger || code === COMMAND.matchFinger) this.#onRefused(answer.reason);
      return;
    }
    if (answer.type !== 'reply') return;
    if (answer.code === REPLY.fingerRead) this.#onRead(answer.data);
    else if (answer.code === REPLY.fingerMatched) this.#onMatched(answer.data);
  }

  verify(fingers: readonly KnownFinger[], signal: AbortSignal): Promise<Verification> {
    this.#request?.end({ outcome: 'absent' });
    if (this.#scan?.type === 'match') this.#giveUpScan();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        request.fail(signal.reason);
        if (this.#scan?.type === 'match') this.#giveUpScan();
      };
      const settle = (): void => {
        signal.removeEventListener('abort', onAbort);
        if (this.#request === request) this.#request = undefined;
      };
      const request: Request = {
        fingers: [...fingers],
        hasTouched: false,
        end: (verification) => {
          settle();
          resolve(verification);
        },
        fail: (reason) => {
          settle();
          reject(reason);
        },
      };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#request = request;
      if (this.#capabilities?.hasFingers !== true)
        request.fail(refused('The reader has no fingerprint sensor'));
    });
  }

  #begin(nowMs: number): void {
    if (this.#request !== undefined) {
      this.#beginMatch(this.#request, nowMs);
      return;
    }
    const { fingers, finger_quality } = this.#context.options;
    if (fingers !== 'gateway' || nowMs < this.#nextMs) return;
    this.#scan = { type: 'read', untilMs: nowMs + SCAN_MS_MAX };
    this.#waiting = [readFinger(finger_quality)];
  }

  #beginMatch(request: Request, nowMs: number): void {
    const finger = request.fingers.shift();
    if (finger === undefined) {
      request.end({ outcome: request.hasTouched ? 'other' : 'absent' });
      return;
    }
    const message = matchMessage(finger.position, this.#context.options.match_score, finger.record);
    const commands = matchCommands(message, this.#capabilities ?? {});
    if (commands === undefined) {
      request.fail(refused('A template is larger than what the reader takes'));
      return;
    }
    this.#waiting = commands;
    const { templateId } = finger;
    this.#scan = { type: 'match', request, templateId, untilMs: nowMs + SCAN_MS_MAX };
  }

  #onRefused(reason: number): void {
    this.#endScan(SCAN_MS_MAX);
    this.#waiting = [];
    const why = `The reader refused to scan a finger (reason ${reason}); it may take another format or no templates at all`;
    this.#failRequest(refused(why));
    this.#tell(why);
  }

  #onRead(data: Uint8Array): void {
    if (this.#scan?.type !== 'read') {
      this.#reject('unasked', 'the reader sent a finger that nobody had asked for');
      return;
    }
    const isFirst = !this.#incoming.isPartial;
    const reply = this.#incoming.take(data);
    if (reply === 'more') {
      if (isFirst) this.#scan.untilMs = this.#context.clock.monoMs() + PARTS_MS_MAX;
      return;
    }
    if (reply === 'wrong') {
      this.#endScan(AGAIN_MS);
      this.#reject('template', 'a finger came in pieces that do not fit together; the reader is asked again');
      return;
    }
    this.#onFinger(reply);
  }

  #onFinger({ status, quality, template }: ReadReply): void {
    this.#tell(null);
    if (status === SCAN.timeout) {
      this.#endScan(AGAIN_MS);
      return;
    }
    this.#endScan(LIFT_MS);
    if (status !== SCAN.done || quality < this.#context.options.finger_quality) {
      this.#context.emit({ type: 'finger_unknown' });
      return;
    }
    try {
      readFingerRecord(template);
    } catch {
      this.#reject(
        'template',
        'a finger came in a form that is no INCITS 378 or ISO/IEC 19794-2 record; set the reader to one of them',
      );
      return;
    }
    this.#context.emit({ type: 'finger_template', template: Uint8Array.from(template) });
  }

  #onMatched(data: Uint8Array): void {
    if (this.#givenUp !== undefined) return;
    if (this.#scan?.type !== 'match') {
      this.#reject('unasked', 'the reader compared a finger that nobody had asked for');
      return;
    }
    const { request, templateId } = this.#scan;
    this.#tell(null);
    this.#endScan(0);
    const reply = parseMatchReply(data);
    if (reply === undefined) {
      this.#reject('template', 'the reader answered a comparison in a form that is not that of OSDP');
      request.end({ outcome: 'absent' });
      return;
    }
    // Whoever does not touch the sensor for one finger does not for the others either.
    if (reply.status === SCAN.timeout) request.fingers = [];
    else request.hasTouched = true;
    const isMatch = reply.status === SCAN.done && reply.score >= this.#context.options.match_score;
    if (isMatch) request.end({ outcome: 'fits', templateId, score: reply.score });
  }

  #giveUpScan(): void {
    const scan = this.#scan;
    this.#endScan(AGAIN_MS);
    this.#incoming.drop();
    if (scan?.type === 'match') {
      this.#abortMatch();
      scan.request.end({ outcome: 'absent' });
    } else {
      this.#waiting = [ABORT];
    }
  }

  #abortMatch(): void {
    this.#waiting = [ABORT];
    this.#givenUp = new GivenUpMatch(this.#context.clock.monoMs() + SCAN_MS_MAX);
  }

  #endScan(pauseMs: number): void {
    this.#scan = undefined;
    this.#nextMs = this.#context.clock.monoMs() + pauseMs;
  }

  #failRequest(reason: RollcallError): void {
    this.#request?.fail(reason);
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }

  #tell(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#context.emit({ type: 'condition', code: 'DEVICE_REFUSED', problem });
  }
}

const refused = (message: string): RollcallError => new RollcallError('DEVICE_REFUSED', message);
