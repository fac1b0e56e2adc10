import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Database, type Knex, openDatabase } from '../db/database.js';
import { applyDeviceHealth, applyDeviceStatus } from '../devices/device-status.js';
import { promoteClaims } from '../devices/watermark.js';
import { silentLog } from '../log.js';
import { change, FACTS_CHANGES, holdChangeable, type TwoClasses } from './facts-changes.test-support.js';
import { judgePairs } from './judge-pairs.js';
import { createSessionLoader, type LoadedSession, type LoadSessions, SESSIONS_SQL } from './load-sessions.js';
import { takenBack } from './preview-recompute.js';
import { RuleCampus } from './rule-campus.js';

let campus: RuleCampus;
let knex: Knex;
/** Another process with a pool of its own. */
let replica: Database;
let reads = 0;
let classes: TwoClasses;
beforeAll(async () => {
  campus = await RuleCampus.open();
  ({ knex } = campus.db);
  knex.on('query', ({ sql }: { sql: string }) => {
    if (sql === SESSIONS_SQL) reads += 1;
  });
  replica = await openDatabase({ url: campus.db.url, log: silentLog });
});
afterAll(async () => {
  await replica?.close();
  await campus?.close();
});
beforeEach(async () => {
  classes = await holdChangeable(campus);
  reads = 0;
});

async function load(loader: LoadSessions, trx: Knex = knex, id = classes.id): Promise<LoadedSession> {
  const session = (await loader(trx, [id])).get(id);
  if (session === undefined) throw new Error(`there is no class ${id}`);
  return session;
}

/** As PostgreSQL has it. */
const read = (trx: Knex = knex, id = classes.id) => load(createSessionLoader(), trx, id);

describe.each(FACTS_CHANGES.map((one) => [one.name, one] as const))('of a class: %s', (_name, {
  sql,
  trigger,
  undo,
}) => {
  it('is seen by the next who asks, whoever changed it', async () => {
    const [here, there] = [createSessionLoader(), createSessionLoader()];
    const before = await load(here);
    expect(await load(there, replica.knex)).toEqual(before);
    expect(await load(here)).toBe(before);
    expect(reads).toBe(1);
    await change(replica.knex, sql, classes);
    const after = await read();
    expect(after).not.toEqual(before);
    expect(await load(here)).toEqual(after);
    expect(await load(there, replica.knex)).toEqual(after);
    if (undo === undefined) return;
    await change(replica.knex, undo, classes);
    expect(await load(here)).toEqual(before);
  });

  it('would not be seen without its trigger', async () => {
    await takenBack(knex, async (trx) => {
      const { rows } = await trx.raw(
        'SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = ?',
        [trigger],
      );
      await trx.raw(`ALTER TABLE ${rows[0].name} DISABLE TRIGGER ${trigger}`);
      const loader = createSessionLoader();
      const before = await load(loader, trx);
      await change(trx, sql, classes);
      expect(await load(loader, trx)).toBe(before);
    });
  });

  it('is seen by who changes it, and by nobody when it is taken back', async () => {
    const loader = createSessionLoader();
    const before = await load(loader);
    await takenBack(knex, async (trx) => {
      await load(loader, trx);
      await change(trx, sql, classes);
      const changed = await read(trx);
      expect(changed).not.toEqual(before);
      expect(await load(loader, trx)).toEqual(changed);
      expect(await load(loader, replica.knex)).toEqual(before);
      expect(await load(loader, trx)).toEqual(changed);
    });
    expect(await load(loader)).toEqual(before);
    await knex.transaction(async (trx) => {
      await takenBack(trx, async (part) => {
        await change(part, sql, classes);
        expect(await load(loader, part)).not.toEqual(before);
      });
      expect(await load(loader, trx)).toEqual(before);
    });
  });
});

const TOLD_BY = [
  'renew_facts_token',
  'listed_of_session',
  'relisted_of_session',
  'guest_of_session',
  'renew_facts_epoch',
];

