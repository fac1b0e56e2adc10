import { rollNumber } from '../../seed/test-campus.js';
import type { WriteStory } from './write-story.test-support.js';

/** For tests: an office makes, changes and removes one of each master. */
const MASTERS: readonly [path: string, id: string, body: object, change: object][] = [
  ['departments', 'cse', { id: 'cse', campus: 'main', name: 'CSE' }, { name: 'CS & E' }],
  ['programmes', 'btech', { id: 'btech', department: 'cse', name: 'B.Tech' }, { name: 'B.Tech (CSE)' }],
  [
    'academic-years',
    '2026-27',
    { id: '2026-27', campus: 'main', name: '26-27', starts_on: '2026-07-01', ends_on: '2027-06-30' },
    { name: '2026-2027' },
  ],
  [
    'academic-periods',
    '2026-even',
    {
      id: '2026-even',
      campus: 'main',
      academic_year: '2026-27',
      name: '2026 even',
      semester: 'even',
      starts_on: '2027-01-04',
      ends_on: '2027-05-31',
    },
    { name: 'Even' },
  ],
  ['buildings', 'block-n', { id: 'block-n', campus: 'main', name: 'New block' }, { name: 'Newest block' }],
  [
    'building-walks',
    'block-a/block-n',
    { building_a: 'block-a', building_b: 'block-n', minutes: 7 },
    { minutes: 9 },
  ],
  ['rooms', 'n101', { id: 'n101', building: 'block-n', name: 'N101' }, { capacity: 60 }],
  ['courses', 'CS401', { code: 'CS401', title: 'Compilers', department: 'cse' }, { credits: 3 }],
  ['sections', 'cse-b', { id: 'cse-b', name: 'CSE-B', department: 'cse' }, { year_of_study: 3 }],
  ['batches', 'cse-b1', { id: 'cse-b1', name: 'B1', section: 'cse-b' }, { name: 'Batch 1' }],
  ['faculty', 'F900', { code: 'F900', name: 'Dr Lakshmi' }, { name: 'Dr Lakshmi Devi' }],
  ['gateways', 'gw-n', { id: 'gw-n', building: 'block-n', name: 'New block' }, { name: 'Newest block' }],
  [
    'biometric-devices',
    'gw-n/c1',
    { gateway: 'gw-n', id: 'c1', name: 'Cards', type: 'rfid', driver: 'rdm6300', room: 'n101' },
    { name: 'Cards at the door' },
  ],
];

export async function writeMasters(story: WriteStory): Promise<void> {
  for (const [path, id, body, change] of MASTERS) {
    await story.write('POST', `/${path}/`, body);
    await story.write('PATCH', `/${path}/${id}/`, change);
  }
  await story.write('PATCH', '/campuses/main/', { name: 'The campus' });
  await story.write('POST', '/academic-periods/2026-even/set-current/', {});
  await story.write('POST', '/academic-periods/2026-odd/set-current/', {});
  const key = await story.write('POST', '/gateways/gw-n/keys/', {
    public_key: Buffer.alloc(32, 9).toString('base64'),
  });
  await story.write('DELETE', `/gateways/gw-n/keys/${key.key_id}/`);
  await story.write('POST', '/gateways/gw-n/password/');
}

export async function removeMasters(story: WriteStory): Promise<void> {
  await story.write('POST', '/gateways/', { id: 'gw-o', building: 'block-n', name: 'Never used' });
  await story.write('DELETE', '/gateways/gw-o/');
  // The gateway of the story has had a key: who it was stays known.
  for (const [path, id] of MASTERS.toReversed().filter(([path]) => path !== 'gateways')) {
    if (!['buildings', 'academic-periods', 'academic-years'].includes(path))
      await story.write('DELETE', `/${path}/${id}/`);
  }
  for (const [path, id] of [
    ['academic-periods', '2026-even'],
    ['academic-years', '2026-27'],
  ])
    await story.write('DELETE', `/${path}/${id}/`);
  await story.write('POST', '/buildings/', { id: 'block-o', campus: 'main', name: 'Never used' });
  await story.write('DELETE', '/buildings/block-o/');
}

const reason = 'at the counter';

