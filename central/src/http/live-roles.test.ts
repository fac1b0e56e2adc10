import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type RoleId } from '../auth/roles.js';
import { ECE_STUDENT, type TwoDepartments, twoDepartments } from '../auth/two-departments.test-support.js';
import { rollNumber } from '../seed/test-campus.js';
import { API, type Body, TestServer } from './test-server.js';

/** More changes at once than a page is told one by one: everybody reads anew, whoever it is. */
const TOO_MANY_IDS = 1_500;

/**
 * What comes over the stream of each role, written by hand (domain A6, case 157): of a class of the own department and of
 * another one, of the own student and others, punches, the gateway, and an enrollment. Everything else must not come.
 */
const CSE_CLASS = 'session of CSE';
const ECE_CLASS = 'session of ECE';
const OWN_MARK = 'mark of 0';
const CSE_MARK = 'mark of 1';
const ECE_MARK = 'mark of ECE';
const OWN_PUNCH = 'punch of 0';
const CSE_PUNCH = 'punch of 1';
const ECE_PUNCH = 'punch of ECE';
const GATEWAY = 'gateway';
const ENROLLMENT = 'enrollment';
const CLASSES = [CSE_CLASS, ECE_CLASS];
const MARKS = [OWN_MARK, CSE_MARK, ECE_MARK];
const PUNCHES = [OWN_PUNCH, CSE_PUNCH, ECE_PUNCH];
const ALL_OF_CSE = [CSE_CLASS, OWN_MARK, CSE_MARK, OWN_PUNCH, CSE_PUNCH];

const RECEIVES: Readonly<Record<RoleId, readonly string[]>> = {
  admin: [...CLASSES, ...MARKS, ...PUNCHES, GATEWAY],
  dean: [...CLASSES, ...MARKS],
  coordinator: [...CLASSES, ...MARKS],
  hod: ALL_OF_CSE,
  principal: [...CLASSES, ...MARKS, ...PUNCHES, GATEWAY],
  exam_branch: CLASSES,
  faculty: ALL_OF_CSE,
  mentor: ALL_OF_CSE,
  student: [CSE_CLASS, OWN_MARK, OWN_PUNCH],
  guardian: [CSE_CLASS, OWN_MARK],
  lab_technician: [...CLASSES, GATEWAY],
  enrollment_officer: [ENROLLMENT],
  security_officer: [GATEWAY],
  dpo: [],
  auditor: [...CLASSES, ...MARKS, ...PUNCHES, GATEWAY],
  class_representative: [],
};

let server: TestServer;
let campus: TwoDepartments;
/** What each role was sent, until everybody was told to read anew. */
const received = new Map<RoleId, Promise<string[]>>();
let names: (name: string, data: Body) => string;
const abort = new AbortController();

beforeAll(async () => {
  server = await TestServer.start();
  campus = await twoDepartments(server);
  names = namesOf(campus);
  const enrollment = await storeEnrollment();
  const watching = new Map<RoleId, AsyncGenerator<[string, Body]>>();
  for (const role of ROLES) watching.set(role, await watch(role));
  await tell('session', [campus.cse, campus.ece]);
  await tell('record', await server.db.knex('attendance_record').pluck('id'));
  await tell('punch', await server.db.knex('punch').pluck('punch_id'));
  await tell('gateway', ['gw-a']);
  await tell('enrollment', [enrollment]);
  // The last of them reaches the officer; whatever was to come to the others was sent before it.
  const seenByOfficer: string[] = [];
  for await (const [name, data] of watching.get('enrollment_officer') as AsyncGenerator<[string, Body]>) {
    seenByOfficer.push(names(name, data));
    if (name === 'enrollment') break;
  }
  received.set('enrollment_officer', Promise.resolve(seenByOfficer));
  const ids = Array.from({ length: TOO_MANY_IDS }, (_, index) => `none-${index}`);
  for (let start = 0; start < ids.length; start += 150) await tell('gateway', ids.slice(start, start + 150));
  for (const role of ROLES)
    if (role !== 'enrollment_officer') received.set(role, untilResync(watching.get(role) as never));
});
afterAll(async () => {
  abort.abort();
  await server?.stop();
});

const tell = (type: string, ids: readonly string[]): Promise<unknown> =>
  server.db.knex.raw("SELECT pg_notify('rollcall_live', ?)", [
    JSON.stringify({ type, ids, ...(type === 'record' ? { previous: ids.map(() => null) } : {}) }),
  ]);

async function watch(role: RoleId): Promise<AsyncGenerator<[string, Body]>> {
  const headers = await server.authorization(role, campus.people[role]);
  const response = await fetch(server.url(`${API}/stream/`), { headers, signal: abort.signal });
  expect([role, response.status]).toEqual([role, 200]);
  return eventsOf(response.body as ReadableStream<Uint8Array>);
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<[string, Body]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data:(.*)$/m.exec(block)?.[1];
      const name = /^event:(.*)$/m.exec(block)?.[1]?.trim() ?? '';
      if (data !== undefined && name !== 'ping') yield [name, JSON.parse(data)];
    }
  }
}

async function untilResync(events: AsyncGenerator<[string, Body]>): Promise<string[]> {
  const seen: string[] = [];
  for await (const [name, data] of events) {
    if (name === 'resync') break;
    seen.push(names(name, data));
  }
  return seen;
}

const namesOf =
  ({ cse, ece }: TwoDepartments) =>
  (name: string, data: Body): string => {
    const roll: string | undefined = data.student?.roll_number;
    if (name === 'session')
      return `session of ${{ [cse]: 'CSE', [ece]: 'ECE' }[data.id as string] ?? 'another'}`;
    if (name !== 'record' && name !== 'punch') return name;
    const whose = roll === ECE_STUDENT ? 'ECE' : [0, 1, 2, 3, 4].find((index) => rollNumber(index) === roll);
    return `${name === 'record' ? 'mark' : 'punch'} of ${whose}`;
  };

async function storeEnrollment(): Promise<string> {
  const { knex } = server.db;
  const student = await knex('student')
    .where({ roll_number: rollNumber(0) })
    .first('id');
  const at = new Date(server.clock.wallMs());
  const [consent] = await knex('consent')
    .insert({
      student_id: student.id,
      purpose: 'fingerprint',
      actor: 'self',
      channel: 'office',
      notice_version: '2026-1',
      notice_sha256: Buffer.alloc(32),
      granted_at: at,
    })
    .returning('id');
  const [row] = await knex('enrollment')
    .insert({
      student_id: student.id,
      consent_id: consent.id,
      gateway_id: 'gw-a',
      device_id: 'f101',
      fingers: [2],
      state: 'running',
      requested_at: at,
      started_at: at,
      expires_at: new Date(at.getTime() + 600_000),
    })
    .returning('id');
  return row.id;
}

describe('the stream of each role', () => {
  it.each(ROLES)('case 157: %s is sent what it may see, and nothing else', async (role) => {
    const others = /(mark|punch) of [234]/;
    const seen = new Set((await received.get(role)) ?? []);
    const isWide = RECEIVES[role].includes(CSE_MARK);
    const named = [...seen].filter((name) => !(isWide && others.test(name)));
    expect(named.toSorted()).toEqual([...RECEIVES[role]].toSorted());
  });
});
