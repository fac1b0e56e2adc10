import type { Request, Response } from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Principal } from '../auth/principal.js';
import type { RoleId } from '../auth/roles.js';
import { rollNumber } from '../seed/test-campus.js';
import { BUDGETS, createRateLimits } from './rate-limits.js';
import type { RouteContract } from './route.js';
import { createHttpServer } from './server.js';
import { API, TestServer } from './test-server.js';

let server: TestServer;
let url: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  server = await TestServer.start();
  const budgets = { ...BUDGETS, qr_scan: { points: 3, duration: 60 } };
  const limited = await createHttpServer({
    ...server.options,
    budgets: { ...budgets, statistics: { points: 1, duration: 60 } },
    roleBudgets: { coordinator: { statistics: { points: 2, duration: 60 } } },
  });
  url = `http://127.0.0.1:${limited.port}`;
  stop = () => limited.stop();
});
afterAll(async () => {
  await stop();
  await server.stop();
});

const scan = async (index: number) => {
  const response = await fetch(`${url}${API}/records/qr-scan/`, {
    method: 'POST',
    headers: {
      ...(await server.authorization('student', { student: rollNumber(index) })),
      'content-type': 'application/json',
    },
    body: JSON.stringify({ qr_token: 'x', device_id: 'phone-of-me' }),
  });
  return response;
};

it('stops one account that asks too often and says how long to wait, and nobody else', async () => {
  const statuses = [];
  for (let index = 0; index < 4; index += 1) statuses.push((await scan(0)).status);
  expect(statuses).toEqual([409, 409, 409, 429]);
  const refused = await scan(0);
  expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_REQUESTS', status: 429 });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await scan(1)).status).toBe(409);
});

it('counts each kind of request by itself, and tells what is left', async () => {
  const response = await fetch(`${url}${API}/campus/`, {
    headers: await server.authorization('student', { student: rollNumber(0) }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('ratelimit')).toBe(
    `limit=${BUDGETS.ordinary.points}, remaining=${BUDGETS.ordinary.points - 1}`,
  );
});

it('gives a role the budget that the college set for it', async () => {
  const ask = async (role: RoleId) => {
    const headers = await server.authorization(role);
    const response = await fetch(`${url}${API}/statistics/overview/`, { headers });
    return response.status;
  };
  expect([await ask('dean'), await ask('dean')]).toEqual([200, 429]);
  expect([await ask('coordinator'), await ask('coordinator'), await ask('coordinator')]).toEqual([
    200, 200, 429,
  ]);
});

it('case 108: five thousand students behind one address sign in and renew within five minutes', async () => {
  const rates = createRateLimits();
  const anonymous = { accountId: null, grants: [] } as unknown as Principal;
  const request = { ip: '203.0.113.7' } as Request;
  const response = { set: () => response } as unknown as Response;
  const contract = { access: 'public' } as RouteContract;
  for (let call = 0; call < 2 * 5_000; call += 1) await rates.take(contract, anonymous, request, response);
});

it('has the budgets of the security guidance', () => {
  expect([BUDGETS.qr_scan, BUDGETS.bulk_mark, BUDGETS.sessions, BUDGETS.statistics, BUDGETS.export]).toEqual([
    { points: 100, duration: 60 },
    { points: 10, duration: 60 },
    { points: 20, duration: 60 },
    { points: 60, duration: 60 },
    { points: 5, duration: 3_600 },
  ]);
});