export async function writePeople(story: WriteStory): Promise<void> {
  const student = await story.write('POST', '/students/', { roll_number: '24B81A0599', name: 'New' });
  await story.write('PATCH', `/students/${student.id}/`, { name: 'Newest' });
  const guardian = await story.write('POST', '/guardians/', { name: 'Parent' });
  await story.write('PATCH', `/guardians/${guardian.id}/`, { name: 'Mother' });
  const joined = await story.write('POST', '/roster-memberships/', {
    section: 'cse-a',
    student: student.id,
    valid_from: '2026-07-01',
    reason,
  });
  await story.server.db.knex('section').insert({ id: 'elsewhere', name: 'Elsewhere' });
  const moved = await story.write('POST', `/roster-memberships/${joined.id}/move/`, {
    section: 'elsewhere',
    from: '2026-07-10',
    reason,
  });
  await story.write('POST', `/roster-memberships/${moved.joined.id}/leave/`, {
    valid_until: '2026-07-20',
    reason,
  });
  const wrong = await story.write('POST', '/roster-memberships/', {
    section: 'cse-b',
    student: student.id,
    valid_from: '2026-09-01',
    reason,
  });
  await story.write('DELETE', `/roster-memberships/${wrong.id}/`);
  const never = await story.write('POST', '/students/', { roll_number: '24B81A0598', name: 'By mistake' });
  await story.write('DELETE', `/students/${never.id}/`);
  await story.write('DELETE', `/guardians/${guardian.id}/`);
  await writeCredentials(story);
  await writeAccounts(story);
}

/** Credits of an examination, and a student who is away for a while. */
export async function writeCreditsAndStatuses(story: WriteStory): Promise<void> {
  const branch = story.as('exam_branch');
  const credit = {
    academic_period: '2026-odd',
    kind: 'midterm',
    course: 'CS301',
    exam_date: '2026-08-20',
    roll_numbers: [rollNumber(0)],
    reason: 'attendance sheet of hall 3',
  };
  await branch('POST', '/attendance-credits/', credit);
  await branch('POST', '/attendance-credits/take-back/', credit);
  const away = { status: 'suspended_disciplinary', valid_from: '2026-09-01', reason };
  const student = story.ids[rollNumber(4)];
  const period = await story.write('POST', '/student-statuses/', { student, ...away });
  await story.write('POST', `/student-statuses/${period.id}/end/`, { valid_until: '2026-09-10', reason });
  await story.write('POST', `/student-statuses/${period.id}/withdraw/`, { reason });
}

async function writeCredentials(story: WriteStory): Promise<void> {
  const student = story.ids[rollNumber(3)] as string;
  let { credential } = await story.write('POST', '/credentials/', {
    student,
    card: 'em4100:0F00ABCDEF',
    reason,
  });
  for (const action of ['block', 'report-lost', 'restore', 'return']) {
    story.server.clock.stepWall(1_000);
    ({ credential } = await story.write('POST', `/credentials/${credential.id}/${action}/`, { reason }));
  }
  await story.write('POST', '/credentials/pin/', { student, reason });
  await story.write('POST', '/credentials/interpret/', { printed: '0040856634' });
}

async function writeAccounts(story: WriteStory): Promise<void> {
  const { account } = await story.write('POST', '/accounts/', { login: 'clerk', name: 'Clerk' });
  await story.write('PATCH', `/accounts/${account.id}/`, { name: 'First clerk' });
  await story.write('POST', `/accounts/${account.id}/password/`);
  const granted = await story.write('POST', `/accounts/${account.id}/roles/`, { role: 'auditor' });
  await story.write('POST', `/accounts/${account.id}/roles/${granted.roles[0].id}/end/`, {});
}

export async function writeSignIns(story: WriteStory, password: string): Promise<void> {
  const auth = '/api/v1/auth';
  const login = async (): Promise<{ access_token: string; refresh_token: string }> =>
    story.write('POST', `${auth}/login/`, { login: 'signs-in', password, cookies: false }, {});
  const { refresh_token } = await login();
  const bearer = ({ access_token }: { access_token: string }) => ({
    authorization: `Bearer ${access_token}`,
  });
  const renewed = await story.write('POST', `${auth}/refresh/`, { refresh_token }, {});
  await story.write('POST', `${auth}/logout/`, {}, bearer(renewed));
  const next = `${password} more`;
  const change = { current_password: password, new_password: next };
  const changed = await story.write('POST', `${auth}/change-password/`, change, bearer(await login()));
  await story.write('POST', `${auth}/logout-all/`, {}, bearer(changed));
}
