import { RollcallError } from '@rollcall/protocol/errors';
import type { DriverContext } from '../driver.js';
import { formatOf, parseVersion } from '../terminal/finger-format.js';
import type {
  BroughtFinger,
  ChangeOutcome,
  PeopleChange,
  TerminalFinger,
  TerminalPeople,
} from '../terminal-people.js';
import type { ZkPushOptions } from '../zk-push.js';
import type { CommandQueue, CommandResult } from './command-queue.js';
import { enrollFailure, stillAsked } from './enroll-failure.js';
import { type FingerLine, parseFingerLine } from './finger-line.js';
import { enrollCommand, peopleCommands } from './people-commands.js';
import { MEMORY } from './push-memory.js';
import { isUnsupported, meaningOf, NO_SUCH_ROW, NO_SUCH_USER } from './return-code.js';
import { TakenFingers } from './taken-fingers.js';
import { parseUserSeen } from './user-line.js';

/** Operations after which nobody is known any more: data deleted, factory settings (PUSH note §1.4). */
const FORGETTING = /^OPLOG\s+(?:13|22)\t/i;
/** How long a terminal may wait for a finger that it was told to take: as long as an enrollment does. */
const ENROLL_ANSWER_MS = 300_000;
/** What the central schemas call a user, and what no line of the protocol ends at. */
const STUDENT_USER = /^[A-Za-z0-9]{1,24}$/;

/** Of an upload, which can be ten megabytes: lines are only read, fingers looked up in the store. */
const LINES_PER_TURN = 250;
const FINGERS_PER_TURN = 25;

type SaidFinger = Exclude<FingerLine, { type: 'other' }>;

export interface PushPeopleOptions {
  context: Pick<DriverContext<ZkPushOptions>, 'terminal' | 'options' | 'emit' | 'clock'>;
  commands: CommandQueue;
}

interface Expected {
  user: string;
  fingerPosition: number;
  take(finger: TerminalFinger): void;
  fail(reason: unknown): void;
}

/** A finger that the terminal was told to take: it waits for that one until it has said what became of it. */
interface Asked {
  text: string;
  result: Promise<CommandResult>;
}

/** The users and fingers of one terminal that pushes. */
export class PushPeople implements TerminalPeople {
  readonly #options: PushPeopleOptions;
  #serial: string | undefined;
  #expected: Expected | undefined;
  #asked: Asked | undefined;
  readonly #taken: TakenFingers;
  #isClosed = false;

  constructor(options: PushPeopleOptions) {
    this.#options = options;
    this.#taken = new TakenFingers(options.context.clock);
  }

  get identity(): string {
    return `zk:${this.#serial ?? ''}`;
  }

  get manages(): ZkPushOptions['manage_users'] {
    return this.#options.context.options.manage_users;
  }

  get deletesStrangers(): boolean {
    return this.#options.context.options.delete_strangers;
  }

  /** Whether it is asked for the fingers that are taken at it: only where they can be somebody's. */
  get wantsFingers(): boolean {
    const { terminal, options } = this.#options.context;
    return terminal.people?.keepsFingers === true && options.user_ids === 'roll_number';
  }

