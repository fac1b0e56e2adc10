import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkGatewayLogin } from '../../broker/gateway-logins.js';
import { advanceSessions } from '../../sessions/advance.js';
import { type Answer, API, type Body, TestServer } from '../test-server.js';

let server: TestServer;
const technician = () => server.as('lab_technician');
const codeOf = ({ status, body }: Answer) => [status, body.code];
const newKey = (): string =>
  generateKeyPairSync('ed25519')
    .publicKey.export({ format: 'der', type: 'spki' })
    .subarray(-32)
    .toString('base64');

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

describe('gateways', () => {
  it('case 158: are made, get their key and password, and go again while they never sent anything', async () => {
    const body = { id: 'gw-n', building: 'block-a', name: 'North' };
    const made = await technician().post(`${API}/gateways/`, body);
    expect(made.body).toMatchObject({ ...body, has_password: false, keys: [], version: 1 });
    const address = `${API}/gateways/gw-n/`;
    expect((await technician().patch(address, { name: 'North wing', version: 1 })).body.name).toBe(
      'North wing',
    );
    expect(codeOf(await technician().patch(address, { name: 'X', version: 1 }))).toEqual([409, 'STALE']);
    const key = newKey();
    const registered = await technician().post(`${address}keys/`, { public_key: key });
    expect(registered.status).toBe(201);
    expect(codeOf(await technician().post(`${API}/gateways/gw-a/keys/`, { public_key: key }))).toEqual([
      409,
      'ALREADY_EXISTS',
    ]);
    const { mqtt_password: password } = (await technician().post(`${address}password/`)).body;
    const login = (secret: string) => checkGatewayLogin(server.db, 'gw-n', Buffer.from(secret));
    expect([await login(password), await login('secret')]).toEqual(['ok', expect.not.stringMatching(/^ok$/)]);
    const { key_id: keyId } = registered.body;
    expect((await technician().del(`${address}keys/${keyId}/`)).body).toEqual({
      key_id: keyId,
      is_revoked: true,
    });
    expect(codeOf(await technician().del(`${address}keys/${keyId}/`))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await technician().post(`${address}keys/`, { public_key: key }))).toEqual([
      409,
      'ALREADY_EXISTS',
    ]);
    expect((await technician().get(address)).body).toMatchObject({
      has_password: true,
      keys: [{ key_id: keyId, is_revoked: true }],
    });
    expect(await technician().del(address)).toMatchObject({ status: 200 });
    const audit: Body[] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: 'gw-n' })
      .orderBy('id');
    expect(audit.map(({ action }) => action)).toEqual([
      'create',
      'update',
      'register_key',
      'renew_password',
      'revoke_key',
      'delete',
    ]);
    expect(JSON.stringify(audit)).not.toContain(password);
    expect((await technician().del(`${API}/gateways/gw-a/`)).body.detail).toContain('4 × biometric device');
  });

  it('case 157: nobody but those who look after devices hands out keys', async () => {
    for (const role of ['coordinator', 'faculty', 'student', 'auditor'] as const) {
      const caller = server.as(role);
      expect(codeOf(await caller.post(`${API}/gateways/gw-a/password/`))).toEqual([403, 'FORBIDDEN']);
      expect(codeOf(await caller.post(`${API}/gateways/gw-a/keys/`, {}))).toEqual([403, 'FORBIDDEN']);
      expect(codeOf(await caller.patch(`${API}/biometric-devices/gw-a/c101/`, {}))).toEqual([
        403,
        'FORBIDDEN',
      ]);
    }
    for (const wrong of [{ public_key: 'AAAA' }, { public_key: newKey().slice(2) }, { public_key: 7 }, {}]) {
      expect(codeOf(await technician().post(`${API}/gateways/gw-a/keys/`, wrong))).toEqual([
        400,
        'REQUEST_INVALID',
      ]);
    }
    for (const id of ['GW A', "x' OR '1'='1", 'x'.repeat(60)]) {
      expect((await technician().get(`${API}/gateways/${encodeURIComponent(id)}/`)).status).toBe(400);
    }
  });
});

describe('devices', () => {
  const address = `${API}/biometric-devices/gw-a/c101/`;

  it('case 86: a reader in maintenance is not waited for; back in service it is', async () => {
    const { knex } = server.db;
    const session = await server.sessionOf('CS301');
    server.goTo('11:00');
    await advanceSessions(knex, server.clock.wallMs());
    const status = async () => {
      await advanceSessions(knex, server.clock.wallMs());
      return (await knex('attendance_session').where({ id: session.id }).first('status')).status;
    };
    await knex('attendance_biometric_device')
      .where({ device_id: 'f101' })
      .update({ complete_through: new Date(server.clock.wallMs()) });
    await server.judge();
    expect(await status()).toBe('closed');
    const out = await technician().patch(address, { status: 'maintenance' });
    expect(out.body).toMatchObject({ status: 'maintenance', is_enabled: false });
    expect(await status()).toBe('finalized');
    const back = await technician().patch(address, { status: 'inactive' });
    expect(back.body).toMatchObject({ status: 'inactive', is_enabled: true, version: 3 });
    expect(codeOf(await technician().patch(address, { status: 'active' }))).toEqual([400, 'REQUEST_INVALID']);
  });

  it('case 158: are made, moved to another room and removed while they saw nothing', async () => {
    const body = {
      gateway: 'gw-a',
      id: 'gate',
      name: 'Gate',
      type: 'rfid',
      driver: 'wiegand',
      direction: 'in',
    };
    const made = await technician().post(`${API}/biometric-devices/`, body);
    expect(made.body).toMatchObject({ ...body, room: null, status: 'inactive', is_enabled: true });
    const gate = `${API}/biometric-devices/gw-a/gate/`;
    expect((await technician().patch(gate, { room: 'r102' })).body.room).toBe('r102');
    expect((await technician().results(`${API}/biometric-devices/?room=r102`)).map(({ id }) => id)).toEqual([
      'c102',
      'gate',
    ]);
    expect(await technician().del(gate)).toMatchObject({ status: 200 });
    expect((await technician().del(address)).body.detail).toContain('2 × punch');
    for (const wrong of [
      { gateway: 'gw-x' },
      { room: 'nowhere' },
      { type: 'x' },
      { driver: 'A B' },
      { is_enabled: 'no' },
      { api_key: 'x' },
    ]) {
      const answer = await technician().post(`${API}/biometric-devices/`, { ...body, id: 'other', ...wrong });
      expect(codeOf(answer)).toEqual([400, 'REQUEST_INVALID']);
    }
  });
});
