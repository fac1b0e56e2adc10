import { afterAll, beforeAll, expect, it } from 'vitest';
import { ANONYMOUS, type Principal } from '../auth/principal.js';
import { rollNumber } from '../seed/test-campus.js';
import { createAudience } from './live-audience.js';
import type { LiveEvent } from './live-feed.js';
import { TestServer } from './test-server.js';

let server: TestServer;
let somebody: Principal;
beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  const idOf = async (index: number): Promise<string> =>
    (
      await knex('student')
        .where({ roll_number: rollNumber(index) })
        .first('id')
    ).id;
  const [guardian] = await knex('guardian').insert({ full_name: 'Elder sister' }).returning('id');
  await knex('guardianship').insert({ guardian_id: guardian.id, student_id: await idOf(1) });
  somebody = { ...ANONYMOUS, studentId: await idOf(0), guardianId: guardian.id };
});
afterAll(() => server?.stop());

/** Of which students somebody with these roles is told the marks, and of which the punches. */
async function told(...roles: ('student' | 'guardian')[]): Promise<[marks: number[], punches: number[]]> {
  const grants = roles.map((role) => ({ role, departmentId: null, sectionId: null }));
  const audience = await createAudience({
    knex: server.db.knex,
    clock: server.options.clock,
    principal: { ...somebody, grants },
  });
  const seen = (name: 'record' | 'punch'): number[] =>
    [0, 1, 2].filter((index) =>
      audience.sees({ name, data: { student: { roll_number: rollNumber(index) } } } as never as LiveEvent),
    );
  return [seen('record'), seen('punch')];
}

it('case 157: who is student and guardian is told the own punches, and of the child the marks only', async () => {
  expect(await told('student', 'guardian')).toEqual([[0, 1], [0]]);
  expect(await told('guardian')).toEqual([[1], []]);
  expect(await told('student')).toEqual([[0], [0]]);
});
