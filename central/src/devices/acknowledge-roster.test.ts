import type { Health } from '@rollcall/protocol/health';
import { rosterDocumentSchema } from '@rollcall/protocol/roster';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { revokeTemplates } from '../consent/consents.js';
import { API, type Body, TestServer } from '../http/test-server.js';
import { BOOT_A } from '../ingest/test-gateway.js';
import { applyHealth } from './health.js';
import { buildRosters } from './roster.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());

const now = (): Date => new Date(server.clock.wallMs());

async function rosterVersion(): Promise<number> {
  server.clock.stepWall(1_000);
  const rosters = await buildRosters(server.db, now());
  return rosters.find(({ gatewayId }) => gatewayId === 'gw-a')?.pointer.version ?? 0;
}

async function templatesIn(version: number): Promise<readonly string[] | undefined> {
  const { document } = await server.db.knex('gateway_roster').where({ gateway_id: 'gw-a', version }).first();
  return rosterDocumentSchema.parse(JSON.parse(document.toString())).templates;
}

async function beat(inForce: Pick<Health, 'roster_version'>): Promise<void> {
  server.clock.stepWall(60_000);
  const health: Health = {
    v: 1,
    as_of: now().toISOString(),
    boot_id: BOOT_A,
    software: '0.1.0',
    uptime_s: 5,
    clock_state: 'unsynced',
    store_id: '00000000-0000-4000-8000-000000000001',
    head_seq: 0,
    acked_seq: 0,
    oldest_unacked_at: null,
    level: 'ok',
    problems: [],
    disk: { free_bytes: 1, total_bytes: 2, hours_left: null },
    devices: [],
    ...inForce,
  };
  await applyHealth(server.db.knex, { gatewayId: 'gw-a', health, retained: false, at: now() });
}

const states = (): Promise<string[]> => server.db.knex('template_deployment').pluck('state');
const gateway = async (): Promise<Body> =>
  (await server.results(`${API}/gateways/`)).find(({ id }) => id === 'gw-a');

it('case 97: a template is removed when its gateway has acknowledged a roster without it, and not before', async () => {
  const { knex } = server.db;
  const template = await storeTemplate();
  await knex('template_deployment').insert({ template_id: template, gateway_id: 'gw-a', state: 'acked' });
  const withIt = await rosterVersion();
  expect(await templatesIn(withIt)).toEqual([template]);
  await beat({ roster_version: withIt });
  await knex.transaction((trx) =>
    revokeTemplates(trx, [template], { accountId: null, nowMs: server.clock.wallMs(), reason: 'withdrawn' }),
  );
  const without = await rosterVersion();
  expect(without).toBeGreaterThan(withIt);
  expect(await templatesIn(without)).toBeUndefined();
  // Still the old one, one that central never made, and software that does not say.
  for (const said of [{ roster_version: withIt }, { roster_version: without + 9 }, {}]) {
    await beat(said);
    expect(await states()).toEqual(['removing']);
  }
  await beat({ roster_version: withIt });
  expect(await gateway()).toMatchObject({
    roster_version: withIt,
    newest_roster_version: without,
    templates_to_remove: 1,
  });
  await beat({ roster_version: without });
  expect(await states()).toEqual(['removed']);
  expect(await gateway()).toMatchObject({ roster_version: without, templates_to_remove: 0 });
});

async function storeTemplate(): Promise<string> {
  const { knex } = server.db;
  const student = await knex('student').first('id');
  const [consent] = await knex('consent')
    .insert({
      student_id: student.id,
      purpose: 'fingerprint',
      actor: 'self',
      channel: 'office',
      notice_version: '2026-1',
      notice_sha256: Buffer.alloc(32),
      granted_at: now(),
    })
    .returning('id');
  const [template] = await knex('attendance_biometric_template')
    .insert({
      student_id: student.id,
      finger_position: 2,
      format: 'rollcall-1',
      template_sealed: Buffer.from('sealed bytes'),
      key_id: 'k1',
      quality_score: 0.8,
      consent_id: consent.id,
    })
    .returning('id');
  return template.id;
}
