import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express, { type Request, type Response } from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExpressServer } from './express-server.js';
import { replyJson } from './reply-json.js';

const LARGE = { text: 'ü€😀'.repeat(2_000) };
type Reply = { status: number; headers?: Record<string, string>; body: unknown };
const REPLIES: Record<string, Reply> = {
  small: { status: 200, body: { a: 'ü', b: null, at: new Date(0) } },
  large: { status: 201, body: LARGE },
  empty: { status: 200, body: {} },
  nothing: { status: 200, body: undefined },
  versioned: { status: 200, headers: { ETag: '"3"' }, body: { version: 3 } },
  problem: { status: 409, headers: { 'Content-Type': 'application/problem+json' }, body: { code: 'STALE' } },
};

let stop: () => void;
let base: string;
beforeAll(async () => {
  const app = express();
  app.set('etag', false);
  app.all('/own/:name', (incoming: Request, response: Response) => {
    replyJson(incoming, response, REPLIES[incoming.params['name'] as string] as Reply);
  });
  app.all('/model/:name', (incoming: Request, response: Response) => {
    const { status, headers, body } = REPLIES[incoming.params['name'] as string] as Reply;
    response
      .status(status)
      .set({ 'Cache-Control': 'no-store', ...headers })
      .json(body);
  });
  const server = createExpressServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () => server.close();
});
afterAll(() => stop());

/** Not by `fetch`, which asks for a fresh answer wherever it is told a condition. */
async function answer(path: string, method: string, headers: Record<string, string>) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${base}/${path}`, { method, headers, agent: false }, resolve).once('error', reject).end();
  });
  const { date: _date, ...all } = response.headers;
  return { status: response.statusCode, headers: all, text: await text(response) };
}

const CONDITIONS: Record<string, string>[] = [{}, { 'If-None-Match': '"3"' }, { 'If-None-Match': '"4"' }];

it.each(Object.keys(REPLIES))('an answer is what Express would send: %s', async (name) => {
  for (const method of ['POST', 'GET', 'HEAD']) {
    for (const headers of CONDITIONS) {
      const own = await answer(`own/${name}`, method, headers);
      expect(own).toEqual(await answer(`model/${name}`, method, headers));
    }
  }
});

it('what a client has already is not sent again', async () => {
  expect(await answer('own/versioned', 'GET', { 'If-None-Match': '"3"' })).toMatchObject({
    status: 304,
    text: '',
  });
});
