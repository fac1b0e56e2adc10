import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { LogFile } from './log-file.js';
import { readLogLine } from './log-line.js';
import { forEachLine } from './output-lines.js';

const RESTART_MIN_MS = 1_000;
const RESTART_MAX_MS = 30_000;
/** A child that ran this long was well; the next restart is quick again. */
const WELL_AFTER_MS = 60_000;
/** A child that does not end by itself within this time is killed. */
const STOP_WITHIN_MS = 20_000;
const LAST_WORDS_WITHIN_MS = 2_000;
const COMPLAINTS_SHOWN_MAX = 5;
const COMPLAINTS_PER_MS = 60_000;

export interface SupervisedChildOptions {
  name: string;
  script: string;
  args: readonly string[];
  environment: NodeJS.ProcessEnv;
  log: LogFile;
  clock: Clock;
  /** How long the first start may take until "ready". */
  readyWithinMs: number;
  say(text: string): void;
  /** At every start, so that a killed demo's children can be found. */
  onSpawned(pid: number | undefined): void;
}

/** A long-running child: started, waited for, restarted when it dies, and stopped. */
export class SupervisedChild {
  readonly #options: SupervisedChildOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #isStopping = false;
  #restartMs = RESTART_MIN_MS;
  #cancelRestart: (() => void) | undefined;
  #complaints = { sinceMs: 0, shown: 0 };
  readonly #lastLines: string[] = [];

  constructor(options: SupervisedChildOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the child and resolves when it says "ready"; a child that ends before that is an error. */
  start(signal: AbortSignal): Promise<void> {
    const { name, clock, readyWithinMs, log } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (what: string): void => {
        finish();
        const said = this.#lastLines.join('\n');
        reject(
          new RollcallError(
            'DEMO_CHILD_FAILED',
            `${name} ${what}:\n${said}\nEverything it printed is in ${log.path}.`,
          ),
        );
      };
      const onAbort = (): void => {
        finish();
        reject(signal.reason);
      };
      const cancel = clock.after(readyWithinMs, () => fail(`was not ready within ${readyWithinMs / 1000} s`));
      let isSettled = false;
      const finish = (): void => {
        isSettled = true;
        cancel();
        signal.removeEventListener('abort', onAbort);
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#spawn({
        onReady() {
          if (isSettled) return;
          finish();
          resolve();
        },
        onEnd: (how) => {
          if (isSettled) this.#restartLater(how);
          else fail(`ended before it was ready (${how})`);
        },
      });
    });
  }

  /** Asks the child to end and waits for it; kills it if it does not. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelRestart?.();
    if (this.#child === undefined) return;
    this.#child.kill('SIGTERM');
    const cancel = this.#options.clock.after(STOP_WITHIN_MS, () => {
      this.#options.say(
        `${this.#options.name} did not stop within ${STOP_WITHIN_MS / 1000} s and was killed`,
      );
      this.kill();
    });
    await this.#ended;
    cancel();
  }

  kill(): void {
    this.#isStopping = true;
    this.#child?.kill('SIGKILL');
  }

  #spawn({ onReady, onEnd }: { onReady(): void; onEnd(how: string): void }): void {
    const { script, args, environment, clock, onSpawned } = this.#options;
    const startedMs = clock.monoMs();
    // Its own process group: Ctrl-C reaches the demo alone, which then stops everything in order.
    const child = spawn(process.execPath, [script, ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    onSpawned(child.pid);
    forEachLine(child.stdout, (text) => {
      this.#keep(text);
      const line = readLogLine(text);
      if (line.isReady) onReady();
      if (line.complaint !== undefined) this.#complain(line.complaint);
    });
    forEachLine(child.stderr, (text) => {
      this.#keep(text);
      this.#complain(text);
    });
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#child !== child) return;
        this.#child = undefined;
        resolve();
        if (clock.monoMs() - startedMs > WELL_AFTER_MS) this.#restartMs = RESTART_MIN_MS;
        onEnd(how);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signalName) => {
        const how = signalName === null ? `exit code ${code}` : `signal ${signalName}`;
        // Its last words first; but a grandchild that holds the pipe open must not hold up the demo.
        const cancel = clock.after(LAST_WORDS_WITHIN_MS, () => end(how));
        child.once('close', () => {
          cancel();
          end(how);
        });
      });
    });
  }

  #restartLater(how: string): void {
    if (this.#isStopping) return;
    const { name, clock, say } = this.#options;
    const inMs = this.#restartMs;
    this.#restartMs = Math.min(RESTART_MAX_MS, inMs * 2);
    say(`${name} ended (${how}); starting it again in ${inMs / 1000} s`);
    this.#cancelRestart = clock.after(inMs, () =>
      this.#spawn({
        onReady: () => say(`${name} is back`),
        onEnd: (again) => this.#restartLater(again),
      }),
    );
  }

  #keep(text: string): void {
    this.#options.log.line(text);
    this.#lastLines.push(text);
    if (this.#lastLines.length > COMPLAINTS_SHOWN_MAX) this.#lastLines.shift();
  }

  /** Shows what a child complains about, but never lets it flood the terminal. */
  #complain(text: string): void {
    const { name, clock, log, say } = this.#options;
    const nowMs = clock.monoMs();
    if (nowMs - this.#complaints.sinceMs > COMPLAINTS_PER_MS) this.#complaints = { sinceMs: nowMs, shown: 0 };
    this.#complaints.shown += 1;
    if (this.#complaints.shown <= COMPLAINTS_SHOWN_MAX) say(`${name}: ${text}`);
    else if (this.#complaints.shown === COMPLAINTS_SHOWN_MAX + 1)
      say(`${name}: more of this is in ${log.path}`);
  }
}
