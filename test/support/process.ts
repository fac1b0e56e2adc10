import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type UntilOptions, until } from './until.js';

/** Lines of one process that are kept at least; a soak writes more than anybody reads. */
const LINES_KEPT_MAX = 5_000;
const LINES_SHOWN = 40;
const STOP_DEADLINE_MS = 40_000;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export type LogLine = Record<string, unknown> & { msg?: string };

const alive = new Set<ChildProcess>();
// Whatever happens to the test run, no process of ours stays behind.
const killAll = (): void => {
  for (const child of alive) child.kill('SIGKILL');
};
process.on('exit', killAll);
// A worker whose test hangs is told to end; 'exit' does not follow that by itself.
process.once('SIGTERM', () => {
  killAll();
  process.exit(1);
});

export interface StartOptions {
  name: string;
  args: readonly string[];
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
}

/** One program of the project, started by its command line. */
export class RunningProcess {
  readonly name: string;
  readonly exited: Promise<Exit>;
  /** JSON lines of standard output, newest last. */
  readonly log: LogLine[] = [];
  /** Everything else that it printed. */
  readonly text: string[] = [];
  readonly #child: ChildProcess;
  readonly #tallies = new Map<string, number>();
  #exit: Exit | undefined;

  constructor({ name, args, env = {}, cwd }: StartOptions) {
    this.name = name;
    this.#child = spawn(process.execPath, [...args], {
      env: { ...process.env, NODE_OPTIONS: '', ...env } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
    });
    const child = this.#child;
    alive.add(child);
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (line) => keep(this.text, line));
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        alive.delete(child);
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** How often it said this about this device, also when the lines are no longer kept. */
  timesSaid(msg: string, deviceId: string): number {
    return this.#tallies.get(`${msg} ${deviceId}`) ?? 0;
  }

  /** The first log line with this `msg`, now or later; fails at once when the process ends before. */
  async line(msg: string | ((line: LogLine) => boolean), options: UntilOptions = {}): Promise<LogLine> {
    const isIt = typeof msg === 'string' ? (line: LogLine) => line.msg === msg : msg;
    return until(
      `${this.name} says ${typeof msg === 'string' ? `"${msg}"` : 'what was waited for'}`,
      () => {
        const found = this.log.find(isIt);
        if (found !== undefined) return found;
        if (this.#exit !== undefined) throw new Error(`${this.name} ended before: ${this.describe()}`);
        return undefined;
      },
      { describe: () => this.describe(), ...options },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGKILL: no destructor, no flush, as a power cut. */
  async kill(): Promise<Exit> {
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  /** SIGTERM; one that does not obey is killed, and that is an error. */
  async stop(): Promise<Exit> {
    if (this.#exit !== undefined) return this.#exit;
    this.#child.kill('SIGTERM');
    let isKilled = false;
    const timer = setTimeout(() => {
      isKilled = true;
      this.#child.kill('SIGKILL');
    }, STOP_DEADLINE_MS);
    const exit = await this.exited;
    clearTimeout(timer);
    if (isKilled)
      throw new Error(`${this.name} did not stop within ${STOP_DEADLINE_MS / 1000} s: ${this.describe()}`);
    return exit;
  }

  describe(): string {
    const state = this.#exit === undefined ? 'is running' : `ended with ${JSON.stringify(this.#exit)}`;
    const tail = this.log.slice(-LINES_SHOWN).map((line) => JSON.stringify(line));
    return [`${this.name} ${state}; its last words:`, ...tail, ...this.text.slice(-LINES_SHOWN)].join('\n');
  }

  #hear(text: string): void {
    let line: LogLine | undefined;
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) line = value as LogLine;
    } catch {
      // Plain text for humans, which is allowed on standard output too.
    }
    if (line === undefined) {
      keep(this.text, text);
      return;
    }
    keep(this.log, line);
    const about = `${line.msg} ${String(line['device_id'])}`;
    this.#tallies.set(about, (this.#tallies.get(about) ?? 0) + 1);
  }
}

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > 2 * LINES_KEPT_MAX) list.splice(0, LINES_KEPT_MAX);
}

export interface Finished extends Exit {
  stdout: string;
  stderr: string;
}

/** Runs a command to its end. */
export async function runToEnd({ args, env = {}, cwd }: Omit<StartOptions, 'name'>): Promise<Finished> {
  const child = spawn(process.execPath, [...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  alive.add(child);
  const [stdout, stderr] = await Promise.all([readAll(child.stdout), readAll(child.stderr), ended(child)]);
  alive.delete(child);
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

async function readAll(stream: NodeJS.ReadableStream | null): Promise<string> {
  if (stream === null) return '';
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('close', () => resolve()));
}
