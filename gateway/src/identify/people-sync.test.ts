import { RollcallError } from '@rollcall/protocol/errors';
import type { GatewayEventDetail } from '@rollcall/protocol/gateway-event';
import { describe, expect, it } from 'vitest';
import type { ChangeOutcome, PeopleChange, TerminalPeople } from '../drivers/terminal-people.js';
import { silentLog } from '../log.js';
import { storeFixture } from '../store/store.fixture.js';
import { RosterGallery } from './finger-gallery.js';
import { PeopleSync } from './people-sync.js';
import { credential, rosterDocument } from './roster.fixture.js';
import { RosterStore } from './roster-store.js';
import { createTemplateSeal } from './template-seal.js';
import { TemplateStore } from './template-store.js';
import { TerminalBook } from './terminal-book.js';

const GATE = 'zk-gate';
const FORMAT = 'zk-finger-10';
const KEY = 'zk:SN1';

/** Does what it is told, as a terminal does. */
class FakeTerminal implements TerminalPeople {
  readonly identity: string = KEY;
  manages: TerminalPeople['manages'] = 'campus';
  deletesStrangers = false;
  fingerFormat: string | undefined = FORMAT;
  readonly users = new Set<string>();
  readonly fingers = new Map<string, string>();
  readonly told: string[] = [];
  readonly problems: (string | null)[] = [];
  answer: (change: PeopleChange) => ChangeOutcome | Error = () => ({ outcome: 'done' });

  userOf(ref: string): string | undefined {
    return ref.startsWith('s') ? ref.slice(1) : undefined;
  }
  async change(change: PeopleChange): Promise<ChangeOutcome> {
    const { user } = change;
    const finger = 'fingerPosition' in change ? `${user}/${change.fingerPosition}` : '';
    this.told.push(`${change.action} ${finger === '' ? user : finger}`);
    const answer = this.answer(change);
    if (answer instanceof Error) throw answer;
    if (answer.outcome === 'refused') return answer;
    if (change.action === 'know') this.users.add(user);
    if (change.action === 'put_finger') this.fingers.set(finger, String(Buffer.from(change.record)));
    if (change.action === 'remove_finger') this.fingers.delete(finger);
    if (change.action === 'remove_fingers') this.#removeFingers(user);
    if (change.action === 'remove') this.#remove(user);
    return answer;
  }
  async listUsers(): Promise<ChangeOutcome> {
    this.told.push('list');
    return { outcome: 'done' };
  }
  takeFinger(): Promise<never> {
    return Promise.reject(new Error('nobody enrolls here'));
  }
  tell(problem: string | null): void {
    this.problems.push(problem);
  }
  /** What it was told since the last time. */
  news(): string[] {
    return this.told.splice(0);
  }
  reset(): void {
    this.users.clear();
    this.fingers.clear();
  }
  #remove(user: string): void {
    this.users.delete(user);
    this.#removeFingers(user);
  }
  #removeFingers(user: string): void {
    for (const key of [...this.fingers.keys()]) if (key.startsWith(`${user}/`)) this.fingers.delete(key);
  }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const template = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Somebody has enrolled finger 2 of user 1 there; without a template central has not kept it. */
function enrollAt(sync: PeopleSync, templateId?: string): void {
  const there = sync.enrollAt(GATE);
  there?.taken('1', 2);
  if (templateId !== undefined) there?.kept('1', 2, templateId);
  there?.end();
}

