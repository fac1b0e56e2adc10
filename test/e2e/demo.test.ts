import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { makeReachableDirectory, removeServerFiles } from '@rollcall/central/db/test-database';
import { DEVICE_MODELS } from '@rollcall/firmware-sim/devices/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { RunningProcess } from '../support/process.js';
import { COMMANDS } from '../support/root.js';
import { signIn } from '../support/sign-in.js';
import { until } from '../support/until.js';

const START_DEADLINE_MS = 170_000;
/** The first round of the campus takes 40 s; then it depends on who comes. */
const FAMILIES_DEADLINE_MS = 150_000;
/** A thousand requests in five minutes are allowed, and a family is asked for with one. */
const ASK_EVERY_MS = 2_000;

/** One after the other, on one campus: what is about its first start comes first. */
describe('npm start', () => {
  let dataDir: string;
  let port: number;
  let mqttPort: number;
  const launched: RunningProcess[] = [];
  let demo: RunningProcess;
  beforeAll(async () => {
    dataDir = makeReachableDirectory();
    port = await freePort();
    mqttPort = await freePort();
  });
  afterAll(async () => {
    for (const one of launched) await one.stop();
    removeServerFiles(dataDir);
  });

  function launch(
    args: readonly string[] = ['--port', `${port}`, '--mqtt-port', `${mqttPort}`],
  ): RunningProcess {
    const started = new RunningProcess({
      name: 'the demo',
      args: [COMMANDS.sim, 'demo', '--data-dir', dataDir, ...args],
      env: { ROLLCALL_TEST_POSTGRES: undefined },
    });
    launched.push(started);
    return started;
  }

  async function running(): Promise<RunningProcess> {
    const started = launch();
    const address = `http://127.0.0.1:${port}/`;
    await until(
      'the demo prints its address',
      () => {
        if (started.exit !== undefined) throw new Error(started.describe());
        return started.text.some((line) => line.includes(address));
      },
      { deadlineMs: START_DEADLINE_MS, describe: () => started.describe() },
    );
    return started;
  }

  /** The newest. */
  async function punches(): Promise<string[]> {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.status).toBe(200);
    return (await listed<{ punch_id: string }>('punches/?limit=200')).map(({ punch_id: id }) => id);
  }

  async function listed<Row>(path: string): Promise<Row[]> {
    const url = `http://127.0.0.1:${port}`;
    const headers = await signIn(url, { login: 'admin', password: 'rollcall demonstration' });
    const list = await fetch(`${url}/api/v1/attendance/${path}`, { headers });
    const { results } = (await list.json()) as { results: Row[] };
    return results;
  }

  async function listens(candidate: number): Promise<boolean> {
    const socket = connect(candidate, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  it('brings up the whole campus: students tap, the page is served', async () => {
    demo = await running();
    const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<div id="root"');
    await until('somebody has tapped', async () => (await punches()).length > 0);
  });

  it('has devices of every family, and each of them delivers', async () => {
    const devices = await listed<{ id: string; driver: string; gateway_id: string }>('devices/?limit=200');
    const families = new Set(devices.map(({ driver }) => driver));
    expect([...families].sort()).toEqual(DEVICE_MODELS.map(({ id }) => id).sort());
    const silent = new Set(families);
    await until(
      'every family has delivered a punch',
      async () => {
        for (const { id, driver } of devices.filter((device) => silent.has(device.driver))) {
          if ((await listed(`punches/?limit=1&device=${id}`)).length > 0) silent.delete(driver);
        }
        return silent.size === 0;
      },
      {
        deadlineMs: FAMILIES_DEADLINE_MS,
        everyMs: ASK_EVERY_MS,
        describe: () => `${[...silent].join(', ')}; ${demo.describe()}`,
      },
    );
    const fingers = await listed<{ kind: string; student?: object }>('punches/?limit=50&device=finger-r102');
    expect(fingers).toContainEqual(expect.objectContaining({ kind: 'finger', student: expect.anything() }));
    const terminals = devices.filter(({ driver }) => driver.startsWith('zk-'));
    expect(terminals).toHaveLength(2);
    for (const { id, gateway_id } of terminals) await knowsStudent(`gateways/${gateway_id}/devices/${id}`);
  });

  /** The terminal is told to know a student, and says that it does. */
  async function knowsStudent(terminal: string): Promise<void> {
    const url = `http://127.0.0.1:${port}`;
    const headers = await signIn(url, { login: 'admin', password: 'rollcall demonstration' });
    const told = await fetch(`${url}/api/v1/attendance/${terminal}/user-commands/`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'put', student: '24B81A0501' }),
    });
    expect(told.status).toBe(202);
    await until(`${terminal} knows a student`, async () => {
      const [newest] = await listed<{ state: string }>(`${terminal}/user-commands/`);
      expect(newest?.state).not.toBe('failed');
      return newest?.state === 'done';
    });
  }

  it('stops on Ctrl-C, leaves no process and no port, and starts again on the same data', async () => {
    const [newest] = await punches();
    expect(newest).toBeDefined();
    demo.signal('SIGINT');
    expect((await demo.exited).code, demo.describe()).toBe(0);
    expect(processesThatMention(dataDir)).toEqual([]);
    expect([await listens(port), await listens(mqttPort)]).toEqual([false, false]);
    const second = await running();
    expect(await punches()).toContain(newest);
    second.signal('SIGINT');
    expect((await second.exited).code, second.describe()).toBe(0);
    expect(processesThatMention(dataDir)).toEqual([]);
  });

  it('refuses a port that is taken, with the option that changes it', async () => {
    const holder = (await import('node:net')).createServer();
    holder.listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port: taken } = holder.address() as { port: number };
    try {
      const refused = launch(['--port', `${taken}`, '--mqtt-port', `${mqttPort}`]);
      expect((await refused.exited).code).toBe(1);
      const said = refused.text.join('\n');
      expect(said).toContain('PORT_TAKEN');
      expect(said).toContain(String(taken));
      expect(said).toContain('--port');
    } finally {
      holder.close();
    }
  });
});

/** Processes whose command line names the folder: everything that the demo starts does. */
function processesThatMention(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => commandLine(name))
    .filter((line) => line.includes(directory));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It ended between the two looks.
    return '';
  }
}
