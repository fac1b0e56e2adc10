import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditKeys } from '../audit/audit-keys.js';
import { Life, lifeStep } from '../http/life.test-support.js';
import { LifeCampus } from '../http/life-campus.test-support.js';
import { ROUTES } from '../http/routes.js';
import { type KnownIds, knownIds, nameOf, personOf, roleFor, sampleRequest } from '../http/test-requests.js';
import type { TestServer } from '../http/test-server.js';
import type { CampusGateway } from '../ingest/campus-gateway.js';
import { JOBS } from '../jobs/registry.js';
import { runJob } from '../jobs/run-job.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { migrate } from './migrate.js';
import { openTestDatabase } from './test-database.js';

const STEPS = 40;
const TEST_TIMEOUT_MS = 240_000;

/**
 * What a migration of a later version may do beside this central (ADR 61): columns that may be empty or have a default in
 * every table there is, another table that refers to ours, an index.
 */
const LATER = `
  DO $$
  DECLARE
    name text;
  BEGIN
    FOR name IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT LIKE 'knex%' LOOP
      EXECUTE format('ALTER TABLE %I ADD COLUMN later_note text, ADD COLUMN later_count integer NOT NULL DEFAULT 0', name);
    END LOOP;
  END $$;
  CREATE TABLE later_thing (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    student_id uuid NOT NULL REFERENCES student ON DELETE CASCADE,
    session_id uuid REFERENCES attendance_session ON DELETE CASCADE
  );
  CREATE INDEX later_note_of_student ON student (later_note);
  INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('9999_later.sql', 99, now());`;

const steps = fc.sample(lifeStep, { seed: 20_261_126, numRuns: STEPS });

async function live(campus: LifeCampus): Promise<number> {
  const life = await Life.begin(campus);
  for (const step of steps) await life.step(step);
  return life.accepted.length;
}

/** Every route once, with a request made from its contract; what this central does not know is in no answer. */
async function askEverything(server: TestServer, ids: KnownIds): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (const route of ROUTES) {
    if (!route.contract.path.startsWith('/api/v1/') || route.contract.path.endsWith('/stream/')) continue;
    const { method, path, body } = sampleRequest(route, ids);
    // Some of them sign out: nobody who is asked for anything else, or who lives on.
    const role = route.contract.access === 'signed_in' ? 'security_officer' : roleFor(route);
    const response = await fetch(server.url(path), {
      method,
      headers: { ...(await server.authorization(role, personOf(role))), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(await response.text(), nameOf(route)).not.toMatch(/later_(note|count)/);
    statuses[nameOf(route)] = response.status;
  }
  return statuses;
}

describe('case 163: a central that still runs when a later one has migrated', () => {
  let campus: LifeCampus;
  let other: LifeCampus;
  let server: TestServer;
  let untouched: TestServer;
  let gateway: CampusGateway;
  beforeAll(async () => {
    campus = await LifeCampus.start();
    other = await LifeCampus.start();
    ({ server, gateway } = campus);
    untouched = other.server;
  });
  afterAll(async () => {
    await campus?.stop();
    await other?.stop();
  });

  /** Which class comes first hangs on ids: the lives are not the same, but nothing is refused here that is done there. */
  async function livesAlike(): Promise<void> {
    const [here, there] = [await live(campus), await live(other)];
    expect(here).toBeGreaterThan(0);
    expect(here).toBeGreaterThan(there / 2);
  }

  const tap = (student: number) => gateway.tap(new Date(server.clock.wallMs() - 1_000), { student });
  /** What became of the last tap of a student. */
  const outcomeOf = (student: number) =>
    server.db
      .knex('punch as p')
      .join('student as st', 'st.id', 'p.student_id')
      .where({ roll_number: rollNumber(student), store_id: gateway.gateway.storeId })
      .orderBy('seq', 'desc')
      .first('outcome', 'room_id');

  it(
    'takes taps, answers every route as before, lives class sessions and does every job, over the connections it has',
    async () => {
      const ids = [await knownIds(server), await knownIds(untouched)] as const;
      await tap(3);
      expect(await outcomeOf(3)).toEqual({ outcome: 'recognized', room_id: 'r101' });
      // Every statement that is prepared once is prepared by now.
      await livesAlike();
      const { knex } = server.db;
      await knex.raw(LATER);
      await tap(4);
      expect(await outcomeOf(4)).toEqual({ outcome: 'recognized', room_id: 'r101' });
      const answers = await askEverything(server, ids[0]);
      expect(Object.keys(answers).length).toBeGreaterThan(150);
      expect(Object.entries(answers).filter(([, status]) => status >= 500)).toEqual([]);
      // The other campus has the same people in it, and is asked the same.
      expect(answers).toEqual(await askEverything(untouched, ids[1]));
      await livesAlike();
      for (const job of JOBS) {
        const auditKeys = createAuditKeys(server.options.dataKeys);
        await runJob(job, {
          db: server.db,
          clock: server.clock,
          log: silentLog,
          auditKeys,
          files: server.files,
        });
      }
      expect(await knex('job_run').where({ outcome: 'failed' }).select('name', 'detail')).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it('can start again, and is ready', async () => {
    expect(await migrate(server.db)).toEqual([]);
    expect((await server.get('/readyz')).body.checks).toMatchObject({ migrations: true });
  });

  it('does not start where what it needs was taken away, says so, and is not ready where it ran meanwhile', async () => {
    await server.db.knex('schema_floor').update({ name: '9999_later.sql' });
    await expect(migrate(server.db)).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW', message: /9999_later/ });
    expect((await fetch(server.url('/readyz'))).status).toBe(503);
  });
});

it('case 163: a schema of before is brought up to date, whatever its floor', async () => {
  const db = await openTestDatabase();
  try {
    await db.knex('schema_floor').update({ name: '0001_spine.sql' });
    expect(await migrate(db)).toEqual([]);
  } finally {
    await db.close();
  }
});