async function fixture({ managed = [GATE], keepsFingers = true } = {}) {
  const { store, clock } = storeFixture();
  const roster = new RosterStore(store);
  const templates = new TemplateStore(store.db);
  const seal = createTemplateSeal(Buffer.alloc(32, 3));
  const gallery = new RosterGallery({ store: templates, seal: keepsFingers ? seal : undefined, roster });
  const book = new TerminalBook(store.db);
  const events: GatewayEventDetail[] = [];
  const open = () =>
    new PeopleSync({
      book,
      roster,
      templates,
      gallery,
      keepsFingers,
      managed,
      isOfTerminals: (format) => format === FORMAT,
      clock,
      log: silentLog,
      report: (detail) => events.push(detail),
      onChange: () => undefined,
    });
  const enroll = (n: number, student: string, position = 2): string => {
    const place = {
      template_id: template(n),
      student_ref: student,
      finger_position: position,
      format: FORMAT,
    };
    const sealed = seal.seal(Buffer.from(`finger ${n}`), place).toString('base64');
    templates.put([{ ...place, sealed }]);
    return place.template_id;
  };
  /** One that nobody can open. */
  const damage = (n: number, student: string): string => {
    const sealed = Buffer.alloc(80, 1).toString('base64');
    const place = { template_id: template(n), student_ref: student, finger_position: 2, format: FORMAT };
    templates.put([{ ...place, sealed }]);
    return place.template_id;
  };
  let version = 0;
  /** A roster of these students, with a class of some of them, and these templates. */
  const inForce = async (students: string[], listed: string[] = [], here: string[] = []): Promise<void> => {
    version += 1;
    const cards = Object.fromEntries(
      students.map((ref, at) => [ref, [credential(`em4100:00000000${at + 10}`)]]),
    );
    const at = '2026-07-07T04:00:00.000Z';
    const classes = [{ device_ids: ['x'], from: at, until: at, student_refs: here }];
    templates.keepOnly(new Set(listed));
    await roster.replace({ ...rosterDocument(version, cards), templates: listed, classes });
  };
  const isGone = (): boolean => !book.holdOthers(new Set(roster.templateIds));
  return { clock, book, open, enroll, damage, inForce, isGone, events, sync: open() };
}

