import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExpressServer } from './express-server.js';
import { problemOf } from './problem.js';
import { BODY_DEPTH_MAX, readJson } from './read-json.js';

const BYTES_MAX = 20_000;

/** Answers what it has read, or the status of what it refuses, and tells what reached the error handler. */
async function serverWith(read: RequestHandler) {
  const app = express();
  const told: string[] = [];
  app.use(read);
  app.use((request: Request, response: Response) => {
    response.json(request.body === undefined ? { nothing: true } : { read: request.body });
  });
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const { status, code } = problemOf(error);
    told.push(code);
    response.status(status).json({ code });
  });
  const server = createExpressServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, told, stop: () => new Promise((resolve) => server.close(resolve)) };
}
type Running = Awaited<ReturnType<typeof serverWith>>;

let own: Running;
let itsModel: Running;
beforeAll(async () => {
  own = await serverWith(readJson(BYTES_MAX));
  itsModel = await serverWith(express.json({ limit: BYTES_MAX }));
});
afterAll(() => Promise.all([own.stop(), itsModel.stop()]));

/** Each part in a packet of its own, as far as that can be had. */
async function answerTo(port: number, parts: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => socket.once('close', resolve));
  for (const part of parts) await new Promise((resolve) => socket.write(part, resolve));
  await ended;
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  return `${head.split('\r\n', 1)[0]} ${body}`;
}

function request(headers: Record<string, string>, ...body: (string | Buffer)[]): (string | Buffer)[] {
  const length = body.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
  const lines = Object.entries({ 'Content-Length': String(length), ...headers })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return [`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join('')}\r\n`, ...body];
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

it.each<[string, (string | Buffer)[]]>([
  ['an object', request(JSON_TYPE, '{"a":[1,{"b":"ü€😀"}]}')],
  ['a list', request(JSON_TYPE, '[1]')],
  ['an object after spaces', request(JSON_TYPE, ' \r\n\t{"a":1}')],
  [
    'a charset that is meant anyway',
    request({ 'Content-Type': 'application/json; charset=utf-8' }, '{"a":"ü"}'),
  ],
  ['a type in large letters', request({ 'Content-Type': 'Application/JSON' }, '{"a":1}')],
  ['a byte order mark', request(JSON_TYPE, '\uFEFF{"a":1}')],
  ['bytes that are no UTF-8', request(JSON_TYPE, Buffer.from('{"a":"\xff\xc0"}', 'latin1'))],
  [
    'a text that comes in pieces',
    request(JSON_TYPE, '{"a":"', Buffer.from([0xe2]), Buffer.from([0x82, 0xac]), '"}'),
  ],
  ['__proto__', request(JSON_TYPE, '{"__proto__":{"a":1}}')],
  ['broken JSON', request(JSON_TYPE, '{"a":')],
  ['a number', request(JSON_TYPE, '5')],
  ['spaces', request(JSON_TYPE, '  ')],
  ['no body', request(JSON_TYPE)],
  ['no length and no body', request({ ...JSON_TYPE, 'Content-Length': '' })],
  [
    'chunks',
    request(
      { ...JSON_TYPE, 'Content-Length': '', 'Transfer-Encoding': 'chunked' },
      '7\r\n{"a":1}\r\n0\r\n\r\n',
    ),
  ],
  ['a compressed body', request({ ...JSON_TYPE, 'Content-Encoding': 'gzip' }, gzipSync('{"a":1}'))],
  ['a compression that is none', request({ ...JSON_TYPE, 'Content-Encoding': 'gzip' }, '{"a":1}')],
  [
    'UTF-16',
    request({ 'Content-Type': 'application/json; charset=utf-16le' }, Buffer.from('{"a":1}', 'utf16le')),
  ],
  ['another charset', request({ 'Content-Type': 'application/json; charset=latin1' }, '{"a":1}')],
  ['another type', request({ 'Content-Type': 'text/plain' }, '{"a":1}')],
  ['no type', request({}, '{"a":1}')],
  ['a longer body', request(JSON_TYPE, JSON.stringify({ a: 'x'.repeat(17_000) }))],
  ['a body that is too long', request(JSON_TYPE, JSON.stringify({ a: 'x'.repeat(BYTES_MAX) }))],
])('%s is read as Express reads it', async (_what, parts) => {
  expect(await answerTo(own.port, parts)).toBe(await answerTo(itsModel.port, parts));
});

const nested = (levels: number, more = ''): string =>
  `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}${more}}`;
const LONG = `,"b":"${'x'.repeat(17_000)}"`;

it.each([
  ['a short body', ''],
  ['a long body', LONG],
])('%s is read down to so many levels and not deeper: what looks at it later may go down by itself', async (_what, more) => {
  const deepest = await answerTo(own.port, request(JSON_TYPE, nested(BODY_DEPTH_MAX, more)));
  expect(deepest).toContain('200 OK');
  const deeper = await answerTo(own.port, request(JSON_TYPE, nested(BODY_DEPTH_MAX + 1, more)));
  expect(deeper).toBe('HTTP/1.1 400 Bad Request {"code":"REQUEST_INVALID"}');
});

it('brackets in a text are no levels', async () => {
  const body = JSON.stringify({ a: '['.repeat(5_000) });
  expect(await answerTo(own.port, request(JSON_TYPE, body))).toContain('200 OK');
});

it('a body that was read before stays what it is', async () => {
  const twice = await serverWith((incoming, response, next) => {
    readJson(BYTES_MAX)(incoming, response, (error?: unknown) => {
      if (error === undefined) readJson(BYTES_MAX)(incoming, response, next);
      else next(error);
    });
  });
  expect(await answerTo(twice.port, request(JSON_TYPE, '{"a":1}'))).toBe('HTTP/1.1 200 OK {"read":{"a":1}}');
  await twice.stop();
});

it('a request that breaks off is refused like any other that cannot be read', async () => {
  for (const { port, told } of [own, itsModel]) {
    told.length = 0;
    const socket = connect({ port, host: '127.0.0.1' });
    await new Promise((resolve) =>
      socket.write(
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a"',
        resolve,
      ),
    );
    // Until central has seen the head of it.
    expect(await answerTo(port, request(JSON_TYPE, '{}'))).toContain('200');
    socket.destroy();
    await expect.poll(() => told).toEqual(['REQUEST_INVALID']);
  }
});
