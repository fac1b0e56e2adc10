import { type CommandResponse, commandResponseSchema } from '@rollcall/protocol/command';
import { buildTopic } from '@rollcall/protocol/topics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { MqttClient } from '../support/mqtt-client.js';
import { startAedes } from '../support/test-broker.js';

const HOUR_MS = 3_600_000;

describe('a command to a gateway', () => {
  let campus: Campus;
  let client: MqttClient;
  beforeAll(async () => {
    const broker = await startAedes();
    campus = await Campus.start({ broker });
    client = await MqttClient.connect({ port: broker.port, clientId: 'operator' });
    await client.subscribe(`rollcall/v1/${campus.gateway.id}/up/rsp/#`);
  });
  afterAll(async () => {
    await client?.close();
    await campus?.stop();
  });

  async function ask(command: Record<string, unknown>): Promise<CommandResponse> {
    const topic = buildTopic({ kind: 'command', gatewayId: campus.gateway.id, command: 'ping' });
    await client.publish(topic, JSON.stringify({ v: 1, args: {}, ...command }));
    const { payload } = await client.message(`an answer to ${String(command['id'])}`, (message) =>
      message.payload.includes(`"${String(command['id'])}"`),
    );
    return commandResponseSchema.parse(JSON.parse(payload.toString('utf8')));
  }

  it('is carried out within its time to live', async () => {
    const answer = await ask({ id: 'in-time', issued_at: new Date().toISOString(), ttl_s: 60 });
    expect(answer).toMatchObject({ id: 'in-time', status: 'ok' });
  });

  it('is refused with COMMAND_EXPIRED after it', async () => {
    const issued_at = new Date(Date.now() - HOUR_MS).toISOString();
    const answer = await ask({ id: 'too-late', issued_at, ttl_s: 60 });
    expect(answer).toMatchObject({ status: 'error', error: { code: 'COMMAND_EXPIRED' } });
  });
});