describe('the users of a terminal', () => {
  it('follow the roster: those who come, those who go, and nobody twice', async () => {
    const { sync, inForce, open } = await fixture();
    await inForce(['s1', 's2', 'x9']);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    expect(terminal.news()).toEqual(['know 1', 'know 2']);
    await inForce(['s2', 's3']);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual(['remove 1', 'know 3']);
    // Another connection, and the gateway anew: what it has said it did is not told again.
    sync.of(GATE).reachable(undefined);
    const again = open();
    again.of(GATE).reachable(terminal);
    await settle();
    expect(terminal.news()).toEqual([]);
    expect(again.isBehind).toBe(false);
  });

  it('are those who have class in the building, until they leave the roster', async () => {
    const { sync, inForce } = await fixture();
    const terminal = new FakeTerminal();
    terminal.manages = 'classes';
    await inForce(['s1', 's2', 's3'], [], ['s2']);
    sync.of(GATE).reachable(terminal);
    await settle();
    await inForce(['s1', 's2', 's3'], [], ['s3']);
    sync.changed();
    await settle();
    expect([...terminal.users]).toEqual(['2', '3']);
    await inForce(['s1', 's3'], [], []);
    sync.changed();
    await settle();
    expect([...terminal.users]).toEqual(['3']);
  });

  it('that have neither a card nor a finger are put and deleted by people, while they have class at least', async () => {
    const { sync, inForce } = await fixture();
    const terminal = new FakeTerminal();
    terminal.manages = 'classes';
    terminal.deletesStrangers = true;
    await inForce(['s1'], [], ['s1', 's2']);
    const link = sync.of(GATE);
    link.reachable(terminal);
    link.userSeen({ user: '2', isAdministrator: false });
    await settle();
    await inForce(['s1'], [], []);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual(['list', 'know 1']);
  });

  it('are left alone where nobody manages them, and before a roster ever came', async () => {
    const { sync, inForce } = await fixture({ managed: [] });
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    terminal.manages = 'off';
    await inForce(['s1']);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual([]);
  });

  it('are told again where the terminal said nothing, from the one on that it did not confirm', async () => {
    const { sync, inForce, clock } = await fixture();
    await inForce(Array.from({ length: 45 }, (_, n) => `s${100 + n}`));
    const terminal = new FakeTerminal();
    terminal.answer = ({ user }) =>
      user === '130' ? new RollcallError('DEVICE_TIMEOUT', 'silent') : { outcome: 'done' };
    sync.of(GATE).reachable(terminal);
    await settle();
    expect(terminal.news()).toHaveLength(40);
    terminal.answer = () => ({ outcome: 'done' });
    clock.advance(60_000);
    await settle();
    expect(terminal.news()).toEqual(['know 130', 'know 140', 'know 141', 'know 142', 'know 143', 'know 144']);
  });

  it('that are refused are said with the reason, hold up nobody, and are tried again later', async () => {
    const { sync, inForce, clock } = await fixture();
    await inForce(['s1', 's2']);
    const terminal = new FakeTerminal();
    terminal.answer = ({ user }) =>
      user === '1' ? { outcome: 'refused', reason: '-1001: it is full' } : { outcome: 'done' };
    sync.of(GATE).reachable(terminal);
    await settle();
    expect([...terminal.users]).toEqual(['2']);
    expect(terminal.problems).toEqual([expect.stringContaining('-1001: it is full')]);
    terminal.answer = () => ({ outcome: 'done' });
    terminal.news();
    clock.advance(3_600_000);
    await settle();
    expect(terminal.news()).toEqual(['know 1']);
    expect(terminal.problems.at(-1)).toBeNull();
  });

  it('that are strangers stay, unless they are to go; its administrators and students never do', async () => {
    const { sync, inForce } = await fixture();
    await inForce(['s1', 's2'], [], ['s1']);
    const terminal = new FakeTerminal();
    terminal.manages = 'classes';
    const link = sync.of(GATE);
    link.reachable(terminal);
    link.userSeen({ user: '77', isAdministrator: false });
    await settle();
    expect(terminal.news()).toEqual(['know 1']);
    terminal.deletesStrangers = true;
    link.reachable(terminal);
    await settle();
    expect(terminal.news()).toEqual(['list', 'remove 77']);
    link.userSeen({ user: '88', isAdministrator: true });
    link.userSeen({ user: '2', isAdministrator: false });
    await settle();
    expect(terminal.news()).toEqual([]);
  });

  it('are sent again once the terminal was reset, or has fewer than it was given, and not for ever', async () => {
    const { sync, inForce } = await fixture();
    await inForce(['s1', 's2']);
    const terminal = new FakeTerminal();
    const link = sync.of(GATE);
    link.reachable(terminal);
    await settle();
    terminal.reset();
    link.forgotAll();
    await settle();
    expect([...terminal.users]).toEqual(['1', '2']);
    terminal.users.delete('2');
    link.counted({ users: 1, fingers: 0 });
    await settle();
    expect([...terminal.users]).toEqual(['1', '2']);
    terminal.news();
    link.counted({ users: 1, fingers: 0 });
    link.counted({ users: 2, fingers: 0 });
    await settle();
    expect(terminal.news()).toEqual([]);
  });

  it('that somebody put by hand stay, on the roster or not', async () => {
    const { sync, inForce } = await fixture();
    await inForce(['s1']);
    const terminal = new FakeTerminal();
    const link = sync.of(GATE);
    link.reachable(terminal);
    await settle();
    terminal.news();
    link.changedByHand({ action: 'put', user: '1', name: 'Asha' });
    link.changedByHand({ action: 'put', user: '500', name: 'Cleaner' });
    await settle();
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual([]);
  });

  it('that somebody removed by hand come back with the roster', async () => {
    const { sync, inForce } = await fixture();
    await inForce(['s1']);
    const terminal = new FakeTerminal();
    const link = sync.of(GATE);
    link.reachable(terminal);
    await settle();
    terminal.news();
    link.changedByHand({ action: 'remove', user: '1' });
    await settle();
    expect(terminal.news()).toEqual(['know 1']);
  });
});

