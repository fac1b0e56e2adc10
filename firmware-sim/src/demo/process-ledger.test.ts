import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify, isRunning } from './process-identity.js';
import { ProcessLedger } from './process-ledger.js';

let folder: string;
let path: string;
const processes: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-ledger-'));
  path = join(folder, 'processes.json');
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map(end));
  rmSync(folder, { recursive: true, force: true });
});

function start(): ChildProcess & { pid: number } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  processes.push(child);
  return child as ChildProcess & { pid: number };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** What a demo that was killed leaves: its own process is over, its children may run. */
async function deadDemoWith(...children: (object | undefined)[]): Promise<void> {
  const dead = start();
  const demo = identify('demo', dead.pid);
  await end(dead);
  writeFileSync(path, JSON.stringify({ demo, children }));
}

describe('the ledger of processes', () => {
  it('keeps a second demo out of the folder until the first one gives it back', () => {
    const first = new ProcessLedger(path);
    expect(first.claim()).toEqual([]);
    expect(() => new ProcessLedger(path).claim()).toThrow(
      new RegExp(`process ${process.pid}\\).*--data-dir.*DEMO_RUNNING`),
    );
    first.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(new ProcessLedger(path).claim()).toEqual([]);
  });

  it('finds what a killed demo left running, and only that', async () => {
    const [running, over] = [start(), start()];
    const ended = identify('gw-block-a', over.pid);
    await end(over);
    await deadDemoWith(identify('central', running.pid), ended);
    expect(new ProcessLedger(path).claim()).toEqual([identify('central', running.pid)]);
  });

  it('does not take another process with the same number for a leftover', async () => {
    const stranger = start();
    const identity = identify('central', stranger.pid);
    await deadDemoWith({ ...identity, start_ticks: '1' }, { ...identity, boot_id: 'of an earlier boot' });
    expect(new ProcessLedger(path).claim()).toEqual([]);
  });

  it('still knows the leftovers when this demo is killed, too, before it stopped them', async () => {
    const left = identify('central', start().pid);
    await deadDemoWith(left);
    new ProcessLedger(path).claim();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      demo: { pid: process.pid },
      children: [left],
    });
  });

  it('writes a child down once, under its newest number', () => {
    const ledger = new ProcessLedger(path);
    ledger.claim();
    const [first, second] = [start(), start()];
    ledger.add('central', first.pid);
    ledger.add('central', second.pid);
    ledger.add('never started', undefined);
    expect(JSON.parse(readFileSync(path, 'utf8')).children).toEqual([identify('central', second.pid)]);
  });

  it('keeps the file when it gives the folder back while a child still runs', async () => {
    const ledger = new ProcessLedger(path);
    ledger.claim();
    const child = start();
    ledger.add('central', child.pid);
    ledger.release();
    expect(existsSync(path)).toBe(true);
  });

  it.each(['', '{', '{"demo":1}', '[]'])('takes an unreadable file for none: %j', (text) => {
    writeFileSync(path, text);
    expect(new ProcessLedger(path).claim()).toEqual([]);
  });
});

describe('the identity of a process', () => {
  it('ends with the process', async () => {
    const child = start();
    const identity = identify('central', child.pid);
    expect(identity !== undefined && isRunning(identity)).toBe(true);
    await end(child);
    expect(identity !== undefined && isRunning(identity)).toBe(false);
    expect(identify('central', child.pid)).toBeUndefined();
  });
});
