import { describe, expect, it } from 'vitest';
import type { BroughtFinger, PeopleLink, TerminalPeople } from '../terminal-people.js';
import { Caller, SN } from '../zk-push.fixture.js';

const RECORD = Buffer.concat([Buffer.from('J\x89SS21', 'latin1'), Buffer.alloc(48, 7)]);
const TMP = RECORD.toString('base64');
const line = (user: string, fid: number): string =>
  `FP PIN=${user}\tFID=${fid}\tSize=${TMP.length}\tValid=1\tTMP=${TMP}\n`;

/** Everything that the driver tells of the people of its terminal. */
class Heard implements PeopleLink {
  keepsFingers = true;
  terminal: TerminalPeople | undefined;
  readonly brought: BroughtFinger[] = [];
  readonly told: unknown[] = [];
  reachable(terminal: TerminalPeople | undefined): void {
    this.terminal = terminal;
  }
  fingerBrought(finger: BroughtFinger): void {
    this.brought.push(finger);
  }
  userSeen(user: unknown): void {
    this.told.push(user);
  }
  forgotAll(): void {
    this.told.push('forgot');
  }
  counted(count: unknown): void {
    this.told.push(count);
  }
  changedByHand(change: unknown): void {
    this.told.push(change);
  }
}

const INFO = encodeURI('Ver 8.0,7,3,0,10.0.0.7,10,7,15,0,111');

async function start(options: Record<string, unknown> = {}): Promise<{ caller: Caller; heard: Heard }> {
  const heard = new Heard();
  const caller = new Caller({ user_ids: 'roll_number', roll_prefix: '24B81A05', ...options }, heard);
  await caller.greet();
  await caller.poll(INFO);
  return { caller, heard };
}

const people = (heard: Heard): TerminalPeople => heard.terminal as TerminalPeople;