describe('the fingers of a terminal', () => {
  it('case 97: are those of its users and its algorithm, and gone before the roster without them is acknowledged', async () => {
    const { sync, enroll, inForce, isGone } = await fixture();
    const [one, two] = [enroll(1, 's1'), enroll(2, 's2')];
    await inForce(['s1', 's2'], [one, two]);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    sync.changed();
    expect(sync.isBehind).toBe(true);
    await settle();
    expect([...terminal.fingers]).toEqual([
      ['1/2', 'finger 1'],
      ['2/2', 'finger 2'],
    ]);
    expect(sync.isBehind).toBe(false);
    await inForce(['s1', 's2'], [two]);
    terminal.answer = () => new RollcallError('DEVICE_TIMEOUT', 'silent');
    sync.changed();
    await settle();
    expect(isGone()).toBe(false);
    terminal.answer = () => ({ outcome: 'done' });
    sync.of(GATE).reachable(undefined);
    expect(isGone()).toBe(false);
    sync.of(GATE).reachable(terminal);
    await settle();
    expect(isGone()).toBe(true);
    expect([...terminal.fingers.keys()]).toEqual(['2/2']);
    expect([...terminal.users]).toEqual(['1', '2']);
  });

  it('are behind from the moment that something is new, and while the terminal was not given all', async () => {
    const { sync, enroll, inForce, damage } = await fixture();
    await inForce(['s1'], [enroll(1, 's1')]);
    const terminal = new FakeTerminal();
    terminal.fingerFormat = undefined;
    sync.of(GATE).reachable(terminal);
    sync.changed();
    await settle();
    expect(sync.isBehind).toBe(true);
    terminal.fingerFormat = FORMAT;
    sync.of(GATE).reachable(terminal);
    await settle();
    expect(sync.isBehind).toBe(false);
    await inForce(['s1', 's2'], [template(1), enroll(2, 's2')]);
    sync.changed();
    expect(sync.isBehind).toBe(true);
    await settle();
    expect(sync.isBehind).toBe(false);
    await inForce(['s1', 's2', 's3'], [template(1), template(2), damage(3, 's3')]);
    sync.changed();
    await settle();
    expect(sync.isBehind).toBe(true);
    expect([...terminal.fingers.keys()]).toEqual(['1/2', '2/2']);
  });

  it('go as soon as they are withdrawn, before the others who were to come', async () => {
    const { sync, enroll, inForce } = await fixture();
    await inForce(['s1'], [enroll(1, 's1')]);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    terminal.news();
    const many = Array.from({ length: 60 }, (_, n) => `s${100 + n}`);
    await inForce(['s1', ...many], [template(1)]);
    const isFirst = (change: PeopleChange): boolean => change.action === 'know' && change.user === '100';
    let withdrawn: Promise<void> | undefined;
    terminal.answer = (change) => {
      if (isFirst(change)) withdrawn = inForce(['s1', ...many], []).then(() => sync.changed());
      return { outcome: 'done' };
    };
    const change = terminal.change.bind(terminal);
    terminal.change = async (one) => {
      const outcome = await change(one);
      if (isFirst(one)) await withdrawn;
      return outcome;
    };
    sync.changed();
    await settle();
    await settle();
    const news = terminal.news();
    expect(news.indexOf('remove_finger 1/2')).toBe(20);
    expect(news).toHaveLength(61);
  });

  it('go with their user where the terminal deletes none alone, and the user comes back with the others', async () => {
    const { sync, enroll, inForce, isGone } = await fixture();
    const [one, two] = [enroll(1, 's1', 2), enroll(2, 's1', 7)];
    await inForce(['s1'], [one, two]);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    terminal.news();
    await inForce(['s1'], [two]);
    terminal.answer = ({ action }) =>
      action === 'remove_finger'
        ? { outcome: 'refused', reason: '-1002', isUnsupported: true }
        : { outcome: 'done' };
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual(['remove_finger 1/2', 'remove 1', 'know 1', 'put_finger 1/7']);
    expect(isGone()).toBe(true);
  });

  it('go alone from a terminal that was only busy: what else it has of the user stays', async () => {
    const { sync, enroll, inForce, isGone, clock } = await fixture();
    await inForce(['s1'], [enroll(1, 's1')]);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    await inForce(['s1'], []);
    terminal.news();
    terminal.answer = () => ({ outcome: 'refused', reason: '-1005: it is busy' });
    sync.changed();
    await settle();
    expect(isGone()).toBe(false);
    terminal.answer = () => ({ outcome: 'done' });
    clock.advance(3_600_000);
    await settle();
    expect(terminal.news()).toEqual(['remove_finger 1/2', 'remove_finger 1/2']);
    expect(isGone()).toBe(true);
  });

  it('that are enrolled anew take the place of the old ones', async () => {
    const { sync, enroll, inForce } = await fixture();
    const one = enroll(1, 's1');
    await inForce(['s1'], [one]);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    terminal.news();
    const two = enroll(2, 's1');
    await inForce(['s1'], [two]);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual(['remove_finger 1/2', 'put_finger 1/2']);
    expect([...terminal.fingers.values()]).toEqual(['finger 2']);
  });

  it('that were enrolled at the terminal are there already, and go when they are withdrawn, whoever manages it', async () => {
    const { sync, enroll, inForce, isGone } = await fixture({ managed: [] });
    const terminal = new FakeTerminal();
    terminal.manages = 'off';
    await inForce(['s1']);
    sync.of(GATE).reachable(terminal);
    enrollAt(sync, template(1));
    // No roster has it yet.
    sync.changed();
    await settle();
    await inForce(['s1'], [enroll(1, 's1')]);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual([]);
    await inForce(['s1'], []);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual(['remove_finger 1/2']);
    expect(isGone()).toBe(true);
  });

  it('of a user whom the gateway never put there go alone, and he stays', async () => {
    const { sync, inForce, book, isGone } = await fixture();
    book.putFinger(KEY, { userId: '9', fingerPosition: 2, templateId: template(1), isHeld: true });
    await inForce(['s1'], []);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    expect(terminal.news()).toEqual(['remove_finger 9/2', 'know 1']);
    expect(isGone()).toBe(true);
  });

  it('that were enrolled at a managed terminal stay with a user who has no card, and go with him', async () => {
    const { sync, enroll, inForce, isGone } = await fixture();
    const terminal = new FakeTerminal();
    await inForce([]);
    sync.of(GATE).reachable(terminal);
    const there = sync.enrollAt(GATE);
    there?.taken('1', 2);
    sync.changed();
    await settle();
    there?.kept('1', 2, template(1));
    there?.end();
    // No roster has it yet; then one lists it, and its template comes.
    sync.changed();
    await settle();
    await inForce([], [template(1)]);
    sync.changed();
    await settle();
    await inForce([], [enroll(1, 's1')]);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual([]);
    await inForce([], []);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual(['remove 1']);
    expect(isGone()).toBe(true);
  });

  it('go with the others of their user where the terminal deletes none alone and nobody manages it', async () => {
    const { sync, inForce, isGone } = await fixture({ managed: [] });
    const terminal = new FakeTerminal();
    terminal.manages = 'off';
    terminal.answer = ({ action }) =>
      action === 'remove_finger'
        ? { outcome: 'refused', reason: '-1002', isUnsupported: true }
        : { outcome: 'done' };
    await inForce(['s1']);
    sync.of(GATE).reachable(terminal);
    enrollAt(sync, template(1));
    await inForce(['s1'], [template(1)]);
    sync.changed();
    await settle();
    await inForce(['s1'], []);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual(['remove_finger 1/2', 'remove_fingers 1']);
    expect(isGone()).toBe(true);
    expect(terminal.problems.at(-1)).toBeNull();
  });

  it('that were taken in an enrollment and not kept are deleted, and left alone until it ends', async () => {
    const { sync, inForce } = await fixture({ managed: [] });
    const terminal = new FakeTerminal();
    terminal.manages = 'off';
    await inForce(['s1']);
    sync.of(GATE).reachable(terminal);
    const there = sync.enrollAt(GATE);
    there?.taken('1', 2);
    sync.changed();
    await settle();
    expect(terminal.news()).toEqual([]);
    there?.end();
    await settle();
    expect(terminal.news()).toEqual(['remove_finger 1/2']);
  });

  it.each([
    ['counts fewer', (sync: PeopleSync) => sync.of(GATE).counted({ users: 1, fingers: 1 })],
    ['says that it was reset', (sync: PeopleSync) => sync.of(GATE).forgotAll()],
  ])('that are to go are owed until their deletion is answered, although the terminal %s', async (_, lose) => {
    const { sync, enroll, inForce, isGone } = await fixture();
    await inForce(['s1', 's2'], [enroll(1, 's1'), enroll(2, 's2')]);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    await inForce(['s1', 's2'], [template(2)]);
    terminal.answer = () => ({ outcome: 'refused', reason: '-1005: it is busy' });
    sync.changed();
    await settle();
    lose(sync);
    await settle();
    expect(isGone()).toBe(false);
    terminal.answer = () => ({ outcome: 'done' });
    sync.changed();
    await settle();
    expect(isGone()).toBe(true);
    expect([...terminal.fingers.keys()]).toEqual(['2/2']);
  });

  it('that are to go are owed at a terminal that nobody manages, whatever it counts', async () => {
    const { sync, enroll, inForce, isGone } = await fixture({ managed: [] });
    const terminal = new FakeTerminal();
    terminal.manages = 'off';
    await inForce(['s1'], [enroll(1, 's1')]);
    sync.of(GATE).reachable(terminal);
    enrollAt(sync, template(1));
    await settle();
    sync.of(GATE).counted({ users: 1, fingers: 0 });
    await inForce(['s1'], []);
    sync.changed();
    expect(isGone()).toBe(false);
    await settle();
    expect(terminal.news()).toEqual(['remove_finger 1/2']);
    expect(isGone()).toBe(true);
  });

  it('stay as they are on a gateway that has lost its key', async () => {
    const { sync, inForce, book } = await fixture({ keepsFingers: false });
    book.putFinger(KEY, { userId: '1', fingerPosition: 2, templateId: template(1), isHeld: true });
    await inForce(['s1'], [template(1)]);
    const terminal = new FakeTerminal();
    sync.of(GATE).reachable(terminal);
    await settle();
    expect(terminal.news()).toEqual(['know 1']);
  });
});

