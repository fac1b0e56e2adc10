import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { tryDevice } from '@rollcall/gateway/discovery/try-device';
import { findDriver } from '@rollcall/gateway/drivers/registry';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { type RigOptions, TerminalRig } from '../support/terminal-rig.js';
import { until } from '../support/until.js';

const ENTRIES = 1_500;
const CUTS = 4;
/** A datagram has 25 of them. */
const UDP_ENTRIES = 120;

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

async function start(options: Omit<RigOptions, 'dataDir'>): Promise<TerminalRig> {
  rig = await TerminalRig.start({ dataDir, ...options });
  return rig;
}

/** Pulls the plug after a random number of bytes, some hundred to a few ten thousand, and puts it in again. */
async function cutAtRandom({ terminal }: TerminalRig, random: () => number): Promise<void> {
  const { bytesOut } = terminal.wire.counters;
  const atBytes = bytesOut + Math.floor(random() * 30_000);
  const deadlineMs = systemClock.monoMs() + 300;
  await until(
    'some bytes have passed',
    () => terminal.wire.counters.bytesOut >= atBytes || systemClock.monoMs() > deadlineMs,
  );
  await terminal.unplug();
  terminal.plug();
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const TERMINALS = [
  ['zk-push', 'push2'],
  ['zk-push', 'push1'],
  ['zk-push', 'rtlog'],
  ['zk-4370', 'k40'],
  ['zk-4370', 'zk6'],
  ['zk-4370', 'old'],
] as const;

describe.each(TERMINALS)('a terminal %s, %s', (driver, profile) => {
  it('is drained of every entry exactly once, cut and resumed at random', async () => {
    const random = randomFrom(7);
    const { terminal, memory } = await start({ driver, profile });
    memory.store(ENTRIES);
    memory.breakEntry();
    terminal.start();
    for (let cut = 0; cut < CUTS; cut++) {
      await cutAtRandom(rig as TerminalRig, random);
      if (cut === CUTS - 2) await rig?.restartGateway();
    }
    memory.verified('1001');
    await until('the log is drained', () => rig?.count === ENTRIES + 1);
    // Whatever is sent again is known by now.
    await inflictFault(terminal, 'forget-stamp', {});
    await rig?.restartGateway();
    terminal.swipe('1002');
    await until('the last punch is kept', () => rig?.count === ENTRIES + 2);
    expect(rig?.kept).toEqual(rig?.held);
    expect(rig?.news).toContain('log_lines_rejected');
    expect(rig?.news).not.toContain('log_gap');
  }, 30_000);
});

describe('a terminal that is asked', () => {
  it('tells of a punch at once, has its wrong clock corrected, told and set, and is complete up to the poll', async () => {
    const { terminal, memory } = await start({ driver: 'zk-4370', profile: 'k40' });
    memory.setOffset(-1_800_000);
    memory.store(40);
    terminal.start();
    await until('the stored entries are kept', () => rig?.count === 40);
    await until(
      'the clock is set',
      () => Math.abs(memory.localMs - systemClock.wallMs() - 19_800_000) < 5_000,
    );
    terminal.swipe('1001:4');
    await until('the punch is kept', () => rig?.count === 41);
    const beforeMs = systemClock.wallMs();
    await until('the log is drained after it', () => (rig?.completeThrough ?? 0) > beforeMs);
    expect(rig?.news).toEqual(['device_clock_wrong']);
    // Half an hour behind: what it says of a minute ago was a minute ago all the same.
    const ages = rig
      ?.rows('punch')
      .map((row) => systemClock.wallMs() - Date.parse(String(row['occurred_at'])));
    expect(Math.max(...(ages ?? []))).toBeLessThan(40 * 7_000 + 120_000);
    expect(Math.min(...(ages ?? []))).toBeGreaterThan(-2_000);
    expect(rig?.rows('punch').at(-1)).toMatchObject({ kind: 'card', verify_method: 'rf' });
  }, 30_000);

  it.each([
    'k40',
    'old',
  ])('is drained by UDP, of which replies are lost, repeated and out of order (%s)', async (profile) => {
    const { terminal, memory } = await start({
      driver: 'zk-4370',
      profile,
      udp: true,
      options: { poll_seconds: 5 },
    });
    memory.store(UDP_ENTRIES);
    terminal.start();
    for (const fault of ['duplicate', 'lose', 'swap', 'lose']) {
      const sent = terminal.wire.counters.framesSent;
      await until('something was sent', () => terminal.wire.counters.framesSent > sent);
      await inflictFault(terminal, fault, {});
    }
    await until('the log is drained', () => rig?.count === UDP_ENTRIES);
    terminal.swipe('1002');
    await until('the punch is kept', () => rig?.count === UDP_ENTRIES + 1);
    // A terminal that was restarted knows nobody, and no connection ends by that.
    await terminal.unplug();
    terminal.plug();
    memory.verified('1003');
    await until('the next one is kept', () => rig?.count === UDP_ENTRIES + 2);
    expect(rig?.kept).toEqual(rig?.held);
    expect(rig?.news).toEqual([]);
  }, 30_000);

  it.each([
    ['tcp', 'PORT_ABSENT', 'write udp://'],
    ['udp', 'PORT_LOST', 'check the power'],
  ])('is not there by %s: who looks is told what to try', async (form, code, advice) => {
    const driver = findDriver('zk-4370');
    if (driver === undefined) throw new Error('there is no such driver');
    const outcome = await tryDevice({
      driver,
      port: `${form}://127.0.0.1:${await freePort()}`,
      options: driver.options.parse({}),
      openTransport: createOpenTransport(systemClock),
      clock: systemClock,
    });
    expect(outcome).toMatchObject({ type: 'failed', reason: { code } });
    expect(outcome.type === 'failed' && outcome.reason.message).toContain(advice);
  });

  it('has what was cleared told as a gap, and nothing kept twice', async () => {
    const { terminal, memory } = await start({
      driver: 'zk-4370',
      profile: 'zk6',
      options: { poll_seconds: 5 },
    });
    memory.store(60);
    terminal.start();
    await until('the log is kept', () => rig?.count === 60);
    memory.clear();
    memory.verified('1007');
    await until('the new entry is kept', () => rig?.count === 61);
    await until('the gap is told', () => rig?.news.includes('log_gap'));
    // The oldest entries of a full log make room: nothing is lost by that.
    memory.verified('1008');
    await until('the next entry is kept', () => rig?.count === 62);
    memory.entries.shift();
    memory.verified('1009');
    await until('the last entry is kept', () => rig?.count === 63);
    expect(rig?.news.filter((type) => type === 'log_gap')).toHaveLength(1);
  }, 30_000);

  it.each([
    ['right', '12345\n', undefined],
    ['wrong', '54321\n', 'DEVICE_REFUSED'],
    ['unreadable', 'secret', 'KEY_INVALID'],
  ])('is opened with a comm key that is %s', async (_what, key, problem) => {
    const file = join(dataDir, 'comm-key');
    writeFileSync(file, key, { mode: 0o600 });
    const { terminal } = await start({
      driver: 'zk-4370',
      profile: 'keyed',
      options: { comm_key_file: file },
    });
    terminal.start();
    if (problem === undefined) await until('it is ready', () => rig?.state === 'ready');
    else await until('it is blocked', () => rig?.state === 'blocked' && rig.problem === problem);
  });

  it('is refused where another one answers at its address', async () => {
    const { terminal } = await start({
      driver: 'zk-4370',
      profile: 'k40',
      options: { serial: 'CKJM201260001' },
    });
    terminal.start();
    await until('it is blocked', () => rig?.state === 'blocked' && rig.problem === 'DEVICE_REFUSED');
  });

  it.each([
    // To connect, for an option, for the time; by UDP nothing else ends it.
    ['tcp', 8, [1_000, 11, 201]],
    ['udp', 0, [1_000, 11, 201, 1_001]],
  ])('answers somebody who only looks, who reads, acknowledges and changes nothing (%s)', async (form, at, expected) => {
    const port = `${form}://127.0.0.1:${await freePort()}`;
    const terminal = new SimulatedDevice({
      id: 'terminal',
      driver: 'zk-4370',
      profile: 'k40',
      linkPath: port,
      clock: systemClock,
    });
    const { memory } = terminal.firmware;
    memory?.store(20);
    memory?.setOffset(-3_600_000);
    const held = JSON.stringify(memory?.entries);
    terminal.start();
    const commands: number[] = [];
    const driver = findDriver('zk-4370');
    if (driver === undefined) throw new Error('there is no such driver');
    const outcome = await tryDevice({
      driver,
      port,
      options: driver.options.parse({}),
      openTransport: (...how) => {
        const transport = createOpenTransport(systemClock)(...how);
        const write = transport.write.bind(transport);
        transport.write = (bytes) => {
          commands.push(Buffer.from(bytes).readUInt16LE(at));
          return write(bytes);
        };
        return transport;
      },
      clock: systemClock,
    });
    await terminal.stop();
    expect(outcome).toEqual({ type: 'answered', problems: [] });
    expect(commands).toEqual(expected);
    expect(JSON.stringify(memory?.entries)).toBe(held);
    expect(memory?.localMs).toBeLessThan(systemClock.wallMs() + 19_800_000 - 3_500_000);
  });

  it.each(['k40', 'zk6'])('is told whom to know (%s)', async (profile) => {
    const { terminal, memory } = await start({ driver: 'zk-4370', profile });
    memory.store(3);
    terminal.start();
    await until('it is ready', () => rig?.state === 'ready');
    await rig?.changeUser({ action: 'put', user: '4711', name: 'Asha' });
    expect(terminal.firmware.users).toEqual(['1001', '1002', '1003', '4711']);
    // Whoever runs the terminal still does, with the same password, under another name.
    const before = Buffer.from(terminal.firmware.userRecord?.('1001') ?? []);
    await rig?.changeUser({ action: 'put', user: '1001', name: 'Ravi' });
    const after = Buffer.from(terminal.firmware.userRecord?.('1001') ?? []);
    expect(before.includes('4321') && before.includes('Somebody')).toBe(true);
    expect(after).toEqual(
      Buffer.from(before.toString('latin1').replace('Somebody', 'Ravi\0\0\0\0'), 'latin1'),
    );
    await rig?.changeUser({ action: 'forget_biometrics', user: '4711' });
    await rig?.changeUser({ action: 'remove', user: '1002' });
    await rig?.changeUser({ action: 'remove', user: 'nobody' });
    expect(terminal.firmware.users).toEqual(['1001', '1003', '4711']);
    await terminal.unplug();
    await until('it is away', () => rig?.state !== 'ready');
    await expect(rig?.changeUser({ action: 'remove', user: '1001' })).rejects.toMatchObject({
      code: 'PORT_CLOSED',
    });
  });
});
