import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriverDefinition } from '@rollcall/gateway/drivers/driver';
import { DriverBench } from '@rollcall/gateway/drivers/driver.fixture';
import { driver } from '@rollcall/gateway/drivers/line';
import { encodeCommand } from '@rollcall/gateway/drivers/line/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = new URL('../..', import.meta.url).pathname;
const SKETCH = join(ROOT, 'docs/readers/sketch/rollcall_line/rollcall_line.ino');
const SHIM = join(ROOT, 'test/support/arduino');
const hasCompiler = spawnSync('g++', ['--version']).status === 0;
const SKIP = hasCompiler ? '' : ' (skipped: no g++ on this machine, apt-get install g++)';

let folder: string;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-sketch-'));
  program = join(folder, 'sketch');
  if (!hasCompiler) return;
  const words = ['-std=c++17', '-Wall', '-Wextra', '-Werror', `-I${SHIM}`, `-DSKETCH="${SKETCH}"`];
  execFileSync('g++', [...words, '-o', program, join(SHIM, 'run-sketch.cpp')], { stdio: 'pipe' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the board prints, and what its pins did, after these orders. */
function run(...orders: string[]): { printed: string; pins: string[] } {
  const lines = execFileSync(program, { input: `${orders.join('\n')}\n` })
    .toString()
    .split('\n');
  return {
    printed: lines.filter((line) => !line.startsWith('#')).join('\n'),
    pins: lines.filter((line) => line.startsWith('#pin')).map((line) => line.slice('#pin '.length)),
  };
}

/** What our driver makes of it. */
function understood(printed: string): DriverBench {
  const bench = new DriverBench(driver as unknown as DriverDefinition<unknown>).settle();
  bench.feed(printed);
  return bench;
}

describe.skipIf(!hasCompiler)(`the reference sketch${SKIP}`, () => {
  it('speaks our line format: hello, card, gone, heartbeat', () => {
    const { printed } = run('card 4A8D694F', 'ms 500', 'gone', 'ms 500', 'card 04A1B2C3D4E580', 'ms 10000');
    const bench = understood(printed);
    expect(printed).toContain('CARD,4A8D694F,A,000001*');
    expect(bench.cards).toEqual(['iso14443a:4A8D694F', 'iso14443a:04A1B2C3D4E580']);
    expect(bench.events.map(({ type }) => type)).toEqual([
      'identity',
      'card',
      'card_removed',
      'card',
      'alive',
    ]);
    expect(bench.rejections).toEqual([]);
    bench.disconnect();
  });

  it('reads a card once while it stays, prints two digits for every byte, and tells of a quick change', () => {
    const { printed } = run('card 0A05FF01', 'ms 5000', 'card 04112233445566', 'ms 300');
    expect(printed.match(/CARD,/g)).toHaveLength(2);
    expect(printed).toMatch(/CARD,0A05FF01[\s\S]*GONE,0A05FF01,000001[\s\S]*CARD,04112233445566,A,000002/);
  });

  it('case 117: tells once of each finger that its sensor takes for none, and nothing of a glitch', () => {
    const { printed } = run('low 4', 'ms 3000', 'open 4', 'ms 300', 'low 4', 'ms 500', 'open 4', 'ms 300');
    expect(printed.match(/FINGER,FAKE,00000[12]\*/g)).toHaveLength(2);
    const bench = understood(printed);
    const refused = bench.events.filter(({ type }) => type === 'finger_refused');
    expect(refused).toEqual(Array(2).fill({ type: 'finger_refused', reason: 'liveness' }));
    bench.disconnect();
    expect(run('ms 150', 'low 4', 'ms 90', 'open 4', 'ms 500').printed).not.toContain('FAKE');
  });

  it('shows what the gateway says, for as long as it says', () => {
    const command = (fields: string): string => `host ${encodeCommand(fields).trim()}`;
    const { pins, printed } = run(command('LED,1,400'), command('BUZ,2,80'), 'ms 1000');
    expect(pins).toEqual(['6 1 0', '8 1 0', '8 0 80', '8 1 160', '8 0 240', '6 0 400']);
    expect(printed).not.toContain('ERR');
    expect(run(command('LED,3,800'), 'ms 1000').pins).toEqual(['7 1 0', '7 0 800']);
    // A second tap has no beep.
    expect(run(command('BUZ,0,80'), 'ms 100')).toEqual({
      pins: [],
      printed: expect.not.stringContaining('ERR'),
    });
  });

  it('answers ?HELLO and ?STAT, and refuses what is damaged or unknown', () => {
    const { printed } = run(
      `host ${encodeCommand('?STAT').trim()}`,
      'host LED,1,400*00',
      'host LED,1,400',
      `host ${encodeCommand('LED,9,400').trim()}`,
      `host ${encodeCommand('OPEN').trim()}`,
      `host ${'x'.repeat(200)}`,
      `host ${encodeCommand('?HELLO').trim()}`,
    );
    const said = printed.split('\n').filter((line) => line !== '');
    expect(said.map((line) => line.split(',').slice(0, 2).join(','))).toEqual([
      'HELLO,rollcall-line',
      expect.stringMatching(/^HB,000000/),
      'ERR,CHECKSUM',
      'ERR,CHECKSUM',
      'ERR,VALUE',
      'ERR,COMMAND',
      'ERR,CHECKSUM',
      'HELLO,rollcall-line',
    ]);
  });
});
