import { RollcallError } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import { Caller, POLL_MS, SN } from './zk-push.fixture.js';

describe('a terminal that pushes', () => {
  it('is told OK only for what is kept, and where to go on from', async () => {
    const terminal = new Caller();
    expect(await terminal.greet()).toContain('ATTLOGStamp=None\n');
    terminal.bench.keepFailure = new RollcallError('STORE_FULL', 'full');
    expect(await terminal.upload([['1', terminal.nowMs]], '7')).toBe('503');
    terminal.bench.keepFailure = undefined;
    expect(await terminal.upload([['1', terminal.nowMs]], '7')).toBe('OK: 1');
    expect(await terminal.greet()).toContain('ATTLOGStamp=7\n');
    expect(terminal.bench.events.filter(({ type }) => type === 'log')).toHaveLength(1);
  });

  it('remembers the stamp of a block in which nothing could be used', async () => {
    const terminal = new Caller();
    await terminal.greet();
    expect(await terminal.call('POST', `cdata?SN=${SN}&table=ATTLOG&Stamp=9`, 'rubbish\n')).toBe('OK: 1');
    expect(await terminal.greet()).toContain('ATTLOGStamp=9\n');
    expect(terminal.bench.keeps.flatMap(({ rejected = [] }) => rejected)).toEqual([
      { line: 'rubbish', reason: 'no time' },
    ]);
  });

  it('has its log in pieces that no tap has to wait for, the stamp with the last one', async () => {
    const terminal = new Caller();
    await terminal.greet();
    const entries = Array.from(
      { length: 600 },
      (_, n) => [String(n + 1), terminal.nowMs - n * 1_000] as const,
    );
    expect(await terminal.upload(entries, '600')).toBe('OK: 600');
    const sizes = terminal.bench.keeps.map(({ logs = [], memory = {} }) => [
      logs.length,
      'log-stamp' in memory,
    ]);
    expect(sizes.filter(([count]) => count !== 0)).toEqual([
      [250, false],
      [250, false],
      [100, true],
    ]);
  });

  it('is drained once it kept polling without sending anything, up to a poll that long ago', async () => {
    const terminal = new Caller();
    await terminal.greet();
    await terminal.upload([['1', terminal.nowMs]]);
    const startedMs = terminal.nowMs;
    await terminal.pollFor(40_000);
    expect(terminal.drained).toEqual([]);
    await terminal.pollFor(10_000);
    expect(terminal.drained).toEqual([startedMs + 10_000]);
    await terminal.upload([['2', terminal.nowMs]]);
    await terminal.pollFor(40_000);
    expect(terminal.drained).toHaveLength(1);
  });

  it('is not drained while an upload was refused, or before anything is known of its clock', async () => {
    const terminal = new Caller();
    await terminal.greet();
    await terminal.pollFor(60_000);
    // Its clock is not known: what it logged waits for that.
    expect(terminal.drained).toEqual([]);
    await terminal.upload([['1', terminal.nowMs]]);
    terminal.bench.keepFailure = new RollcallError('STORE_FULL', 'full');
    await terminal.upload([['2', terminal.nowMs]]);
    terminal.bench.keepFailure = undefined;
    await terminal.pollFor(120_000);
    expect(terminal.drained).toEqual([]);
    await terminal.upload([['2', terminal.nowMs]]);
    await terminal.pollFor(60_000);
    expect(terminal.drained.length).toBeGreaterThan(0);
  });

  it('has its clock measured by whoever comes after a silence, and the error told once', async () => {
    const terminal = new Caller();
    const behindMs = -30 * 60_000;
    await terminal.greet();
    // An hour of backlog says nothing: who knows how old it is.
    await terminal.upload([['1', terminal.nowMs - 3_600_000]]);
    expect(terminal.bench.keeps.at(-2)?.clock).toBeUndefined();
    await terminal.pollFor(60_000);
    await terminal.upload([['2', terminal.nowMs + behindMs]]);
    expect(terminal.offsetMs).toBe(behindMs);
    expect(terminal.bench.keeps.at(-2)?.clock).toEqual({
      terminalMs: terminal.nowMs + behindMs,
      monoMs: terminal.bench.clock.monoMs(),
    });
    await terminal.pollFor(60_000);
    await terminal.upload([['3', terminal.nowMs + behindMs - 2_000]]);
    expect(terminal.news).toEqual([{ type: 'device_clock_wrong', offsetMs: behindMs }]);
    // What is known outlives the connection.
    terminal.bench.reconnect();
    await terminal.upload(
      Array.from({ length: 30 }, (_, n) => [String(n + 10), terminal.nowMs - n] as const),
    );
    expect(terminal.bench.keeps.at(-2)?.clock).toEqual({ offsetMs: behindMs - 2_000 });
  });

  it('has a right clock where an entry is as young as now', async () => {
    const terminal = new Caller();
    await terminal.greet();
    await terminal.upload([['1', terminal.nowMs - 3_000]]);
    expect(terminal.offsetMs).toBe(-3_000);
    expect(terminal.news).toEqual([]);
  });

  it.each([
    ['text', /^C:1:SET OPTION DateTime=2026-07-07 10:01:\d\d\n$/],
    ['number', /^C:1:SET OPTION DateTime=85\d{7}\n$/],
  ])('has a wrong clock set as %s, while nothing waits in it, and believed from its answer on', async (form, expected) => {
    const terminal = new Caller({ set_clock: form });
    await terminal.greet();
    await terminal.upload([['1', terminal.nowMs]]);
    await terminal.pollFor(60_000);
    await terminal.upload([['2', terminal.nowMs - 1_800_000]]);
    expect(await terminal.poll()).toBe('OK');
    let command = 'OK';
    while (command === 'OK') command = await terminal.pollFor(POLL_MS);
    expect(command.replace(/10:0[0-9]:/, '10:01:')).toMatch(expected);
    expect(await terminal.call('POST', `devicecmd?SN=${SN}`, 'ID=1&Return=0&CMD=SET OPTION')).toBe('OK');
    await terminal.bench.pass(0);
    expect(terminal.offsetMs).toBe(0);
  });

  it('is asked for all of it again, once, when it says that it holds more than ever came', async () => {
    const terminal = new Caller();
    const info = (count: number) => encodeURI(`Ver 8.0,500,0,${count},10.0.0.7`);
    await terminal.greet();
    await terminal.upload([['1', terminal.nowMs - 1_000]], '3');
    expect(await terminal.pollFor(50_000, info(3))).toBe('C:1:CHECK\n');
    await terminal.call('POST', `devicecmd?SN=${SN}`, 'ID=1&Return=0&CMD=CHECK');
    expect(await terminal.greet()).toContain('ATTLOGStamp=None\n');
    const missing = ['1', '2', '3'].map((user) => [user, terminal.nowMs - 1_000 * Number(user)] as const);
    await terminal.upload(missing, '3');
    expect(await terminal.pollFor(60_000, info(3))).toBe('OK');
    expect(terminal.news).toEqual([]);
    expect(await terminal.pollFor(10_000, info(9))).toBe('C:2:CHECK\n');
    await terminal.greet();
    await terminal.pollFor(60_000, info(9));
    expect(terminal.news).toEqual([
      expect.objectContaining({
        type: 'log_gap',
        reason: expect.stringContaining('more entries than it sends'),
      }),
    ]);
    expect(terminal.drained.length).toBeGreaterThan(0);
  });

  it('is asked to greet first where it only knows another server', async () => {
    const terminal = new Caller();
    expect(await terminal.poll()).toBe('C:1:CHECK\n');
    expect(await terminal.poll()).toBe('OK');
    // No result in two minutes: once more, three times in all.
    const answers: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      await terminal.bench.pass(120_000);
      answers.push(await terminal.poll());
    }
    expect(answers.slice(0, 2)).toEqual(['C:1:CHECK\n', 'C:1:CHECK\n']);
  });

  it('is absent until it calls, and says so in words', async () => {
    const terminal = new Caller();
    const probe = terminal.bench.session.probe?.();
    const outcome = expect(probe).rejects.toMatchObject({ code: 'DEVICE_TIMEOUT' });
    await terminal.bench.pass(45_000);
    await outcome;
    await terminal.greet();
    await terminal.bench.session.probe?.();
    terminal.bench.disconnect();
    expect(terminal.bench.clock.pendingTimers).toBe(0);
  });

  it('learns the time where it asks for it, once the gateway knows it', async () => {
    const terminal = new Caller();
    expect(await terminal.call('GET', `rtdata?SN=${SN}&type=time`)).toMatch(
      /^DateTime=\d{9},ServerTZ=\+0530$/,
    );
    terminal.bench.clockState = 'unsynced';
    expect(await terminal.call('GET', `rtdata?SN=${SN}&type=time`)).toBe('OK');
  });

  it('is told whom to know, and has done it once it says so', async () => {
    const terminal = new Caller();
    await terminal.greet();
    const put = terminal.bench.session.changeUser?.({ action: 'put', user: '7', name: 'Asha' });
    expect(await terminal.poll()).toBe('C:1:DATA UPDATE USERINFO PIN=7\tName=Asha\tPri=0\tPrivilege=0\n');
    await terminal.call('POST', `devicecmd?SN=${SN}`, 'ID=1&Return=0&CMD=DATA');
    await put;
    const remove = terminal.bench.session.changeUser?.({ action: 'remove', user: '7' });
    const refused = expect(remove).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
    expect(await terminal.poll()).toBe('C:2:DATA DELETE USERINFO PIN=7\n');
    await terminal.call('POST', `devicecmd?SN=${SN}`, 'ID=2&Return=-1002&CMD=DATA');
    await refused;
    // A model has some of the tables; one of them done is enough, and none is a refusal.
    const forget = terminal.bench.session.changeUser?.({ action: 'forget_biometrics', user: '7' });
    expect((await terminal.poll()).match(/PIN=7/g)).toHaveLength(5);
    await terminal.call(
      'POST',
      `devicecmd?SN=${SN}`,
      'ID=3&Return=0&CMD=DATA\nID=4&Return=-1004&CMD=DATA\r\nID=5&Return=-1004&CMD=DATA&ID=6&Return=-1&CMD=DATA\nID=7&Return=-1&CMD=DATA\n',
    );
    await terminal.poll();
    await terminal.call('POST', `devicecmd?SN=${SN}`, 'ID=8&Return=0&CMD=DATA\n');
    await forget;
  });

  it('never has a name, password or template go anywhere', async () => {
    const terminal = new Caller({ user_ids: 'card' });
    await terminal.greet();
    const user =
      'USER PIN=7\tName=Asha\tPri=0\tPasswd=1234\tCard=6572982\tGrp=1\nFP PIN=7\tFID=0\tTMP=SIlTUzIx\n';
    expect(await terminal.call('POST', `cdata?SN=${SN}&table=OPERLOG&OpStamp=5`, user)).toBe('OK: 2');
    const all = JSON.stringify([terminal.bench.keeps, terminal.bench.events, [...terminal.bench.memory]]);
    expect(all).toContain('number32:00644BB6');
    expect(all).not.toMatch(/Asha|1234|SIlT/);
  });
});