describe('a finger that a terminal took unasked', () => {
  const brought = (user: string, record: string, studentRef?: string) => ({
    user,
    studentRef,
    fingerPosition: 2,
    format: 'zk-finger-10',
    record: Buffer.from(record),
  });

  it('is told once and kept nowhere; what it was given itself is no news', async () => {
    const { sync, enroll, inForce, events } = await fixture({ managed: [] });
    await inForce(['s1'], [enroll(1, 's1')]);
    const terminal = new FakeTerminal();
    terminal.manages = 'off';
    const link = sync.of(GATE);
    link.reachable(terminal);
    enrollAt(sync, template(1));
    link.fingerBrought(brought('1', 'finger 1', 's1'));
    expect(events).toEqual([]);
    link.fingerBrought(brought('99', 'a stranger'));
    link.fingerBrought(brought('99', 'a stranger'));
    link.fingerBrought(brought('1', 'another finger', 's1'));
    await settle();
    const told = { type: 'terminal_finger_refused', device_id: GATE, finger_position: 2, deletes: false };
    expect(events).toEqual([
      { ...told, user: '99', student_ref: null },
      { ...told, user: '1', student_ref: 's1' },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/stranger|another/);
    expect(terminal.news()).toEqual([]);
  });

  it('is undone at a terminal that is managed: deleted, or ours put in its place again', async () => {
    const { sync, enroll, inForce, events, isGone } = await fixture();
    await inForce(['s1', 's2'], [enroll(1, 's1')]);
    const terminal = new FakeTerminal();
    const link = sync.of(GATE);
    link.reachable(terminal);
    await settle();
    terminal.news();
    link.fingerBrought(brought('2', 'unasked', 's2'));
    link.fingerBrought(brought('1', 'in the place of ours', 's1'));
    await settle();
    expect(terminal.news().sort()).toEqual(['put_finger 1/2', 'remove_finger 2/2']);
    expect(events.map((event) => 'deletes' in event && event.deletes)).toEqual([true, true]);
    expect(isGone()).toBe(true);
    expect([...terminal.fingers.values()]).toEqual(['finger 1']);
  });

  it('is not told of more than twenty times an hour, whoever sends them', async () => {
    const { sync, events, clock } = await fixture({ managed: [] });
    const link = sync.of(GATE);
    link.reachable(new FakeTerminal());
    for (let n = 0; n < 50; n++) link.fingerBrought(brought(String(n), 'x'));
    expect(events).toHaveLength(20);
    clock.advance(3_600_000);
    link.fingerBrought(brought('1', 'x'));
    expect(events).toHaveLength(21);
  });
});
