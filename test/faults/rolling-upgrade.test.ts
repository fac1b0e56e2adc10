import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { commitRows } from '@rollcall/central/ingest/commit-rows';
import { createUuidV7Generator } from '@rollcall/protocol/uuid-v7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus, classIsOpen } from '../support/campus.js';
import { hashesOf } from '../support/cards.js';
import { CentralUnderTest } from '../support/central-process.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { startAedes } from '../support/test-broker.js';
import { until } from '../support/until.js';

const TAPS = 4;
/** As a migration of a later version leaves it that central can run beside (ADR 61). */
const LATER = `
  ALTER TABLE punch ADD COLUMN later_note text;
  ALTER TABLE attendance_session ADD COLUMN later_count integer NOT NULL DEFAULT 0;
  ALTER TABLE attendance_record ADD COLUMN later_note text;
  CREATE TABLE later_thing (student_id uuid NOT NULL REFERENCES student ON DELETE CASCADE);
  INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('9999_later.sql', 99, now())`;

describe('replicas that are replaced one after the other while a class taps', () => {
  let campus: Campus;
  let second: CentralUnderTest;
  beforeAll(async () => {
    const broker = await startAedes();
    campus = await Campus.start({ broker });
    second = new CentralUnderTest({
      name: 'the second central',
      dataDir: join(campus.directory, 'central'),
      databaseUrl: () => campus.database.url,
      mqttUrl: () => `mqtt://127.0.0.1:${broker.port}`,
    });
    second.launch();
    await classIsOpen(campus);
  });
  afterAll(async () => {
    await second?.stop();
    await campus?.stop();
  });

  async function tapMany(): Promise<void> {
    for (let tap = 0; tap < TAPS; tap++) expect(await campus.tapNewCard()).toBe('green');
  }

  it('case 163: no tap is lost, whoever of them has migrated, and no class session is opened twice', async () => {
    await tapMany();
    await campus.drained();
    await campus.database.rows(LATER);
    await tapMany();
    await campus.drained();
    // One that starts finds a schema that is further than it is itself.
    await campus.central.stop();
    await tapMany();
    await campus.central.start();
    await second.stop();
    await tapMany();
    await expectGreensArePunches(campus);
    const opened = await campus.database.rows<{ n: number }>(
      `SELECT count(*)::int AS n FROM attendance_audit_log
       WHERE entity_type = 'attendance_session' AND after->>'status' = 'open' GROUP BY session_id`,
    );
    expect(opened).toEqual([{ n: 1 }]);
  });

  it('case 163: what the older one put into quarantine is a punch and a mark once the newer one has started', async () => {
    const [student] = campus.students;
    if (student === undefined) throw new Error('the campus has no student');
    await campus.central.stop();
    const storeId = randomUUID();
    const seq = 1;
    const body = { ...punchOf(campus, student.uid), seq };
    const row = {
      gatewayId: campus.gateway.id,
      storeId,
      seq,
      body,
      kind: 'poison',
      sentAs: 'punch',
    } as const;
    const older = { code: 'ROW_INVALID', problem: '(document): Unrecognized key' } as const;
    await campus.database.write((db) => commitRows(db, [{ ...row, ...older }], new Date()));
    await campus.central.start();
    await until('the row is a punch', async () =>
      (await campus.database.punches()).some((punch) => punch.storeId === storeId && punch.seq === seq),
    );
    await until('the student is marked', async () =>
      (await campus.database.marks()).some(
        ({ rollNumber, mark }) => rollNumber === student.rollNumber && ['present', 'late'].includes(mark),
      ),
    );
  });
});

function punchOf(campus: Campus, uid: string): Record<string, unknown> {
  const newPunchId = createUuidV7Generator({
    wallMs: () => Date.now(),
    randomUuid: randomUUID,
    after: undefined,
  });
  return {
    boot_id: randomUUID(),
    mono_ms: 1_000,
    occurred_at: new Date().toISOString(),
    clock_state: 'synced',
    punch_id: newPunchId(),
    device_id: 'line-r101',
    kind: 'card',
    credential: hashesOf(uid, 'line', campus.cardHashKey()),
  };
}
