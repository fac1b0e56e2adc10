import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commitAckSchema } from '@rollcall/protocol/commit-ack';
import { rosterPointerSchema } from '@rollcall/protocol/roster';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from './config.js';
import { openTestDatabase, type TestDatabase } from './db/test-database.js';
import { TestGateway } from './ingest/test-gateway.js';
import { silentLog } from './log.js';
import { type Central, startCentral } from './main.js';

describe('central as a whole', () => {
  let db: TestDatabase;
  let dataDir: string;
  let central: Central;
  let client: MqttClient | undefined;

  beforeEach(async () => {
    db = await openTestDatabase();
    dataDir = mkdtempSync(join(tmpdir(), 'rollcall-central-'));
    const gateway = new TestGateway('gw-a');
    await gateway.register(db.knex);
    await db.knex('gateway').update({ secret_sha256: createHash('sha256').update('secret').digest() });
    const config = readConfig({ DATABASE_URL: db.url }, { port: '0', mqttPort: '0', dataDir });
    central = await startCentral(config, silentLog);
    await signInAndSend(gateway);
  });
  afterEach(async () => {
    await client?.endAsync(true);
    await central.stop();
    await db.close();
    rmSync(dataDir, { recursive: true });
  });

  let ack: unknown;
  let pointer: unknown;
  async function signInAndSend(gateway: TestGateway): Promise<void> {
    const url = `mqtt://127.0.0.1:${central.mqttPort}`;
    client = await connectAsync(url, { clientId: 'gw-a', username: 'gw-a', password: 'secret' });
    const heard = new Map<string, (text: string) => void>();
    const hear = (topic: string) => new Promise<string>((resolve) => heard.set(topic, resolve));
    client.on('message', (topic, payload) => heard.get(topic)?.(payload.toString()));
    const answers = Promise.all([hear('rollcall/v1/gw-a/down/ack'), hear('rollcall/v1/gw-a/down/roster')]);
    await client.subscribeAsync('rollcall/v1/gw-a/down/#', { qos: 1 });
    const batch = gateway.batch('punch', [gateway.punch(1), gateway.punch(2)]);
    await client.publishAsync(batch.topic, Buffer.from(batch.payload), { qos: 1 });
    [ack, pointer] = (await answers).map((text) => JSON.parse(text));
  }

  it('takes a signed batch from MQTT into PostgreSQL, answers with the commit ack, and offers the roster', async () => {
    expect(commitAckSchema.parse(ack)).toMatchObject({ through_seq: 2, rejected: [] });
    expect(await db.knex('punch').orderBy('seq').pluck('seq')).toEqual([1, 2]);
    const { version, url, sha256 } = rosterPointerSchema.parse(pointer);
    expect(url).toBe(`/api/v1/attendance/gateways/gw-a/roster/${version}/`);
    const stored = await db.knex('gateway_roster').where({ version }).first();
    expect(createHash('sha256').update(stored.document).digest('hex')).toBe(sha256);
    expect((await fetch(`http://127.0.0.1:${central.httpPort}/readyz`)).status).toBe(200);
  });
});
