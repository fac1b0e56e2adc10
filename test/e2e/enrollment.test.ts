import { namedImpression } from '@rollcall/firmware-sim/fingers/named-finger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus, classIsOpen } from '../support/campus.js';
import { consentOf } from '../support/enroll-finger.js';
import { EventStream } from '../support/event-stream.js';
import { RunningProcess, runToEnd } from '../support/process.js';
import { COMMANDS } from '../support/root.js';
import { signIn } from '../support/sign-in.js';
import { until } from '../support/until.js';

/** Downloading a picture at 115200 baud takes 3.2 s of a real module, and most of this file is pictures. */
const SPEED = 8;
const R307 = {
  driver: 'ef01' as const,
  profile: 'r307',
  room: 'r101',
  lights: 'lights',
  baud: 115_200,
  speed: SPEED,
  options: { match: 'gateway', baud: 115_200 },
};
const GATEWAY = {
  id: 'gw-block-a',
  readers: [
    { id: 'lights', driver: 'line' as const, room: 'r101' },
    { id: 'office', ...R307 },
    { id: 'door', driver: 'ef01' as const, profile: 'r503', room: 'r101', speed: SPEED },
  ],
};
const FINGERS = ['asha-right', 'asha-left', 'meena-right', 'ravi-right'];
/** Three pictures of each of two fingers, some of them twice. */
const SESSION_MS = 170_000;

interface Enrollment {
  id: string;
  state: string;
  code: string | null;
  prompt: { step: string; finger_position: number | null } | null;
  captures: { finger_position: number; impression: number | null; quality: number | null }[];
  templates: { id: string; finger_position: number }[];
}