it('every column that is read has a trigger on it, but those that name a row for good', async () => {
  await takenBack(knex, async (trx) => {
    await trx.raw(`CREATE TEMP VIEW facts_read AS ${SESSIONS_SQL.replace('?::uuid[]', "'{}'::uuid[]")}`);
    const { rows } = await trx.raw<{ rows: { name: string }[] }>(
      `SELECT DISTINCT a.attrelid::regclass || '.' || a.attname AS name
       FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
         JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
       WHERE r.ev_class = 'facts_read'::regclass AND d.refclassid = 'pg_class'::regclass
         AND d.refobjid <> r.ev_class AND NOT EXISTS (
           SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
           WHERE t.tgrelid = a.attrelid AND p.proname = ANY(?)
             AND (cardinality(t.tgattr::int2[]) = 0 OR a.attnum = ANY(t.tgattr::int2[])))
       ORDER BY 1`,
      [TOLD_BY],
    );
    expect(rows.map(({ name }) => name)).toEqual([
      'academic_period.id',
      'campus.id',
      'facts_epoch.subject',
      'facts_epoch.token',
      'room.id',
    ]);
  });
});

it('every trigger that says so is among them', async () => {
  const { rows } = await knex.raw<{ rows: { name: string }[] }>(
    'SELECT t.tgname AS name FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = ANY(?)',
    [TOLD_BY],
  );
  expect(rows.map(({ name }) => name).sort()).toEqual(
    [...new Set(FACTS_CHANGES.map(({ trigger }) => trigger))].sort(),
  );
});

describe('kept facts of a class', () => {
  it('are another state after a change that was taken back and one that was not', async () => {
    const loader = createSessionLoader();
    const set = (trx: Knex, periods: number) =>
      trx('attendance_session').where({ id: classes.id }).update({ period_count: periods });
    await takenBack(knex, async (trx) => {
      await set(trx, 7);
      expect((await load(loader, trx)).periodCount).toBe(7);
    });
    await set(replica.knex, 8);
    expect((await load(loader)).periodCount).toBe(8);
    const place = (trx: Knex, values: object) =>
      trx('attendance_biometric_device').where({ device_id: 'x202' }).update(values);
    await takenBack(knex, async (trx) => {
      await place(trx, { direction: 'in' });
      expect((await load(loader, trx)).tracksExits).toBe(false);
    });
    await place(replica.knex, { device_type: 'face' });
    expect(await load(loader)).toMatchObject({ tracksExits: true, hasFingerReader: true });
  });

  it('are those of every class that is asked for, and none of what does not exist', async () => {
    const loader = createSessionLoader();
    await load(loader);
    const nobody = '00000000-0000-4000-8000-000000000000';
    const both = await loader(knex, [classes.other, nobody, classes.id]);
    expect([...both.keys()].sort()).toEqual([classes.id, classes.other].sort());
    expect(both.get(classes.other)?.policy).toBe(both.get(classes.id)?.policy);
    await knex.raw('DELETE FROM session_guest; DELETE FROM judgement_todo');
    await knex('attendance_session').where({ id: classes.other }).delete();
    expect([...(await loader(knex, [classes.other, classes.id])).keys()]).toEqual([classes.id]);
  });

  it('are read anew each time while the class has not opened, or without a token', async () => {
    const scheduled = await campus.hold({ from: '12:00', until: '12:50', status: 'scheduled' });
    const loader = createSessionLoader();
    for (const asked of [1, 2, 3]) {
      await load(loader, knex, scheduled);
      expect(reads).toBe(asked);
    }
    await takenBack(knex, async (trx) => {
      await trx('facts_epoch').where({ subject: 'holidays' }).delete();
      await load(loader, trx);
      await load(loader, trx);
      expect(reads).toBe(5);
    });
    await takenBack(knex, async (trx) => {
      await trx.raw('ALTER TABLE attendance_session DISABLE TRIGGER attendance_session_facts');
      await trx('attendance_session').where({ id: classes.id }).update({ facts_token: null });
      await load(loader, trx);
      await load(loader, trx);
      expect(reads).toBe(7);
    });
  });

  it('wait for a change of a class that opens meanwhile', async () => {
    const id = await campus.hold({ from: '12:00', until: '12:50', status: 'scheduled' });
    const loader = createSessionLoader();
    let opening: Promise<unknown> | undefined;
    await replica.knex.transaction(async (moving) => {
      await moving('session_room').insert({ session_id: id, room_id: 'r205' });
      opening = knex('attendance_session').where({ id }).update({ status: 'open' }).then();
      await vi.waitFor(async () => {
        const waiting = await knex('pg_stat_activity')
          .where({ wait_event_type: 'Lock' })
          .whereRaw('datname = current_database()');
        expect(waiting).toHaveLength(1);
      });
      await load(loader, knex, id);
    });
    await opening;
    expect((await load(loader, knex, id)).rooms.map(({ roomId }) => roomId)).toContain('r205');
  });

  it('cost nothing where a class is made: its row is written once, and again when it opens', async () => {
    await knex.transaction(async (trx) => {
      const { rows } = await trx.raw<{ rows: { id: string }[] }>(
        `INSERT INTO attendance_session (academic_period_id, section_id, course_code, faculty_code, room_id, scheduled_date,
           start_at, end_at, policy, reach_from, reach_until)
         SELECT academic_period_id, section_id, course_code, faculty_code, room_id, scheduled_date, start_at, end_at, policy,
           reach_from, reach_until
         FROM attendance_session WHERE id = ? RETURNING id`,
        [classes.id],
      );
      const id = rows[0]?.id;
      const token = () =>
        trx('attendance_session')
          .where('id', id ?? '')
          .first('facts_token', trx.raw('ctid::text'));
      const made = await token();
      await trx('session_room').insert({ session_id: id, room_id: 'r202' });
      expect(await token()).toEqual(made);
      await trx('attendance_session')
        .where('id', id ?? '')
        .update({ status: 'open' });
      const opened = await token();
      expect(opened).not.toEqual(made);
      await trx('session_room').insert({ session_id: id, room_id: 'r205' });
      expect(await token()).not.toEqual(opened);
    });
  });

  it('stay while devices report what they do', async () => {
    const loader = createSessionLoader();
    const before = await load(loader);
    const at = new Date(campus.clock.wallMs());
    await applyDeviceStatus(knex, {
      gatewayId: 'gw-a',
      status: { device_id: 'x202', state: 'ready', last_frame_at: at.toISOString() } as never,
      at,
    });
    await applyDeviceHealth(knex, {
      gatewayId: 'gw-a',
      devices: [
        { device_id: 'x202', state: 'degraded', problem: null, last_frame_at: at.toISOString() },
      ] as never,
      at,
    });
    const store = '00000000-0000-4000-8000-000000000001';
    await knex('gateway_store').insert({ gateway_id: 'gw-a', store_id: store }).onConflict().ignore();
    await knex('gateway_watermark_claim').insert({
      gateway_id: 'gw-a',
      store_id: store,
      head_seq: 0,
      as_of: at,
      devices: JSON.stringify({ x202: at.toISOString() }),
    });
    await promoteClaims(knex, ['gw-a']);
    const row = await knex('attendance_biometric_device').where({ device_id: 'x202' }).first();
    expect(row).toMatchObject({ status: 'error', complete_through: at, last_seen: at });
    expect(await load(loader)).toBe(before);
    expect(reads).toBe(1);
  });
});

