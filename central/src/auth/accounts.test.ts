import { randomBytes } from 'node:crypto';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { createAccounts } from './accounts.js';

const FROM = '2026-07-07T10:00:00.123456Z';
const TO = '2026-07-07T10:00:01.001Z';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

interface Role {
  role: string;
  valid_from: string;
  valid_to?: string;
}

/** The id of a sign-in of somebody new. */
async function signIn(login: string, roles: readonly Role[]): Promise<string> {
  const [account] = await db
    .knex('account')
    .insert({ login, display_name: login })
    .returning<{ id: string }[]>('id');
  for (const role of roles) await db.knex('account_role').insert({ account_id: account?.id, ...role });
  const [session] = await db
    .knex('login_session')
    .insert({ account_id: account?.id, refresh_sha256: randomBytes(32), expires_at: '2027-01-01' })
    .returning<{ id: string }[]>('id');
  return session?.id ?? '';
}

it('case 160: a role counts from its first to its last microsecond, one that has no end always, and each by itself', async () => {
  const both = await signIn('both', [
    { role: 'faculty', valid_from: FROM, valid_to: TO },
    { role: 'dean', valid_from: '-infinity' },
  ]);
  const nobody = await signIn('nobody', []);
  const clock = new ManualClock(0);
  const accounts = createAccounts(db.knex, clock);
  const rolesAt = async (time: string): Promise<string[] | undefined> => {
    clock.stepWall(Date.parse(time) - clock.wallMs());
    const [principal, other] = await Promise.all([accounts.current(both), accounts.current(nobody)]);
    expect(other).toMatchObject({ login: 'nobody', grants: [] });
    return principal?.grants.map(({ role }) => role).toSorted();
  };
  expect(await rolesAt('2026-07-07T10:00:00.123Z')).toEqual(['dean']);
  expect(await rolesAt('2026-07-07T10:00:00.124Z')).toEqual(['dean', 'faculty']);
  expect(await rolesAt('2026-07-07T10:00:01.000Z')).toEqual(['dean', 'faculty']);
  expect(await rolesAt(TO)).toEqual(['dean']);
});

it('case 160: whole milliseconds stay whole, whatever binary makes of their seconds', async () => {
  const startMs = Date.parse('2026-07-07T10:00:00Z');
  for (const afterMs of [1, 3, 7, 57, 123, 333, 661, 999]) {
    const clock = new ManualClock(startMs + afterMs - 1);
    const id = await signIn(`at ${afterMs}`, [
      { role: 'faculty', valid_from: new Date(startMs + afterMs).toISOString() },
    ]);
    const accounts = createAccounts(db.knex, clock);
    expect((await accounts.current(id))?.grants).toEqual([]);
    clock.stepWall(1);
    expect((await accounts.current(id))?.grants).toHaveLength(1);
  }
});

it('what was asked before an account changed is answered and not remembered', async () => {
  const id = await signIn('leaving', []);
  const { account_id: accountId } = await db.knex('login_session').where({ id }).first();
  const accounts = createAccounts(db.knex, new ManualClock(0));
  const asked = accounts.current(id);
  // The look-up is on its way.
  await new Promise((resolve) => setImmediate(resolve));
  accounts.forget(accountId);
  expect(await asked).toMatchObject({ login: 'leaving' });
  await db.knex('account').where({ id: accountId }).update({ is_active: false });
  expect(await accounts.current(id)).toBeUndefined();
});