/** One after the other, on one campus. */
describe('enrolling fingers at a scanner', () => {
  let campus: Campus;
  let ids: string[];
  let stream: EventStream;

  beforeAll(async () => {
    // Grown before a module has to send pictures of them: growing takes longer than it may be silent.
    for (const finger of FINGERS) namedImpression(finger, 1, { width: 256, height: 288, dpi: 500 });
    campus = await Campus.start({ gateways: [GATEWAY] });
    await isReady(1);
    await classIsOpen(campus);
    await campus.database.rows(
      `INSERT INTO account_role (account_id, role, valid_from)
       SELECT id, role, to_timestamp(0) FROM account, unnest(ARRAY['enrollment_officer', 'security_officer']) AS role`,
    );
    const rows = await campus.database.rows<{ id: string }>('SELECT id FROM student ORDER BY roll_number');
    ids = rows.map(({ id }) => id);
    for (const { rollNumber } of campus.students) await consentOf(campus, rollNumber);
    const url = `${campus.central.url}/api/v1/attendance/stream/`;
    stream = await EventStream.open(url, await signIn(campus.central.url));
  });
  afterAll(() => {
    stream?.close();
    return campus?.stop();
  });

  async function api<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(`${campus.central.url}/api/v1/attendance/${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(await signIn(campus.central.url)) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer as Body;
  }
  const start = (student: number, device: string, fingers: number[]): Promise<Enrollment> =>
    api('POST', 'enrollments/', { student: ids[student], gateway: 'gw-block-a', device, fingers });
  /** As the page of an officer follows it: what the stream told last. */
  const latest = (id: string): Enrollment | undefined =>
    stream.events
      .filter(({ name, data }) => name === 'enrollment' && (data as Enrollment).id === id)
      .map(({ data }) => data as Enrollment)
      .at(-1);
  const isReady = (times: number): Promise<true> =>
    until(
      'the scanner has answered',
      () => campus.gateway.process.timesSaid('device ready', 'office') >= times,
    );
  const endedEarly = (): number => campus.gateway.process.timesSaid('an enrollment ended early', 'office');
  const hasBegun = (id: string): Promise<true> =>
    until('it has begun', () => latest(id)?.prompt?.step === 'place');

  /** Does what the prompt says, with the fingers of these names, until it is over. */
  async function obey(id: string, device: string, fingers: Record<number, string>): Promise<Enrollment> {
    const scanner = campus.reader(device).device.fingers;
    return until(
      `the enrollment ${id} is over`,
      () => {
        const item = latest(id);
        const { step, finger_position: position } = item?.prompt ?? { step: '', finger_position: null };
        if (step !== 'place') scanner.remove();
        else if (position !== null && scanner.present === undefined) scanner.hold(fingers[position] ?? '');
        if (item === undefined || item.state === 'requested' || item.state === 'running') return undefined;
        scanner.remove();
        return item;
      },
      { deadlineMs: SESSION_MS, describe: () => campus.gateway.process.describe() },
    );
  }
  const fingerPunches = async (): Promise<string[]> => {
    await campus.drained();
    const rows = await campus.database.rows<{ student: string }>(
      `SELECT s.roll_number AS student FROM punch p JOIN student s ON s.id = p.student_id
        WHERE p.kind = 'finger' ORDER BY p.seq`,
    );
    return rows.map(({ student }) => student);
  };
  const isDeployed = (template: string): Promise<true> =>
    until('the gateway has the template', async () => {
      const where = `template_id = '${template}' AND state = 'acked'`;
      return (await campus.database.count('template_deployment', where)) === 1;
    });

  it(
    'takes two fingers from central’s API, tells each capture, and they are recognized at the door',
    async () => {
      const { id, state } = await start(0, 'office', [2, 7]);
      expect(state).toBe('requested');
      const item = await obey(id, 'office', { 2: 'asha-right', 7: 'asha-left' });
      expect(item).toMatchObject({ state: 'done', code: null });
      expect(item.templates.map(({ finger_position: position }) => position)).toEqual([2, 7]);
      // The last template travels faster than what was told before it.
      const isLastKept = (told?: Enrollment): boolean =>
        told?.prompt?.step === 'kept' && told.prompt.finger_position === 7;
      const whole = await until('every capture has come', async () => {
        const read = await api<Enrollment>('GET', `enrollments/${id}/`);
        return isLastKept(read) ? read : undefined;
      });
      const taken = whole.captures.filter(({ impression }) => impression !== null);
      expect(taken.map(({ finger_position: at, impression }) => [at, impression])).toEqual(
        expect.arrayContaining([
          [2, 1],
          [2, 3],
          [7, 1],
          [7, 3],
        ]),
      );
      for (const { quality } of taken) expect(quality).toBeGreaterThan(0);
      expect(whole).toMatchObject({ state: 'done', code: null, templates: item.templates });
      await until('the stream has told all of it', () => isLastKept(latest(id)));
      expect(latest(id)).toEqual(whole);
      // Nothing of all this was attendance.
      expect(await fingerPunches()).toEqual([]);
      await isDeployed(item.templates[0]?.id ?? '');
      await campus.gateway.process.line(
        ({ msg, ...facts }) =>
          msg === 'the fingers that can be compared are others' && facts['fingers'] === 2,
      );
      await campus.gateway.process.line('an enrollment is done');
      await campus.reader('office').idle();
      expect(await campus.reader('office').touch('asha-left')).toBe('green');
      expect(await fingerPunches()).toEqual([campus.students[0]?.rollNumber]);
    },
    2 * SESSION_MS,
  );

  it(
    'case 115: refuses a finger that somebody else has, and tells the security officer whose it is',
    async () => {
      const { id } = await start(1, 'office', [2]);
      const item = await obey(id, 'office', { 2: 'asha-right' });
      expect(item).toMatchObject({ state: 'failed', code: 'DUPLICATE_BIOMETRIC', templates: [] });
      const told = JSON.stringify(await api('GET', 'exception-items/'));
      expect(told).toContain('DUPLICATE_BIOMETRIC');
      expect(told).toContain(campus.students[0]?.rollNumber);
    },
    SESSION_MS,
  );

  it('ends when it is cancelled, and the scanner takes attendance again', async () => {
    const { id } = await start(1, 'office', [2]);
    await hasBegun(id);
    expect(await api('POST', `enrollments/${id}/cancel/`)).toMatchObject({ state: 'cancelled' });
    await until('the scanner is given back', () => endedEarly() === 2);
    await campus.reader('office').idle();
    const before = await fingerPunches();
    expect(await campus.reader('office').touch('asha-right')).toBe('green');
    expect(await fingerPunches()).toHaveLength(before.length + 1);
  });

  it('fails with the scanner’s cable', async () => {
    const { id } = await start(1, 'office', [2]);
    await hasBegun(id);
    await campus.reader('office').device.stop();
    await until('it has failed', () => latest(id)?.state === 'failed');
    expect(latest(id)?.code).toMatch(/^PORT_/);
    const before = campus.gateway.process.timesSaid('device ready', 'office');
    await campus.gateway.plug(campus.reader('office'));
    await isReady(before + 1);
  });

  it('fails with a gateway that was killed, as soon as it is back', async () => {
    const { id } = await start(1, 'office', [2]);
    await hasBegun(id);
    await campus.gateway.kill();
    await campus.gateway.start();
    await isReady(1);
    await until('it has failed', () => latest(id)?.code === 'ENROLLMENT_ABORTED');
  });

  it(
    'takes the template of a module that compares itself, for its own family of scanners',
    async () => {
      const { id } = await start(2, 'door', [3]);
      const item = await obey(id, 'door', { 3: 'ravi-right' });
      expect(item).toMatchObject({ state: 'done', code: null });
      const [template] = item.templates;
      await isDeployed(template?.id ?? '');
      await campus.gateway.process.line(
        ({ msg, ...facts }) =>
          msg === 'the slots of the scanner are those of the gallery' && facts['imported'] === 1,
      );
      await campus.reader('door').idle();
      expect(await campus.reader('door').touch('ravi-right')).toBe('green');
      expect((await fingerPunches()).at(-1)).toBe(campus.students[2]?.rollNumber);
    },
    SESSION_MS,
  );

  it(
    'is deleted everywhere on request, and each gateway says so',
    async () => {
      const path = `students/${ids[2]}/fingers/`;
      interface Fingers {
        fingers: { last_used_at: string | null; deployments: { gateway: string; state: string }[] }[];
        awaited: { gateway: string }[];
        last_recognized_at: string | null;
      }
      const before = await api<Fingers>('GET', path);
      expect(before.fingers[0]?.deployments).toEqual([{ gateway: 'gw-block-a', state: 'acked' }]);
      expect(before.last_recognized_at).not.toBeNull();
      expect(before.fingers[0]?.last_used_at).toBe(before.last_recognized_at);
      const after = await api<Fingers>('POST', `${path}delete/`, { reason: 'the student asked for it' });
      expect(after).toMatchObject({ fingers: [], awaited: [{ gateway: 'gw-block-a' }] });
      await until('the gateway has said that it is gone', async () => {
        return (await campus.database.count('template_deployment', "state = 'removing'")) === 0;
      });
      expect((await api<Fingers>('GET', path)).awaited).toEqual([]);
    },
    SESSION_MS,
  );

  it(
    'is done at the command line of a gateway that is stopped, with the consent as its ticket',
    async () => {
      const consent = await consentOf(campus, campus.students[3]?.rollNumber ?? '');
      const { configFile } = campus.gateway;
      const args = (reference: string): string[] => [
        ...[COMMANDS.gateway, 'finger', 'enroll', '--config', configFile, '--device', 'office'],
        ...['--student', campus.students[3]?.rollNumber ?? '', '--finger', '2', '--consent', reference],
      ];
      const refused = await runToEnd({ args: args(consent) });
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/STORE_LOCKED/)]);
      await campus.gateway.stop();
      const guessed = await runToEnd({ args: args('00000000-0000-4000-8000-000000000009') });
      expect([guessed.code, guessed.stderr]).toEqual([1, expect.stringMatching(/CONSENT_MISSING/)]);

      const command = new RunningProcess({ name: 'finger enroll', args: args(consent) });
      const scanner = campus.reader('office').device.fingers;
      await until(
        'the command has ended',
        () => {
          const last = command.text.at(-1) ?? '';
          if (!last.startsWith('Put the right index finger')) scanner.remove();
          else if (scanner.present === undefined) scanner.hold('meena-right');
          return command.exit;
        },
        { deadlineMs: SESSION_MS, describe: () => command.describe() },
      );
      scanner.remove();
      expect([command.exit?.code, command.text.at(-1)]).toEqual([0, expect.stringMatching(/is enrolled/)]);
      const { results } = await api<{ results: Enrollment[] }>('GET', `enrollments/?student=${ids[3]}`);
      expect(results[0]).toMatchObject({ state: 'done', templates: [{ finger_position: 2 }] });

      await campus.gateway.start();
      await isDeployed(results[0]?.templates[0]?.id ?? '');
      const list = await runToEnd({ args: [COMMANDS.gateway, 'finger', 'list', '--config', configFile] });
      expect(JSON.parse(list.stdout)).toMatchObject({
        templates: [{ finger_position: 2 }, { finger_position: 7 }, { finger_position: 2 }],
      });
    },
    SESSION_MS,
  );
});