describe('a mark', () => {
  const markAt = async (time: string, device: string) => {
    await campus.tap(time, { device });
    return campus.mark(classes.id);
  };

  it('is decided by the rooms and times that the class has by then (case 57)', async () => {
    expect(await markAt('10:01', 'c205')).toBe('absent NO_CAPTURE');
    await replica.knex('session_room').insert({ session_id: classes.id, room_id: 'r205' });
    expect(await markAt('10:02', 'c205')).toMatch(/^present /);
    const earlier = [campus.at('09:00'), campus.at('09:30')];
    await replica
      .knex('attendance_session')
      .where({ id: classes.id })
      .update({ start_at: earlier[0], reach_from: earlier[0], end_at: earlier[1] });
    expect(await markAt('10:03', 'c205')).not.toMatch(/^present /);
  });

  it('is decided in a preview by what the preview changes, and after it by what there is', async () => {
    expect(await markAt('10:01', 'c102')).toMatch(/^present /);
    const pair = { sessionId: classes.id, studentId: await campus.studentId() };
    await takenBack(knex, async (trx) => {
      await trx('session_room').where({ session_id: classes.id, room_id: 'r102' }).delete();
      expect(await judgePairs(trx, [pair], campus.clock.wallMs())).toMatchObject([{ mark: 'absent' }]);
    });
    expect(await knex.transaction((trx) => judgePairs(trx, [pair], campus.clock.wallMs()))).toEqual([]);
    expect(await campus.mark(classes.id)).toMatch(/^present /);
  });
});
