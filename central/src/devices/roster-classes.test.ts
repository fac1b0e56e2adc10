import { rosterDocumentSchema } from '@rollcall/protocol/roster';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RuleCampus } from '../marks/rule-campus.js';
import { rollNumber } from '../seed/test-campus.js';
import { buildRosters } from './roster.js';
import { readClasses } from './roster-classes.js';

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
beforeEach(() => campus.nextDay());
afterAll(() => campus.close());

const classes = (gatewayId = 'gw-a', time = '08:00') =>
  readClasses(campus.db.knex, gatewayId, campus.at(time));

describe('the classes of a roster', () => {
  it('say which devices see them, from the early opening to the close grace, and who is expected', async () => {
    await campus.hold({ from: '09:00', until: '09:50', room: 'r103', policy: { early_open_minutes: 15 } });
    const [held, ...more] = await classes();
    expect(more).toEqual([]);
    expect(held).toEqual({
      device_ids: ['in103', 'out103'],
      from: campus.at('08:45').toISOString(),
      until: campus.at('09:55').toISOString(),
      student_refs: expect.arrayContaining([rollNumber(0), rollNumber(5)]),
    });
  });

  it('are those of today and tomorrow that are held, in rooms of this gateway', async () => {
    await campus.hold({ from: '09:00', until: '09:50', status: 'cancelled' });
    await campus.hold({ from: '10:00', until: '10:50', daysLater: 1 });
    await campus.hold({ from: '11:00', until: '11:50', daysLater: 2 });
    expect((await classes()).map(({ from }) => from)).toEqual([campus.at('09:50', 1).toISOString()]);
    expect(await classes('gw-of-no-room')).toEqual([]);
    campus.nextDay();
    campus.nextDay();
    campus.nextDay();
  });

  it('are where they were moved to', async () => {
    const id = await campus.hold({ from: '09:00', until: '09:50', room: 'r104' });
    const { knex } = campus.db;
    await knex('session_room')
      .where({ session_id: id })
      .update({ valid_during: knex.raw('tstzrange(NULL, ?)', [campus.at('08:00')]) });
    await knex('session_room').insert({
      session_id: id,
      room_id: 'r202',
      valid_during: knex.raw('tstzrange(?, NULL)', [campus.at('08:00')]),
    });
    expect((await classes()).map(({ device_ids }) => device_ids)).toEqual([['c202']]);
  });

  it('are part of the document, which is new only when they change', async () => {
    await campus.hold({ from: '09:00', until: '09:50' });
    const publish = async () => (await buildRosters(campus.db, campus.at('08:00')))[0]?.pointer;
    const first = await publish();
    expect(await publish()).toEqual(first);
    const stored = await campus.db.knex('gateway_roster').where({ version: first?.version }).first();
    const document = rosterDocumentSchema.parse(JSON.parse(stored.document.toString()));
    expect(document.classes).toEqual(await classes());
    await campus.hold({ from: '14:00', until: '14:50' });
    expect((await publish())?.version).toBeGreaterThan(first?.version ?? 0);
  });
});
