import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { TestServer } from '../http/test-server.js';
import { createSeal } from '../privacy/seal.js';
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
  secrets.forget();
  const late = secrets.secretOf(id);
  release();
  await early;
  expect((await late)?.sessionId).toBe(id);
  expect((await secrets.secretOf(id))?.sessionId).toBe(id);
});