  get fingerFormat(): string | undefined {
    const version = parseVersion(this.#options.context.terminal.recall(MEMORY.fingerVersion));
    return version === undefined || !this.wantsFingers ? undefined : formatOf(version);
  }

  /** It has called, and says who it is. */
  called(serial: string | undefined): void {
    if (this.#serial !== undefined || serial === undefined || serial === '') return;
    this.#serial = serial;
    this.#options.context.terminal.people?.reachable(this);
  }

  /** `INFO=firmware,users,fingers,entries,address,algorithm,…` */
  async informed(info: string | undefined): Promise<void> {
    const columns = info?.split(',') ?? [];
    const { terminal } = this.#options.context;
    const version = parseVersion(columns[5]);
    if (version !== undefined) await this.#learn(`${version.major}.${version.minor}`);
    const [users, fingers] = [columns[1], columns[2]].map((text) =>
      text !== undefined && /^\d{1,8}$/.test(text) ? Number(text) : undefined,
    );
    if (users !== undefined && fingers !== undefined) terminal.people?.counted({ users, fingers });
  }

  /**
   * Lines of a table with users, operations or fingers. What is nobody's business is dropped unread. Nothing proves
   * who sends them: a reset counts once, a finger as it was told last, and others get their turn in between.
   */
  async took(lines: readonly string[], table: string): Promise<void> {
    const { people } = this.#options.context.terminal;
    if (people === undefined) return;
    if (lines.some((line) => FORGETTING.test(line))) people.forgotAll();
    const fingers = new Map<string, SaidFinger>();
    for (let at = 0; at < lines.length; at += LINES_PER_TURN) {
      if (at > 0) await turn();
      for (const line of lines.slice(at, at + LINES_PER_TURN)) {
        const seen = this.deletesStrangers ? parseUserSeen(line) : undefined;
        if (seen !== undefined) people.userSeen(seen);
        if (!this.wantsFingers || /^(?:USER|OPLOG)/i.test(line.trimStart())) continue;
        const finger = parseFingerLine(line, table);
        if (finger.type !== 'other') fingers.set(keyOf(finger), finger);
      }
    }
    let handled = 0;
    for (const finger of fingers.values()) {
      handled += 1;
      if (handled % FINGERS_PER_TURN === 0) await turn();
      await this.#finger(finger);
    }
  }

  userOf(studentRef: string): string | undefined {
    const { user_ids: ids, roll_prefix: prefix } = this.#options.context.options;
    if (ids !== 'roll_number' || !studentRef.startsWith(prefix)) return undefined;
    const user = studentRef.slice(prefix.length);
    return STUDENT_USER.test(user) && user !== '0' ? user : undefined;
  }

  async change(change: PeopleChange): Promise<ChangeOutcome> {
    const commands = peopleCommands(change, this.fingerFormat);
    const results = await Promise.all(commands.map(({ text }) => this.#options.commands.add(text)));
    const isRemoval = change.action.startsWith('remove');
    const isGone = (code: number): boolean =>
      (code === NO_SUCH_USER && (isRemoval || change.action === 'forget_biometrics')) ||
      // Until its algorithm is known, it may be asked for the wrong table.
      (code === NO_SUCH_ROW && isRemoval && (change.action === 'remove' || this.fingerFormat !== undefined));
    const isDone = (result: CommandResult): boolean =>
      result !== undefined && (result.code === 0 || isGone(result.code));
    const needed = commands.flatMap(({ isOptional }, at) => (isOptional ? [] : [results[at]]));
    if (needed.every(isDone) && results.some(isDone)) return { outcome: 'done' };
    if (results.some((result) => result === undefined)) throw this.#silent();
    const reason = results.map((result) => meaningOf(result?.code ?? 0)).join('; ');
    const isNever = results.every((result) => result !== undefined && isUnsupported(result.code));
    return { outcome: 'refused', reason, ...(isNever ? { isUnsupported: true } : {}) };
  }

  async listUsers(): Promise<ChangeOutcome> {
    const result = await this.#options.commands.add('DATA QUERY USERINFO');
    if (result === undefined) throw this.#silent();
    // Some count the rows instead.
    return result.code >= 0 ? { outcome: 'done' } : { outcome: 'refused', reason: meaningOf(result.code) };
  }

  takeFinger(
    { user, fingerPosition }: { user: string; fingerPosition: number },
    signal: AbortSignal,
  ): Promise<TerminalFinger> {
    return new Promise((resolve, reject) => {
      const text = enrollCommand(user, fingerPosition);
      const end = (settle: () => void): void => {
        if (this.#expected === expected) this.#expected = undefined;
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void => {
        if (this.#options.commands.withdraw(text)) this.#asked = undefined;
        expected.fail(signal.reason);
      };
      const expected: Expected = {
        user,
        fingerPosition,
        take: (finger) => {
          this.#asked = undefined;
          end(() => resolve(finger));
        },
        fail: (reason) => end(() => reject(reason)),
      };
      if (signal.aborted || this.#isClosed) {
        reject(signal.aborted ? signal.reason : closed());
        return;
      }
      // It would take the finger of this student for that of the other one.
      if (this.#asked !== undefined && this.#asked.text !== text) {
        reject(stillAsked());
        return;
      }
      this.#expected = expected;
      signal.addEventListener('abort', onAbort);
      void this.#ask(text)?.then((result) => {
        const failure = enrollFailure(result);
        // Whatever else it answers: it cannot be asked to, and somebody does it at its keypad.
        if (failure !== undefined) expected.fail(failure);
      });
    });
  }

  tell(problem: string | null): void {
    if (!this.#isClosed)
      this.#options.context.emit({ type: 'condition', code: 'TERMINAL_PEOPLE_BEHIND', problem });
  }

  close(): void {
    this.#isClosed = true;
    this.#expected?.fail(closed());
    if (this.#serial !== undefined) this.#options.context.terminal.people?.reachable(undefined);
  }

  /** Has it take a finger; one that it was told to take before, and still waits for, is not asked for again. */
  #ask(text: string): Promise<CommandResult> | undefined {
    if (this.#asked !== undefined) return this.#asked.result;
    const result = this.#options.commands.add(text, { sendingsMax: 1, patienceMs: ENROLL_ANSWER_MS });
    if (result === undefined) return undefined;
    const asked: Asked = { text, result };
    this.#asked = asked;
    return result.finally(() => {
      if (this.#asked === asked) this.#asked = undefined;
    });
  }

  async #finger(line: SaidFinger): Promise<void> {
    if (line.type === 'bad') {
      this.#reject(line.reason);
      if (line.whose !== undefined) this.#bring({ ...line.whose, record: undefined, format: undefined });
      return;
    }
    const { user, fingerPosition, record, version } = line;
    // What it says of itself goes before what a line says: anybody on its network can send one.
    if (version !== undefined && this.fingerFormat === undefined)
      await this.#learn(`${version.major}.${version.minor}`);
    const format = version === undefined ? this.fingerFormat : formatOf(version);
    if (format === undefined) {
      this.#reject('a template of an algorithm that it has not named');
      return;
    }
    const expected = this.#expected;
    const finger = { user, fingerPosition, record };
    if (expected?.user === user && expected.fingerPosition === fingerPosition) {
      this.#taken.add(finger);
      expected.take({ format, record });
      return;
    }
    if (this.#taken.has(finger)) return;
    this.#bring({ ...finger, format });
  }

  #bring(finger: Omit<BroughtFinger, 'studentRef'>): void {
    const { terminal, options } = this.#options.context;
    const studentRef = options.user_ids === 'roll_number' ? options.roll_prefix + finger.user : undefined;
    terminal.people?.fingerBrought({ ...finger, studentRef });
  }

  #reject(reason: string): void {
    const message = `a finger of the terminal was not taken: ${reason}`;
    this.#options.context.emit({ type: 'rejected', reason: 'bad_template', message });
  }

  async #learn(version: string): Promise<void> {
    const { terminal } = this.#options.context;
    if (terminal.recall(MEMORY.fingerVersion) === version) return;
    await terminal.keep({ memory: { [MEMORY.fingerVersion]: version } });
    if (this.#serial !== undefined) terminal.people?.reachable(this);
  }

  #silent(): RollcallError {
    if (this.#isClosed) return closed();
    return new RollcallError(
      'DEVICE_TIMEOUT',
      'The terminal did not say what became of a command; see that it still calls',
    );
  }
}

const closed = (): RollcallError =>
  new RollcallError('PORT_CLOSED', 'The terminal is not connected any more');

/** Everything of one finger, or of one reason why nobody's is taken, is said once. */
function keyOf(line: SaidFinger): string {
  if (line.type === 'finger') return `${line.user}/${line.fingerPosition}`;
  return line.whose === undefined ? line.reason : `${line.whose.user}/${line.whose.fingerPosition}`;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
