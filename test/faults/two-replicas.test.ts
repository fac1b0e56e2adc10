import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { CentralUnderTest } from '../support/central-process.js';
import { ChaosProxy } from '../support/chaos-proxy.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { HandGateway } from '../support/hand-gateway.js';
import { findMosquitto, MOSQUITTO_SKIP_REASON, startMosquitto } from '../support/mosquitto.js';
import { startAedes } from '../support/test-broker.js';
import { until } from '../support/until.js';

const GROUP = { MQTT_SHARED_GROUP: 'central' };
const BATCHES = 8;
const ROWS = 5;
const note = findMosquitto() === undefined ? ` (${MOSQUITTO_SKIP_REASON})` : '';

function secondReplica(campus: Campus, mqttPort: number, env: Record<string, string> = {}): CentralUnderTest {
  return new CentralUnderTest({
    name: 'the second central',
    // The same keys: replicas share their data directory or a copy of it.
    dataDir: join(campus.directory, 'central'),
    databaseUrl: () => campus.database.url,
    mqttUrl: () => `mqtt://127.0.0.1:${mqttPort}`,
    env,
  });
}

describe.skipIf(note !== '')(`two ingesting replicas on a shared subscription${note}`, () => {
  let campus: Campus;
  let second: CentralUnderTest;
  let secondWire: ChaosProxy;
  let gateway: HandGateway;
  beforeAll(async () => {
    const broker = await startMosquitto();
    campus = await Campus.prepare({ broker, centralEnv: GROUP });
    secondWire = await ChaosProxy.start({
      carries: 'mqtt',
      target: () => ({ host: '127.0.0.1', port: broker.port }),
    });
    second = secondReplica(campus, secondWire.port, GROUP);
    await second.start();
    gateway = await HandGateway.connect(campus);
  });
  afterAll(async () => {
    await gateway?.close();
    await second?.stop();
    await secondWire?.stop();
    await campus?.stop();
  });

  it('case 163: with crossed batches, one killed while it holds some: no ack covers a row that is not committed', async () => {
    // What the broker hands to the second replica never gets there.
    secondWire.freeze('down');
    const batches = Array.from({ length: BATCHES }, (_, batch) =>
      Array.from({ length: ROWS }, (_, row) =>
        gateway.punch(batch * ROWS + row + 1, campus.cards.next('line')),
      ),
    );
    for (const batch of batches) await gateway.send(batch);
    const stored = await until('the first replica has stored its share', async () => {
      const seqs = (await campus.database.punches()).map(({ seq }) => seq);
      return seqs.length >= (BATCHES / 2) * ROWS ? seqs : undefined;
    });
    expect(stored.length).toBeLessThan(BATCHES * ROWS);
    const firstMissing = Array.from({ length: BATCHES * ROWS }, (_, index) => index + 1).find(
      (seq) => !stored.includes(seq),
    );
    await until('acks were sent', () => gateway.acks.length > 0);
    expect(Math.max(...gateway.acks.map((ack) => ack.through_seq))).toBeLessThan(firstMissing ?? 0);
    await second.kill();
    for (const batch of batches) await gateway.send(batch);
    await gateway.acked(BATCHES * ROWS);
    expect((await campus.database.punches()).map(({ seq }) => seq)).toEqual(
      Array.from({ length: BATCHES * ROWS }, (_, index) => index + 1),
    );
  });
});

describe('two replicas without a shared subscription', () => {
  let campus: Campus;
  let second: CentralUnderTest;
  beforeAll(async () => {
    const broker = await startAedes();
    campus = await Campus.start({ broker });
    second = secondReplica(campus, broker.port);
    second.launch();
  });
  afterAll(async () => {
    await second?.stop();
    await campus?.stop();
  });

  it('case 163: ingest one at a time: when the one that ingests is killed, the other takes over', async () => {
    for (let tap = 0; tap < 5; tap++) expect(await campus.tapNewCard()).toBe('green');
    await campus.drained();
    await campus.central.kill();
    for (let tap = 0; tap < 5; tap++) expect(await campus.tapNewCard()).toBe('green');
    await expectGreensArePunches(campus);
  });
});
