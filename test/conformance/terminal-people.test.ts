import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@rollcall/firmware-sim/cli/device-commands';
import type { TerminalPeople } from '@rollcall/firmware-sim/devices/terminal/terminal-people';
import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RigOptions, TerminalRig } from '../support/terminal-rig.js';
import { until } from '../support/until.js';

const TEMPLATE = '00000000-0000-4000-8000-000000000001';
const NEVER = new AbortController().signal;

let dataDir: string;
let rig: TerminalRig;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'rollcall-people-'));
});

afterEach(async () => {
  await rig.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<RigOptions> = {}): Promise<TerminalPeople> {
  const { profile = 'push2', settings = {} } = options;
  rig = await TerminalRig.start({
    dataDir,
    driver: 'zk-push',
    profile,
    settings,
    hurry: 30,
    options: { manage_users: 'campus', ...options.options },
  });
  return rig.memory.people;
}

const usersOf = (people: TerminalPeople): string[] => [...people.users.keys()].sort();

/** The other end of everything: simulated terminal on TCP, listener, driver, bookkeeping in SQLite. */
describe('the people of a terminal that pushes', () => {
  it('follow the roster over restarts and a reset, whoever the terminal knew before', async () => {
    const people = await start({ options: { delete_strangers: true } });
    people.users.set('900', { name: 'Stranger', privilege: 0 });
    people.users.set('901', { name: 'Technician', privilege: 14 });
    people.users.set('1002', { name: 'Assistant', privilege: 14 });
    const students = Array.from({ length: 12 }, (_, n) => String(1_001 + n));
    await rig.people.inForce(students);
    rig.terminal.start();
    await until(
      'all are there, and the stranger is gone',
      () => usersOf(people).join() === [...students, '901'].join(),
    );
    expect(people.users.get('1002')).toEqual({ name: 'Assistant', privilege: 14 });
    await rig.restartGateway();
    await rig.people.inForce(students.slice(1));
    await until('one has left', () => usersOf(people).length === 12);
    await inflictFault(rig.terminal, 'forget-people', {});
    await until('they are there again', () => usersOf(people).join() === students.slice(1).join());
  });

  it('stay away while the terminal refuses or is late, which is said, and come when it does it', async () => {
    const people = await start();
    await inflictFault(rig.terminal, 'refuse-changes', { code: -1001 });
    await rig.people.inForce(['1001', '1002']);
    rig.terminal.start();
    await until('the refusal is said', () => rig.problem === 'TERMINAL_PEOPLE_BEHIND');
    expect(usersOf(people)).toEqual([]);
    await inflictFault(rig.terminal, 'refuse-changes', { code: 0 });
    await inflictFault(rig.terminal, 'late-answers', { ms: 5_000 });
    await rig.people.inForce(['1001', '1002', '1003']);
    await until('all are there', () => usersOf(people).length === 3);
    await until('nothing is wrong any more', () => rig.problem === undefined);
  });

  it.each([
    ['push2', '10', 'zk-finger-10'],
    ['push1', '9', 'zk-finger-9'],
    ['push3', '12.3', 'zk-finger-12.3'],
  ])('have fingers taken there, given back to it, and deleted: %s, algorithm %s', async (profile, algorithm, format) => {
    const people = await start({ profile, settings: { algorithm } });
    await rig.people.inForce(['1001']);
    rig.terminal.start();
    await until(
      'the terminal has said its algorithm',
      () => rig.people.sync.terminal('terminal')?.fingerFormat !== undefined,
    );
    await until('the student is there', () => people.users.has('1001'));
    const terminal = rig.people.sync.terminal('terminal');
    const taken = terminal?.takeFinger({ user: '1001', fingerPosition: 2 }, NEVER);
    await until('the terminal waits for a finger', () => rig.terminal.beeps > 0);
    rig.terminal.touch('asha-right-index');
    const finger = await taken;
    expect(finger?.format).toBe(format);
    // Somebody else resets it; central hands the template back.
    people.forget();
    rig.people.keep({
      id: TEMPLATE,
      studentRef: '1001',
      fingerPosition: 2,
      ...(finger as NonNullable<typeof finger>),
    });
    await rig.people.inForce(['1001'], [TEMPLATE]);
    await until('the finger is in the terminal', () => people.fingers.has('1001/6'));
    rig.terminal.touch('asha-right-index');
    await until('it is recognized there', () => rig.kept.some((line) => line.startsWith('1001 ')));
    await rig.people.inForce(['1001'], []);
    await until('it is deleted', () => people.fingers.size === 0);
    expect(people.users.has('1001')).toBe(true);
  });

  it('have a finger that was taken at the keypad unasked deleted, and told of', async () => {
    const people = await start();
    await rig.people.inForce(['1001']);
    rig.terminal.start();
    await until('the student is there', () => people.users.has('1001'));
    await until(
      'the terminal has said its algorithm',
      () => rig.people.sync.terminal('terminal')?.fingerFormat !== undefined,
    );
    await runCommand(rig.terminal, 'enroll 1001 6 somebody');
    await until('it is deleted', () => people.fingers.size === 0 && rig.people.events.length === 1);
    expect(rig.people.events[0]).toMatchObject({
      type: 'terminal_finger_refused',
      student_ref: '1001',
      deletes: true,
    });
  });
});
