import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Demo } from './demo.js';
import { fakeCommandLines } from './fake-cli.test-support.js';
import type { DemoSettings } from './settings.js';

let folder: string;
let said: string[];
let listeners: { pattern: RegExp; resolve: () => void }[];
let demo: Demo;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-demo-'));
  said = [];
  listeners = [];
  demo = makeDemo();
});
afterEach(async () => {
  await demo.stop();
  rmSync(folder, { recursive: true, force: true });
});

function makeDemo(settings: Partial<DemoSettings> = {}): Demo {
  return new Demo(
    { port: 0, mqttPort: 0, dataDir: join(folder, 'var'), seed: 7, ...settings },
    {
      environment: {
        PATH: process.env['PATH'],
        ROLLCALL_PORT: '1',
        ROLLCALL_UPLINK_MQTT_URL: 'mqtt://x',
        MQTT_URL: 'mqtt://y',
      },
      commands: fakeCommandLines(join(folder, 'fake')),
      say(text) {
        said.push(text);
        for (const listener of listeners.splice(0)) {
          if (listener.pattern.test(text)) listener.resolve();
          else listeners.push(listener);
        }
      },
    },
  );
}

const saying = (pattern: RegExp) => new Promise<void>((resolve) => listeners.push({ pattern, resolve }));
const notes = () =>
  readFileSync(join(folder, 'fake', 'notes'), 'utf8')
    .trim()
    .split('\n');
const pidOf = (name: string) => Number(readFileSync(join(folder, 'fake', `${name}.pid`), 'utf8'));
/** Ptys, and the sockets that stand for HID devices (beside each lies the file that it was made of). */
const links = () => readdirSync(join(folder, 'var/demo/dev')).filter((name) => !name.includes('.'));
const isRunning = (pid: number) => existsSync(`/proc/${pid}`);