describe('the people of a terminal that pushes', () => {
  it('are known by roll numbers, of a terminal with a name and an algorithm of its own', async () => {
    const { caller, heard } = await start();
    expect(people(heard)).toMatchObject({
      identity: `zk:${SN}`,
      fingerFormat: 'zk-finger-10',
      manages: 'off',
    });
    expect(people(heard).userOf('24B81A0517')).toBe('17');
    expect(people(heard).userOf('23B81A0517')).toBeUndefined();
    expect(people(heard).userOf('24B81A05')).toBeUndefined();
    expect(people(heard).userOf('24B81A051\t7')).toBeUndefined();
    expect(heard.told).toContainEqual({ users: 7, fingers: 3 });
    caller.bench.disconnect();
    expect(heard.terminal).toBeUndefined();
  });

  it('are those of the serial number that was allowed to call, whatever else a call says', async () => {
    const heard = new Heard();
    const caller = new Caller({ user_ids: 'roll_number' }, heard);
    await caller.call('GET', `getrequest?SN=${SN}&sn=OTHER&SN=ANOTHER`);
    expect(people(heard).identity).toBe(`zk:${SN}`);
  });

  it('are asked for by new fingers only where this gateway keeps any', async () => {
    const { caller } = await start();
    const options = await caller.greet();
    expect(options).toContain('TransFlag=TransData AttLog\tOpLog\tEnrollFP\tChgFP\n');
    expect(options).toContain('OPERLOGStamp=9999\n');
    expect(await caller.call('GET', `cdata?SN=${SN}&options=all`)).toContain('TransFlag=1101000100\n');
    const others = new Caller({ user_ids: 'card' }, new Heard());
    expect(await others.greet()).toContain('TransFlag=TransData AttLog\tOpLog\tEnrollUser\tChgUser\n');
    expect(await others.call('GET', `cdata?SN=${SN}&options=all`)).toContain('TransFlag=1100101000\n');
  });

  it('have a finger taken at its keypad, which it is asked to begin, and which it brings', async () => {
    const { caller, heard } = await start();
    const taken = people(heard).takeFinger({ user: '17', fingerPosition: 2 }, new AbortController().signal);
    expect(await caller.poll()).toBe('C:1:ENROLL_FP PIN=17\tFID=6\tRETRY=3\tOVERWRITE=1\n');
    // It cannot be asked to: somebody does it at the keypad, another finger first.
    await caller.answers({ 1: -1002 });
    const operations = `OPLOG 6\t0\t2026-07-15 09:00:00\t17\t6\t0\t0\n${line('17', 7)}${line('17', 6)}`;
    expect(await caller.call('POST', `cdata?SN=${SN}&table=OPERLOG&OpStamp=3`, operations)).toBe('OK: 3');
    const { format, record } = await taken;
    expect([format, Buffer.from(record)]).toEqual(['zk-finger-10', RECORD]);
    expect(
      heard.brought.map(({ user, studentRef, fingerPosition }) => [user, studentRef, fingerPosition]),
    ).toEqual([['17', '24B81A0517', 3]]);
    // What a person does is not asked for twice.
    await caller.bench.pass(300_000);
    expect(await caller.poll()).toBe('OK');
  });

  it.each([
    [5, 'DUPLICATE_BIOMETRIC'],
    [4, 'FINGER_INCONSISTENT'],
    [6, 'FINGER_ABSENT'],
    [7, 'ENROLLMENT_BUSY'],
  ])('are told of %i as %s', async (code, expected) => {
    const { caller, heard } = await start();
    const taken = people(heard).takeFinger({ user: '17', fingerPosition: 2 }, new AbortController().signal);
    const outcome = expect(taken).rejects.toMatchObject({ code: expected });
    await caller.poll();
    await caller.answers({ 1: code });
    await outcome;
  });

  it('are not waited for once somebody has given up, or the terminal is gone', async () => {
    const { caller, heard } = await start();
    const stopped = new AbortController();
    const first = people(heard).takeFinger({ user: '17', fingerPosition: 2 }, stopped.signal);
    stopped.abort(new Error('given up'));
    await expect(first).rejects.toThrow('given up');
    await caller.call('POST', `cdata?SN=${SN}&table=FINGERTMP`, line('17', 6).replace('FP ', ''));
    expect(heard.brought).toHaveLength(1);
    const second = people(heard).takeFinger({ user: '17', fingerPosition: 2 }, new AbortController().signal);
    const outcome = expect(second).rejects.toMatchObject({ code: 'PORT_CLOSED' });
    caller.bench.disconnect();
    await outcome;
  });

  it('may bring again what was just enrolled, and nothing else in its place', async () => {
    const { caller, heard } = await start();
    const taken = people(heard).takeFinger({ user: '17', fingerPosition: 2 }, new AbortController().signal);
    const again = () => caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, line('17', 6));
    await again();
    await taken;
    // Its answer was lost; and it has a table of all biometrics as well.
    await again();
    const unified = `BIODATA Pin=17\tNo=6\tType=1\tMajorVer=10\tMinorVer=0\tFormat=0\tTmp=${TMP}\n`;
    await caller.call('POST', `cdata?SN=${SN}&table=BIODATA`, unified);
    expect(heard.brought).toEqual([]);
    const other = line('17', 6).replace(TMP, Buffer.alloc(RECORD.length, 5).toString('base64'));
    await caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, other);
    await caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, line('17', 7) + line('18', 6));
    expect(heard.brought).toHaveLength(3);
    await caller.bench.pass(600_000);
    await again();
    expect(heard.brought).toHaveLength(4);
  });

  it('are never asked for a finger while the terminal may wait for that of somebody else', async () => {
    const { caller, heard } = await start();
    const [first, second] = [new AbortController(), new AbortController()];
    const begin = (user: string, { signal } = new AbortController()) =>
      people(heard).takeFinger({ user, fingerPosition: 2 }, signal);
    // Given up before the terminal fetched it: it never hears of it.
    const early = expect(begin('16', first)).rejects.toThrow('given up');
    first.abort(new Error('given up'));
    await early;
    const asked = expect(begin('17', second)).rejects.toThrow('given up');
    expect(await caller.poll()).toBe('C:2:ENROLL_FP PIN=17\tFID=6\tRETRY=3\tOVERWRITE=1\n');
    second.abort(new Error('given up'));
    await asked;
    // Given up afterwards: it waits for him on.
    await expect(begin('18')).rejects.toMatchObject({ code: 'ENROLLMENT_BUSY' });
    await caller.bench.pass(200_000);
    await expect(begin('18')).rejects.toMatchObject({ code: 'ENROLLMENT_BUSY' });
    // The same one may go on without being asked for twice.
    const again = expect(begin('17')).rejects.toMatchObject({ code: 'FINGER_ABSENT' });
    expect(await caller.poll()).toBe('OK');
    await caller.answers({ 2: 6 });
    await again;
    const taken = begin('18');
    expect(await caller.poll()).toBe('C:3:ENROLL_FP PIN=18\tFID=6\tRETRY=3\tOVERWRITE=1\n');
    await caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, line('18', 6));
    await taken;
    // It has taken that one, whether it has said so or not.
    const next = expect(begin('19')).rejects.toMatchObject({ code: 'PORT_CLOSED' });
    expect(await caller.poll()).toContain('PIN=19');
    caller.bench.disconnect();
    await next;
  });

  it('are told in the words of the algorithm, and done once it says so', async () => {
    const { caller, heard } = await start();
    const finger = { user: '17', fingerPosition: 2 } as const;
    const change = people(heard).change({
      action: 'put_finger',
      ...finger,
      format: 'zk-finger-10',
      record: RECORD,
    });
    expect(await caller.poll()).toBe(
      `C:1:DATA UPDATE FINGERTMP PIN=17\tFID=6\tSize=${TMP.length}\tValid=1\tTMP=${TMP}\n`,
    );
    await caller.answers({ 1: 0 });
    expect(await change).toEqual({ outcome: 'done' });
    const removed = people(heard).change({ action: 'remove_finger', ...finger });
    expect(await caller.poll()).toBe('C:2:DATA DELETE FINGERTMP PIN=17\tFID=6\n');
    await caller.answers({ 2: -1002 });
    expect(await removed).toEqual({
      outcome: 'refused',
      reason: '-1002: it does not support that',
      isUnsupported: true,
    });
    const gone = people(heard).change({ action: 'remove', user: '17' });
    await caller.poll();
    await caller.answers({ 3: -10 });
    expect(await gone).toEqual({ outcome: 'done' });
    const newer = people(heard).change({
      action: 'put_finger',
      ...finger,
      format: 'zk-finger-12.3',
      record: RECORD,
    });
    expect(await caller.poll()).toBe(
      `C:4:DATA UPDATE BIODATA Pin=17\tNo=6\tIndex=0\tValid=1\tDuress=0\tType=1\tMajorVer=12\tMinorVer=3\tFormat=0\tTmp=${TMP}\n`,
    );
    const silent = expect(newer).rejects.toMatchObject({ code: 'DEVICE_TIMEOUT' });
    for (let turn = 0; turn < 3; turn++) {
      await caller.bench.pass(120_000);
      await caller.poll();
    }
    await silent;
  });

  it.each([
    [-1, { outcome: 'done' }],
    [-1004, { outcome: 'refused', reason: expect.stringContaining('-1004'), isUnsupported: true }],
    [-1005, { outcome: 'refused', reason: '-1005: it is busy' }],
  ])('answer the deletion of a finger with %i: nothing there, never, or later', async (code, outcome) => {
    const { caller, heard } = await start();
    const removed = people(heard).change({ action: 'remove_finger', user: '17', fingerPosition: 2 });
    await caller.poll();
    await caller.answers({ 1: code });
    expect(await removed).toEqual(outcome);
  });

  it('have all fingers of one deleted, in the table of the algorithm', async () => {
    const { caller, heard } = await start();
    const removed = people(heard).change({ action: 'remove_fingers', user: '17' });
    expect(await caller.poll()).toBe('C:1:DATA DELETE FINGERTMP PIN=17\n');
    await caller.answers({ 1: 0 });
    expect(await removed).toEqual({ outcome: 'done' });
    const newer = new Caller({ user_ids: 'roll_number' }, heard);
    await newer.greet();
    await newer.poll(encodeURI('Ver 8.0,7,3,0,10.0.0.7,12.3,7,15,0,111'));
    const silent = expect(people(heard).change({ action: 'remove_fingers', user: '17' })).rejects.toThrow();
    expect(await newer.poll()).toBe('C:1:DATA DELETE BIODATA PIN=17\tType=1\n');
    newer.bench.disconnect();
    await silent;
  });

  it('keep the privilege that they have at it: one of them may look after it', async () => {
    const { caller, heard } = await start();
    const known = people(heard).change({ action: 'know', user: '17' });
    expect(await caller.poll()).toBe('C:1:DATA UPDATE USERINFO PIN=17\n');
    await caller.answers({ 1: 0 });
    expect(await known).toEqual({ outcome: 'done' });
  });

  it.each([
    ['10', { 1: 0 }, true],
    ['10', { 1: -10 }, true],
    ['10', { 1: -1005, 2: 0 }, false],
    ['12.3', { 1: 0, 2: -1003 }, false],
    ['12.3', { 1: -1004, 2: 0 }, true],
  ])('have no finger left only where it was deleted in the table of algorithm %s: %o', async (algorithm, said, isGone) => {
    const { caller, heard } = await start();
    await caller.poll(INFO.replace(',10,7,', `,${algorithm},7,`));
    const change = { action: 'forget_biometrics', user: '17' } as const;
    const forget = caller.bench.session.changeUser?.(change);
    const outcome = isGone
      ? expect(forget).resolves.toBeUndefined()
      : expect(forget).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
    await caller.poll();
    await caller.poll();
    await caller.answers({ 2: -1004, 3: 0, 4: -1004, 5: -1004, 6: -1004, ...said });
    await outcome;
    expect(heard.told.includes(change)).toBe(isGone);
  });

  it('come a few at a time, and long templates fewer', async () => {
    const { caller, heard } = await start();
    const long = { format: 'zk-finger-10', record: Buffer.alloc(1_400, 1) };
    for (let n = 1; n <= 3; n++)
      void people(heard)
        .change({ action: 'put_finger', user: String(n), fingerPosition: 2, ...long })
        .catch(() => undefined);
    expect((await caller.poll()).match(/^C:/gm)).toHaveLength(2);
    expect((await caller.poll()).match(/^C:/gm)).toHaveLength(1);
    caller.bench.disconnect();
  });

  it('are seen, and a reset too; nothing else of them is read', async () => {
    const { caller, heard } = await start({ manage_users: 'campus', delete_strangers: true });
    const users =
      'USER PIN=9\tName=Asha\tPri=0\tPasswd=1234\tCard=[000]\nUSER PIN=1\tPri=14\nUSER PIN=2\tName=x\nOPLOG 22\t0\t2026-07-15 09:00:00\t0\t0\t0\t0\n';
    await caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, users);
    expect(heard.told.slice(1)).toEqual([
      'forgot',
      { user: '9', isAdministrator: false },
      { user: '1', isAdministrator: true },
      { user: '2', isAdministrator: true },
    ]);
    expect(JSON.stringify(heard.told)).not.toMatch(/Asha|1234/);
  });

  it('keep nobody else waiting, whatever is said of them, and nothing of it counts twice', async () => {
    const { caller, heard } = await start();
    const reset = 'OPLOG 22\t0\t2026-07-15 09:00:00\t0\t0\t0\t0\n';
    const bad = 'FP PIN=\tFID=6\tTMP=AAAA\n';
    const body = (reset + bad + line('17', 6)).repeat(200);
    expect(await caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, body)).toBe('OK: 600');
    expect(heard.told.filter((news) => news === 'forgot')).toHaveLength(1);
    expect(heard.brought).toHaveLength(1);
    expect(caller.bench.rejections).toEqual(['bad_template']);
    const many = Array.from({ length: 400 }, (_, n) => line(String(n + 100), 6)).join('');
    const answer = caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, many);
    await caller.bench.pass(0);
    await caller.bench.pass(0);
    expect(heard.brought.length).toBeLessThan(200);
    expect(await answer).toBe('OK: 400');
    expect(heard.brought).toHaveLength(401);
  });

  it('bring nothing that is kept, logged or remembered by the driver, wherever a template is sent', async () => {
    const { caller, heard } = await start();
    const cut = line('17', 6).slice(0, 60);
    expect(await caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, cut)).toBe('OK: 1');
    expect(await caller.call('POST', `cdata?SN=${SN}&table=ATTLOG&Stamp=1`, line('17', 6))).toBe('OK: 1');
    expect(await caller.call('POST', `cdata?SN=${SN}&table=BIOPHOTO`, line('17', 6))).toBe('OK: 1');
    // That there is a finger is told, never which one.
    expect(heard.brought).toEqual([
      { user: '17', studentRef: '24B81A0517', fingerPosition: 2, record: undefined },
    ]);
    expect(caller.bench.rejections).toEqual(['bad_template', 'bad_line']);
    const all = JSON.stringify([caller.bench.keeps, caller.bench.events, [...caller.bench.memory]]);
    expect(all).not.toContain(TMP.slice(8, 24));
  });

  it('are nobody whose fingers could be kept where users are no roll numbers', async () => {
    const heard = new Heard();
    const caller = new Caller({}, heard);
    await caller.greet();
    await caller.poll(INFO);
    await caller.call('POST', `cdata?SN=${SN}&table=OPERLOG`, line('17', 6));
    expect(heard.brought).toEqual([]);
    expect(people(heard).fingerFormat).toBeUndefined();
  });
});
