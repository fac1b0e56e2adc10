import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgePairs } from './judge-pairs.js';
import { RuleCampus } from './rule-campus.js';

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
afterAll(() => campus?.close());

it('a pair is judged also where its ids are written in capitals', async () => {
  campus.nextDay();
  const sessionId = await campus.hold({ from: '10:00', until: '10:50' });
  await campus.tap('10:01');
  const studentId = await campus.studentId(0);
  await campus.db.knex('attendance_record').where({ session_id: sessionId }).update({ mark: 'pending' });
  const changed = await campus.db.knex.transaction((trx) =>
    judgePairs(
      trx,
      [{ sessionId: sessionId.toUpperCase(), studentId: studentId.toUpperCase() }],
      campus.clock.wallMs(),
    ),
  );
  expect(changed).toMatchObject([{ sessionId, studentId, mark: 'present' }]);
});
