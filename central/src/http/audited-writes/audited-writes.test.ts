import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPassword } from '../../auth/password.js';
import type { Route } from '../route.js';
import { jsonSchema, nameOf } from '../test-requests.js';
import { API, TestServer } from '../test-server.js';
import {
  removeMasters,
  writeCreditsAndStatuses,
  writeMasters,
  writePeople,
  writeSignIns,
} from './write-campus.test-support.js';
import {
  writeCalendar,
  writeClasses,
  writeConfirmation,
  writeCorrections,
  writeGuest,
  writeLeave,
  writeMarks,
} from './write-classes.test-support.js';
import { writeFingers, writeGateways, writeItems, writePhones } from './write-devices.test-support.js';
import { expectWhole, WRITES, WriteStory } from './write-story.test-support.js';

const PASSWORD = 'a long and quiet evening';

/** Writes by their method that leave no row, each with the reason. */
const WITHOUT_A_ROW: Readonly<Record<string, string>> = {
  [`POST ${API}/sessions/makeup-preview/`]: 'asks, and changes nothing',
  [`POST ${API}/holidays/preview/`]: 'asks, and changes nothing',
  [`POST ${API}/credentials/interpret/`]: 'asks what a printed number means',
  [`POST ${API}/webhooks/biometric/`]: 'refuses everybody (410)',
  [`POST ${API}/notifications/{id}/read/`]:
    'the own mailbox: what somebody has read is nobody else’s business',
  [`POST ${API}/notifications/read-all/`]: 'the own mailbox',
  'POST /api/v1/auth/refresh/': 'goes on with a sign-in that has its row; one that is replayed has a row',
};

let server: TestServer;
let story: WriteStory;
let session: string;

beforeAll(async () => {
  server = await TestServer.start();
  story = new WriteStory(server);
  const { knex } = server.db;
  for (const row of await knex('student').select('id', 'roll_number')) story.ids[row.roll_number] = row.id;
  await knex('faculty').insert({ code: 'F002', full_name: 'Dr Iyer' });
  session = (await server.sessionOf('CS301')).id;
  await knex('account').insert({
    login: 'signs-in',
    display_name: 'Signs in',
    password_hash: await hashPassword(PASSWORD),
  });
  await server.tokenOf('student', { student: rollOf(0) });
  await knex('account')
    .whereNotNull('student_id')
    .update({ password_hash: await hashPassword(PASSWORD) });
});
afterAll(() => server?.stop());

const rollOf = (index: number): string => `24B81A0${501 + index}`;

/** In the order of a college: each part stands on those before it. */
const PARTS: readonly (readonly [string, () => Promise<void>])[] = [
  ['masters', () => writeMasters(story)],
  ['people, cards and accounts', () => writePeople(story)],
  ['credits and absences of students', () => writeCreditsAndStatuses(story)],
  ['the calendar', () => writeCalendar(story)],
  ['marks', () => writeMarks(story, session)],
  ['phones', () => writePhones(story, PASSWORD)],
  ['corrections', () => writeCorrections(story, session)],
  ['leave', () => writeLeave(story)],
  ['class sessions', () => writeClasses(story)],
  ['guests', () => writeGuest(story)],
  ['fingers', () => writeFingers(story)],
  ['items', () => writeItems(story, session)],
  ['gateways', () => writeGateways(story)],
  ['a class to which nobody came', () => writeConfirmation(story)],
  ['masters that go', () => removeMasters(story)],
  ['signing in', () => writeSignIns(story, PASSWORD)],
];

it.each(
  PARTS,
)('case 158: writes about %s succeed over HTTP, and a reason that is given stands in the audit', (_what, write) =>
  write());

it('case 158: every write route there is was used, or is named with the reason why it leaves no row', () => {
  const left = WRITES.map(nameOf).filter((name) => !story.rows.has(name) && !(name in WITHOUT_A_ROW));
  expect(left, 'a new write is sent in one of the parts above').toEqual([]);
  const known = new Set(WRITES.map(nameOf));
  expect(Object.keys(WITHOUT_A_ROW).filter((name) => !known.has(name))).toEqual([]);
});

it('case 158: each of them left an audit row with who, from where, with what, before or after', () => {
  const wrong: string[] = [];
  for (const [name, rows] of story.rows) {
    if (name in WITHOUT_A_ROW) continue;
    try {
      expectWhole(name, rows);
    } catch (error) {
      wrong.push((error as Error).message.split('\n')[0] as string);
    }
  }
  expect(wrong).toEqual([]);
});

/** Where a person decides about marks against what there is, or about what they rest on. */
const DECIDES = [
  `POST ${API}/records/`,
  `PATCH ${API}/records/{id}/`,
  `DELETE ${API}/records/{id}/`,
  `POST ${API}/sessions/{id}/offline-review/`,
  `POST ${API}/sessions/{id}/guests/`,
  `POST ${API}/sessions/{id}/finalize/`,
  `POST ${API}/sessions/{id}/unlock/`,
  `POST ${API}/correction-requests/`,
  `POST ${API}/exception-items/{id}/resolve/`,
  `POST ${API}/review-batches/{id}/decide/`,
  `POST ${API}/gateways/{id}/clock-offsets/`,
  `POST ${API}/gateways/{id}/boots/{boot}/place/`,
];

it('case 158: what decides about marks is refused without a reason', async () => {
  for (const name of DECIDES) {
    const route = WRITES.find((one) => nameOf(one) === name) as Route;
    expect(jsonSchema(route.contract.body as never).required, name).toContain('reason');
  }
  for (const path of [`/sessions/${session}/recompute/`, '/recompute/preview/']) {
    const range = path.startsWith('/recompute') ? { start_date: '2026-07-07', end_date: '2026-07-07' } : {};
    const refused = await server.post(`${API}${path}`, { ...range, apply: true });
    expect([refused.status, refused.body.code]).toEqual([400, 'REASON_MISSING']);
    expect((await server.post(`${API}${path}`, range)).status).toBe(200);
  }
});

it('changes nothing where it says that it only asks', async () => {
  for (const [name, rows] of story.rows) if (name in WITHOUT_A_ROW) expect(rows, name).toEqual([]);
});
