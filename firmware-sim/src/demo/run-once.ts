import { spawn } from 'node:child_process';
import { RollcallError } from '@rollcall/protocol/errors';
import type { LogFile } from './log-file.js';
import { forEachLine } from './output-lines.js';

const OUTPUT_LINES_MAX = 1_000;

export interface OneCommand {
  name: string;
  script: string;
  args: readonly string[];
  environment: NodeJS.ProcessEnv;
  log: LogFile;
  signal: AbortSignal;
  onSpawned(pid: number | undefined): void;
}

/** Runs a command to its end and gives the lines it printed; a failure carries the command's own words. */
export async function runOnce({
  name,
  script,
  args,
  environment,
  log,
  signal,
  onSpawned,
}: OneCommand): Promise<string[]> {
  signal.throwIfAborted();
  // Its own process group: Ctrl-C reaches the demo alone, which then stops everything in order.
  const child = spawn(process.execPath, [script, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  onSpawned(child.pid);
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const printed: string[] = [];
  const complaints: string[] = [];
  const keep = (lines: string[], text: string): void => {
    log.line(text);
    if (lines.length < OUTPUT_LINES_MAX) lines.push(text);
  };
  forEachLine(child.stdout, (text) => keep(printed, text));
  forEachLine(child.stderr, (text) => keep(complaints, text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (code === 0) return printed;
  const said = (complaints.length > 0 ? complaints : printed).slice(-10).join('\n');
  throw new RollcallError(
    'DEMO_CHILD_FAILED',
    `${name} failed:\n${said}\nEverything it printed is in ${log.path}.`,
  );
}
