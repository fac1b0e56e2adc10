import { randomUUID } from 'node:crypto';
import { buildTopic } from '@rollcall/protocol/topics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { HandGateway } from '../support/hand-gateway.js';
import { startAedes } from '../support/test-broker.js';
import { until } from '../support/until.js';

interface Kept {
  code: string;
  problem: string;
  gateway: string | null;
}

describe('a batch that nobody can answer for', () => {
  let campus: Campus;
  let gateway: HandGateway;
  beforeAll(async () => {
    // A broker without accounts: whatever its ACL would stop arrives.
    campus = await Campus.prepare({ broker: await startAedes() });
    gateway = await HandGateway.connect(campus);
  });
  afterAll(async () => {
    await gateway?.close();
    await campus?.stop();
  });

  const kept = (code: string) =>
    until(`a message is kept apart with ${code}`, async () => {
      const rows = await campus.database.rows<Kept>(
        'SELECT code, problem, claimed_gateway_id AS gateway FROM quarantine_message WHERE code = ?',
        [code],
      );
      return rows[0];
    });

  const flip = (bytes: Uint8Array, index: number): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    copy[index] = (copy[index] ?? 0) ^ 1;
    return copy;
  };

  it.each<{ what: string; code: string; tamper: (signed: Uint8Array) => Uint8Array }>([
    {
      what: 'without a signature',
      code: 'SIGNATURE_MISSING',
      tamper: (signed) => signed.subarray(signed.indexOf(0x0a) + 1),
    },
    {
      what: 'changed after signing',
      code: 'SIGNATURE_INVALID',
      tamper: (signed) => flip(signed, signed.length - 3),
    },
    {
      what: 'that is not JSON, correctly signed or not',
      code: 'SIGNATURE_MISSING',
      tamper: () => new TextEncoder().encode('{"v":1'),
    },
  ])('$what is kept apart as $code', async ({ code, tamper }) => {
    await gateway.send([gateway.punch(1, campus.cards.next('line'))], { tamper });
    expect((await kept(code)).gateway).toBe(gateway.id);
  });

  it('signed by another key is kept apart as SIGNATURE_INVALID', async () => {
    const row = gateway.punch(1, campus.cards.next('line'));
    await gateway.client.publish(buildTopic({ kind: 'punch', gatewayId: gateway.id }), gateway.forged([row]));
    await kept('SIGNATURE_INVALID');
  });

  it('of a contract version that central does not speak is kept apart as SCHEMA_VERSION_UNSUPPORTED', async () => {
    await gateway.send([gateway.punch(1, campus.cards.next('line'))], { version: 2 });
    expect((await kept('SCHEMA_VERSION_UNSUPPORTED')).problem).toContain('2');
  });

  it('of a gateway that central does not know is kept apart as GATEWAY_UNKNOWN', async () => {
    const signed = gateway.signed([gateway.punch(1, campus.cards.next('line'))]);
    await gateway.client.publish(buildTopic({ kind: 'punch', gatewayId: 'gw-nobody' }), signed);
    expect((await kept('GATEWAY_UNKNOWN')).gateway).toBe('gw-nobody');
  });

  it('never makes a punch, never moves an ack, and does not stop the next good one', async () => {
    expect(await campus.database.count('punch')).toBe(0);
    expect(gateway.acks.filter((ack) => ack.through_seq > 0)).toEqual([]);
    const storeId = randomUUID();
    await gateway.send([gateway.punch(1, campus.cards.next('line'))], { storeId });
    expect(await gateway.acked(1, storeId)).toMatchObject({ through_seq: 1, rejected: [] });
    expect(await campus.database.count('punch')).toBe(1);
  });
});
