import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { TestServer } from '../http/test-server.js';
import { createSeal } from '../privacy/seal.js';
import { makeToken, stepAt } from './qr-code.js';
import { createQrSecrets, renewSecret } from './qr-secrets.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

/** Answers of the look-up of secrets arrive when the test lets them. */
function holdingBack(knex: Knex) {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let hasRead: () => void = () => undefined;
  const read = new Promise<void>((resolve) => {
    hasRead = resolve;
  });
  const held = new Proxy(knex, {
    get(target, name) {
      if (name !== 'raw') return Reflect.get(target, name);
      return (sql: string, bindings: never) => {
        const answer = target.raw(sql, bindings);
        if (!sql.includes('qr_secret_sealed')) return answer;
        return answer.then(async (rows) => {
          hasRead();
          await released;
          return rows;
        });
      };
    },
  });
  return { held, read, release };
}

it('a code made while secrets are being read is known at once: what was read before it says nothing about it', async () => {
  const { id } = await server.sessionOf('CS301');
  const { held, read, release } = holdingBack(server.db.knex);
  const seal = createSeal(server.options.dataKeys);
  const secrets = createQrSecrets({ knex: held, clock: server.options.clock, seal });
  const early = secrets.secretOf(id);
  await read;
  await server.db.knex.transaction((trx) =>
    renewSecret(trx, { sessionId: id, seal, nowMs: server.clock.wallMs(), accountId: null }),
  );
  secrets.forget(id);
  const late = secrets.secretOf(id);
  release();
  await early;
  expect((await late)?.sessionId).toBe(id);
  expect((await secrets.secretOf(id))?.sessionId).toBe(id);
});

it('a new code of one class has no other code read again, and replaces the old one', async () => {
  const seal = createSeal(server.options.dataKeys);
  const renew = (sessionId: string): Promise<void> =>
    server.db.knex.transaction((trx) =>
      renewSecret(trx, { sessionId, seal, nowMs: server.clock.wallMs(), accountId: null }),
    );
  const [first, second] = [await server.sessionOf('CS301'), await server.sessionOf('CS302')];
  await renew(first.id);
  await renew(second.id);
  let opened = 0;
  const counting: typeof seal = {
    ...seal,
    open(...given) {
      opened += 1;
      return seal.open(...given);
    },
  };
  const secrets = createQrSecrets({ knex: server.db.knex, clock: server.options.clock, seal: counting });
  const before = await secrets.secretOf(first.id);
  const other = await secrets.secretOf(second.id);
  const openedAtFirst = opened;
  await renew(first.id);
  secrets.forget(first.id);
  const after = await secrets.secretOf(first.id);
  expect(after?.secret).not.toEqual(before?.secret);
  expect(await secrets.secretOf(second.id)).toEqual(other);
  expect(opened - openedAtFirst).toBe(1);
});

it('a change of a setting has every code read again', async () => {
  const { id } = await server.sessionOf('CS301');
  const seal = createSeal(server.options.dataKeys);
  await server.db.knex.transaction((trx) =>
    renewSecret(trx, { sessionId: id, seal, nowMs: server.clock.wallMs(), accountId: null }),
  );
  const secrets = createQrSecrets({ knex: server.db.knex, clock: server.options.clock, seal });
  expect((await secrets.secretOf(id))?.settings.times.rotateSeconds).not.toBe(17);
  await server.db.knex('attendance_configuration').insert({
    key: 'QR_ROTATE_SECONDS',
    value: '17',
    data_type: 'integer',
    effective_from: '-infinity',
  });
  secrets.forget('');
  expect((await secrets.secretOf(id))?.settings.times.rotateSeconds).toBe(17);
});

it('cases 98, 109: a code that was good is checked once more each time: a new secret ends it, and so does its time', async () => {
  const { id } = await server.sessionOf('CS301');
  const seal = createSeal(server.options.dataKeys);
  const renew = (): Promise<void> =>
    server.db.knex.transaction((trx) =>
      renewSecret(trx, { sessionId: id, seal, nowMs: server.clock.wallMs(), accountId: null }),
    );
  await renew();
  const secrets = createQrSecrets({ knex: server.db.knex, clock: server.options.clock, seal });
  const nowMs = server.clock.wallMs();
  const codeNow = async (): Promise<string> => {
    const active = await secrets.secretOf(id);
    if (active === undefined) throw new Error('no secret');
    return makeToken(id, stepAt(nowMs, active.settings.times), active.secret);
  };
  const code = await codeNow();
  for (let time = 0; time < 2; time++) expect((await secrets.check(code, nowMs)).sessionId).toBe(id);
  await expect(secrets.check(code, nowMs + 3_600_000)).rejects.toMatchObject({ code: 'QR_EXPIRED' });
  await expect(secrets.check(code, nowMs - 3_600_000)).rejects.toMatchObject({ code: 'QR_EXPIRED' });
  await renew();
  secrets.forget(id);
  await expect(secrets.check(code, nowMs)).rejects.toMatchObject({ code: 'QR_EXPIRED' });
  const next = await codeNow();
  expect((await secrets.check(next, nowMs)).sessionId).toBe(id);
  const { expiresMs = 0 } = (await secrets.secretOf(id)) ?? {};
  server.clock.stepWall(expiresMs - nowMs);
  await expect(secrets.check(next, nowMs)).rejects.toMatchObject({ code: 'QR_EXPIRED' });
});
