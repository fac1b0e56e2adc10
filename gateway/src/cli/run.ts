import { systemClock } from '@rollcall/protocol/system-clock';
import { loadConfig } from '../config/load.js';
import { createLog } from '../log.js';
import { runGateway } from '../main.js';

/** Runs the gateway until SIGTERM or SIGINT; a second signal ends the process at once. */
export async function run(options: { config: string }): Promise<number> {
  const { config, warnings } = loadConfig({ file: options.config, env: process.env });
  const log = createLog(config.log.level);
  for (const warning of warnings) log.warn(warning);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  await runGateway({ config, clock: systemClock, log, env: process.env, signal: stop.signal });
  return 0;
}
