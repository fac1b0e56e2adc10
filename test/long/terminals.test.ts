import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { Random } from '@rollcall/firmware-sim/random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TerminalRig } from '../support/terminal-rig.js';
import { until } from '../support/until.js';

const SEED = 20_260_715;
/** What a terminal holds that was without its network for months. */
const ENTRIES = 50_000;
const CUTS = 25;
const BROKEN = 20;

let dataDir: string;
let rig: TerminalRig | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'rollcall-terminal-'));
});

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

describe.each([
  ['zk-push', 'push2'],
  ['zk-4370', 'k40'],
] as const)('a terminal with 50,000 stored entries (%s, %s)', (driver, profile) => {
  it('is drained of every one exactly once, cut and resumed at random while people punch', async () => {
    const random = Random.of(SEED, `${driver} ${profile}`);
    rig = await TerminalRig.start({ dataDir, driver, profile });
    const { terminal, memory } = rig;
    memory.store(ENTRIES);
    for (let broken = 0; broken < BROKEN; broken++) {
      memory.breakEntry();
      const [entry] = memory.entries.splice(-1);
      if (entry !== undefined) memory.entries.splice(random.int(0, ENTRIES), 0, entry);
    }
    terminal.start();
    for (let cut = 0; cut < CUTS; cut++) {
      const { bytesOut } = terminal.wire.counters;
      const enough = bytesOut + random.int(1_000, 120_000);
      const { count } = rig;
      // A log that is drained already sends little more than its answers to polls.
      await until('it sends on, or is drained', () => {
        const kept = rig?.count ?? 0;
        const isDrained = kept === memory.entries.length - BROKEN;
        return terminal.wire.counters.bytesOut >= enough || kept > count + 5_000 || isDrained;
      });
      if (random.int(0, 3) === 0) await rig.restartGateway();
      await terminal.unplug();
      // Somebody else each time: the same person twice in a second would be one entry to everybody.
      memory.verified(String(1_501 + cut));
      terminal.plug();
    }
    const { held } = rig;
    await until('the log is drained', () => rig?.count === held.length, { deadlineMs: 300_000 });
    await inflictFault(terminal, 'forget-stamp', {});
    await rig.restartGateway();
    terminal.swipe('2001');
    await until('the last punch is kept', () => rig?.count === held.length + 1, {
      deadlineMs: 300_000,
    });
    expect(rig.kept).toEqual(rig.held);
    expect(new Set(rig.held).size).toBe(rig.held.length);
    expect(rig.news).not.toContain('log_gap');
  });
});
