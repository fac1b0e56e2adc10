import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it } from 'vitest';
import { createExpressServer } from './express-server.js';

it('makes requests and answers as Express would make them, before it gets them', async () => {
  const app = express();
  app.get('/', (request, response) => {
    response.json({ host: request.hostname });
  });
  const server = createExpressServer(app);
  const born: boolean[] = [];
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    born.push(
      Object.getPrototypeOf(request) === app.request,
      Object.getPrototypeOf(response) === app.response,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(await response.json()).toEqual({ host: '127.0.0.1' });
    expect(born).toEqual([true, true]);
  } finally {
    server.close();
  }
});
