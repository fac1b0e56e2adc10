import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import type { Broker } from './test-broker.js';
import { until } from './until.js';

/** Debian puts it where a normal user's PATH does not look. */
const PLACES = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];

export function findMosquitto(): string | undefined {
  return PLACES.map((place) => join(place, 'mosquitto')).find((path) => existsSync(path));
}

/** For the names of tests: a skip must say why. */
export const MOSQUITTO_SKIP_REASON = 'skipped: no mosquitto on this machine, apt-get install mosquitto';

/** A real Mosquitto without persistence: its memory is empty after each start. */
export async function startMosquitto(): Promise<Broker> {
  const binary = findMosquitto();
  if (binary === undefined) throw new Error(MOSQUITTO_SKIP_REASON);
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-mosquitto-'));
  const port = await freePort();
  const config = join(directory, 'mosquitto.conf');
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n`,
  );
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const started = spawn(binary, ['-c', config], { stdio: 'ignore' });
    child = started;
    await until('mosquitto accepts connections', () => {
      if (started.exitCode !== null) throw new Error(`mosquitto ended with ${started.exitCode}`);
      return accepts(port);
    });
  };
  const end = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'close');
  };
  process.once('exit', () => child?.kill('SIGKILL'));
  await start();
  return {
    name: 'Mosquitto',
    port,
    async stop() {
      await end();
      rmSync(directory, { recursive: true, force: true });
    },
    async restart() {
      await end();
      await start();
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
