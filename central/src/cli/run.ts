import type { Command } from 'commander';
import { type CentralConfig, type ConfigFlags, readConfig } from '../config.js';
import { isDatabaseTransient } from '../db/connection.js';
import { createNetworks, LOOPBACK } from '../http/networks.js';
import { createLog, type Log } from '../log.js';
import { leave, stopInTime } from './leave.js';

export function addRun(program: Command): void {
  program
    .command('run')
    .description('runs central until it is told to stop (SIGTERM or Ctrl-C)')
    .option(
      '--port <number>',
      'port of the pages and the HTTP interface (default 8000, 0 takes any free one)',
    )
    .option(
      '--host <address>',
      'address to listen on (default 127.0.0.1, this machine only); see ROLLCALL_PUBLIC_URL, too',
    )
    .option('--mqtt-port <number>', 'port of the built-in MQTT broker (default 1883, 0 takes any free one)')
    .option('--data-dir <path>', 'folder of the database and the keys (default ./var)')
    .action(async (flags: ConfigFlags) => {
      const config = readConfig(process.env, flags);
      const log = createLog(config.logLevel);
      warnOfPlainHttp(config, log);
      const stopped = stopSignal();
      outliveLostDatabase(log);
      // The other commands need next to nothing of it, and are done sooner without.
      const { startCentral } = await import('../main.js');
      const central = await startCentral(config, log);
      log.info({ http_port: central.httpPort, mqtt_port: central.mqttPort }, 'ready');
      const signal = await stopped;
      log.info({ signal }, 'stopping');
      const exit = (code: number): void => process.exit(code);
      const hasStopped = stopInTime(log, exit);
      await central.stop();
      hasStopped();
      log.info('stopped');
      leave(log, exit);
    });
}

/** Passwords and tokens would cross the network in clear. */
function warnOfPlainHttp({ host, publicUrls }: CentralConfig, log: Log): void {
  const isLocal = host === 'localhost' || createNetworks(LOOPBACK)(host);
  if (isLocal || publicUrls.some((url) => url.startsWith('https:'))) return;
  log.warn(
    { host },
    'central is reachable over plain HTTP: put a proxy with HTTPS in front of it and set ROLLCALL_PUBLIC_URL and ROLLCALL_TRUSTED_PROXIES (docs/operations.md)',
  );
}

/** Heard from the beginning: a signal during the start stops central right after it. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}

/**
 * The job queue reports a job's end without waiting for the answer: a database that goes away at that moment
 * becomes a rejection that nobody can catch, and must not end a process that can wait for it. The job expires
 * and runs again. Anything else still ends the process, as it should.
 */
function outliveLostDatabase(log: Log): void {
  process.on('unhandledRejection', (error) => {
    if (!isDatabaseTransient(error)) throw error;
    log.warn({ err: error }, 'PostgreSQL went away while a job ended; the job runs again');
  });
}
