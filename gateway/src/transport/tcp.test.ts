import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenTransport } from './open-transport.js';
import { parseTcpAddress } from './tcp-address.js';
import type { Transport } from './transport.js';

const LINK = { baud: 9600, dtr: false, rts: false };

let server: Server;
let accepted: Promise<Socket>;
let transport: Transport;
let received: Buffer[];
let ended: Promise<string>;
let onEnded: (code: string) => void;

beforeEach(async () => {
  server = createServer();
  accepted = new Promise((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  transport = createOpenTransport(new ManualClock())(`tcp://127.0.0.1:${port}`, LINK);
  received = [];
  ended = new Promise((resolve) => {
    onEnded = resolve;
  });
});

afterEach(async () => {
  await transport.close();
  server.close();
});

function open(): Promise<void> {
  return transport.open({
    onBytes: (chunk) => received.push(Buffer.from(chunk)),
    onClose: ({ code }) => onEnded(code),
  });
}

describe('a reader behind a serial server', () => {
  it('exchanges bytes in both directions', async () => {
    await open();
    const socket = await accepted;
    const echoed = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    await transport.write(Buffer.from('LED'));
    expect((await echoed).toString()).toBe('LED');
    socket.end('bytes');
    await ended;
    expect(Buffer.concat(received).toString()).toBe('bytes');
  });

  it('is lost when the server ends the connection, and writes then fail at once', async () => {
    await open();
    (await accepted).destroy();
    expect(await ended).toBe('PORT_LOST');
    await expect(transport.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'PORT_CLOSED' });
  });

  it('tells once that it was closed', async () => {
    await open();
    await transport.close();
    await transport.close();
    expect(await ended).toBe('PORT_CLOSED');
  });

  it('is absent when nobody listens, with what to check', async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(open()).rejects.toMatchObject({
      code: 'PORT_ABSENT',
      message: expect.stringContaining('tcp://127.0.0.1'),
    });
  });

  it('refuses a write before it was opened', async () => {
    await expect(transport.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'PORT_CLOSED' });
  });
});

it.each([
  ['tcp://10.0.0.7:4001', { host: '10.0.0.7', port: 4001 }],
  ['tcp://[::1]:4001', { host: '::1', port: 4001 }],
  ['tcp://reader-1.local:1', { host: 'reader-1.local', port: 1 }],
  ['tcp://host', undefined],
  ['tcp://host:0', undefined],
  ['tcp://host:65536', undefined],
  ['tcp://a b:1', undefined],
  ['/dev/ttyUSB0', undefined],
])('takes %s apart', (text, expected) => {
  expect(parseTcpAddress(text)).toEqual(expected);
});