describe('the demo', () => {
  it('brings everything up in order, says one address, and stops leaving no process and no device', async () => {
    await demo.start();
    const order = notes();
    const seedLine = order[0] ?? '';
    expect(seedLine).toBe(
      `seed ${join(folder, 'var/demo/campus.json')} ${join(folder, 'var/demo/provision')} ${join(folder, 'var')}`,
    );
    expect(order[1]).toMatch(/^central --port \d+ --mqtt-port \d+ --data-dir \S+ MQTT_URL=undefined$/);
    expect(order.filter((line) => line.startsWith('run '))[0]).toBe('run central');
    expect(order.filter((line) => line.startsWith('environment'))).toEqual(['environment ', 'environment ']);
    expect(links()).toHaveLength(18);
    expect(readlinkSync(join(folder, 'var/demo/dev/rdm-r101'))).toMatch(/^\/dev\/pts\/\d+$/);
    expect(said.at(-1)).toMatch(/http:\/\/127\.0\.0\.1:\d+\/\n/);
    expect(said.at(-1)?.match(/Rollcall is running/g)).toHaveLength(1);

    const pids = ['central', 'gw-block-a', 'gw-block-b'].map(pidOf);
    await demo.stop();
    expect(
      notes()
        .filter((line) => line.startsWith('stop '))
        .at(-1),
    ).toBe('stop central');
    expect(pids.map(isRunning)).toEqual([false, false, false]);
    expect(readdirSync(join(folder, 'var/demo/dev'))).toEqual([]);
  });

  it('writes the keys of the gateways into the campus, and a file for each gateway', async () => {
    await demo.start();
    const campus = JSON.parse(readFileSync(join(folder, 'var/demo/campus.json'), 'utf8'));
    const key = Buffer.alloc(32, 'gw-block-a'.length).toString('base64');
    expect(campus.gateways.map((gateway: { public_key: string }) => gateway.public_key)).toEqual([key, key]);
    const yaml = readFileSync(join(folder, 'var/demo/gw-block-b.yaml'), 'utf8');
    expect(yaml).toContain('  id: gw-block-b\n');
    expect(yaml).toContain(`    port: ${JSON.stringify(join(folder, 'var/demo/dev/rdm-r201'))}\n`);
    expect(yaml).toContain('    feedback: lights-r201\n');
    expect(yaml).not.toContain('r101');
  });

  it('starts again on the same data', async () => {
    await demo.start();
    await demo.stop();
    demo = makeDemo();
    await demo.start();
    expect(notes().filter((line) => line === 'run central')).toHaveLength(2);
  });

  it('starts a child again that dies, and says so', async () => {
    await demo.start();
    const dead = pidOf('gw-block-a');
    const restarted = saying(/gw-block-a is back/);
    process.kill(dead, 'SIGKILL');
    await restarted;
    expect(
      said.some((text) => /gw-block-a ended \(signal SIGKILL\); starting it again in 1 s/.test(text)),
    ).toBe(true);
    expect(pidOf('gw-block-a')).not.toBe(dead);
  });

  it('shows the words of a child that dies before it is ready', async () => {
    fakeCommandLines(join(folder, 'fake'));
    writeFileSync(join(folder, 'fake', 'die-before-ready'), '');
    await expect(demo.start()).rejects.toThrow(
      /central ended before it was ready \(exit code 3\):\ncentral has no database/,
    );
  });

  it('shows the words of a seed that fails, with the place of the whole log', async () => {
    fakeCommandLines(join(folder, 'fake'));
    writeFileSync(join(folder, 'fake', 'bad-seed'), '');
    await expect(demo.start()).rejects.toThrow(/SEED_INVALID[\s\S]*rollcall-central-seed\.log/);
  });

  it('names a taken port and the remedy before it starts anything', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as { port: number };
    demo = makeDemo({ port });
    await expect(demo.start()).rejects.toThrow(
      new RegExp(`Port ${port} .*EADDRINUSE.*--port or ROLLCALL_PORT.*PORT_TAKEN`),
    );
    await new Promise((resolve) => squatter.close(resolve));
    expect(existsSync(join(folder, 'fake', 'notes'))).toBe(false);
  });

  it('leaves a demo alone that already works in the folder, and says how to stop it', async () => {
    await demo.start();
    const yaml = readFileSync(join(folder, 'var/demo/gw-block-a.yaml'), 'utf8');
    const second = makeDemo();
    await expect(second.start()).rejects.toThrow(/Another demo \(process \d+\).*--data-dir.*DEMO_RUNNING/);
    await second.stop();
    expect(readFileSync(join(folder, 'var/demo/gw-block-a.yaml'), 'utf8')).toBe(yaml);
    expect(links()).toHaveLength(18);
    expect(isRunning(pidOf('central'))).toBe(true);
    expect(notes().filter((line) => line === 'run central')).toHaveLength(1);
  });

  it('stops what a killed demo left running before it starts its own, gateways first', async () => {
    await demo.start();
    const ledger = join(folder, 'var/demo/processes.json');
    const left = JSON.parse(readFileSync(ledger, 'utf8'));
    const pids = ['central', 'gw-block-a', 'gw-block-b'].map(pidOf);
    const dead = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(ledger, JSON.stringify({ ...left, demo: { ...left.demo, pid: dead.pid } }));
    const next = makeDemo();
    await next.start();
    expect(pids.map(isRunning)).toEqual([false, false, false]);
    expect(
      notes()
        .filter((line) => line.startsWith('stop '))
        .slice(0, 3),
    ).toEqual(['stop gw-block-b', 'stop gw-block-a', 'stop central']);
    expect(
      said.filter((text) => /left central \(process \d+\) running; stopping it/.test(text)),
    ).toHaveLength(1);
    await next.stop();
  });

  it('says what to do about a folder that it cannot use', async () => {
    writeFileSync(join(folder, 'occupied'), 'a file, not a folder');
    demo = makeDemo({ dataDir: join(folder, 'occupied') });
    await expect(demo.start()).rejects.toThrow(/occupied.*--data-dir.*CONFIG_INVALID/);
  });

  it('refuses one port for both purposes', async () => {
    demo = makeDemo({ port: 18_999, mqttPort: 18_999 });
    await expect(demo.start()).rejects.toThrow(/both 18999.*CONFIG_INVALID/);
  });

  it('can be stopped in the middle of its start', async () => {
    const starting = demo.start();
    const outcome = starting.then(
      () => 'started',
      (error: Error) => error.message,
    );
    await demo.stop();
    expect(await outcome).toMatch(/The demo was stopped/);
  });
});
