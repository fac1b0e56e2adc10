import { buildTopic } from '@rollcall/protocol/topics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { findMosquitto, MOSQUITTO_SKIP_REASON, startMosquitto } from '../support/mosquitto.js';
import { MqttClient } from '../support/mqtt-client.js';
import { type Broker, startAedes } from '../support/test-broker.js';

describe.each([
  { name: 'aedes', start: startAedes, isHere: true },
  { name: 'Mosquitto', start: startMosquitto, isHere: findMosquitto() !== undefined },
])('an external $name that restarts with empty memory', ({ name, start, isHere }) => {
  const note = isHere ? '' : ` (${MOSQUITTO_SKIP_REASON})`;

  describe.skipIf(!isHere)(`as ${name}${note}`, () => {
    let campus: Campus;
    let broker: Broker;
    beforeAll(async () => {
      broker = await start();
      campus = await Campus.start({ broker });
    });
    afterAll(() => campus?.stop());

    it('is told everything again that it retains: birth, health, devices, the roster', async () => {
      expect(await campus.tapNewCard()).toBe('green');
      await broker.restart();
      const { id: gatewayId } = campus.gateway;
      const client = await MqttClient.connect({ port: broker.port, clientId: 'onlooker' });
      try {
        await client.subscribe(`rollcall/v1/${gatewayId}/#`);
        for (const topic of [
          buildTopic({ kind: 'status', gatewayId }),
          buildTopic({ kind: 'health', gatewayId }),
          buildTopic({ kind: 'device-status', gatewayId, deviceId: 'line-r101' }),
          buildTopic({ kind: 'roster', gatewayId }),
        ]) {
          await client.message(`${topic} is published again`, (message) => message.topic === topic);
        }
      } finally {
        await client.close();
      }
    });

    it('loses no punch', async () => {
      expect(await campus.tapNewCard()).toBe('green');
      await expectGreensArePunches(campus);
    });
  });
});
