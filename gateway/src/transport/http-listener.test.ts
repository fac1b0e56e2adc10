import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseHttpAddress } from './http-address.js';
import { BODY_BYTES_MAX, STRANGERS_TOLD_MAX, type StrangerNews } from './http-listener.js';
import { createOpenTransport } from './open-transport.js';
import type { OpenTransport, Transport } from './transport.js';

const LINK = { baud: 9600, dtr: false, rts: false };

let port: number;
let clock: ManualClock;
let strangers: StrangerNews[];
let openTransport: OpenTransport;
let opened: Transport[];
let heard: string[];

beforeEach(async () => {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  port = (probe.address() as AddressInfo).port;
  await new Promise((resolve) => probe.close(resolve));
  clock = new ManualClock();
  strangers = [];
  opened = [];
  heard = [];
  openTransport = createOpenTransport(clock, undefined, (stranger) => strangers.push(stranger));
});

afterEach(async () => {
  for (const transport of opened) await transport.close();
});

/** A terminal's session that answers every request with its serial number. */
async function answer(serial: string, query = ''): Promise<Transport> {
  const transport = openTransport(`http://127.0.0.1:${port}/${serial}${query}`, LINK);
  opened.push(transport);
  await transport.open({
    onBytes: (chunk) => {
      heard.push(Buffer.from(chunk).toString('latin1'));
      void transport.write(
        Buffer.from(
          `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${serial.length}\r\n\r\n${serial}`,
        ),
      );
    },
    onClose: () => undefined,
  });
  return transport;
}

function call(
  path: string,
  body?: string,
): Promise<{ status: number; text: string; headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          headers: response.headers,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('an address on which terminals call', () => {
  it('hands each request whole to the terminal of its serial number, and the answer back', async () => {
    await answer('SN-A');
    await answer('SN-B');
    expect(await call('/iclock/getrequest?SN=SN-B')).toMatchObject({ status: 200, text: 'SN-B' });
    const reply = await call('/iclock/cdata?sn=SN-A&table=ATTLOG', '1001\t2026-07-15 09:05:30\n');
    expect(reply).toMatchObject({ status: 200, text: 'SN-A' });
    // Terminals may set their clocks by this line; only a driver that knows the time writes it.
    expect(reply.headers['date']).toBeUndefined();
    expect(heard[1]).toBe(
      'POST /iclock/cdata?sn=SN-A&table=ATTLOG HTTP/1.1\r\nContent-Length: 25\r\n\r\n1001\t2026-07-15 09:05:30\n',
    );
  });

  it('refuses who is not configured, without reading, and tells of each once an hour', async () => {
    await answer('SN-A');
    for (let turn = 0; turn < 3; turn++) {
      expect((await call('/iclock/cdata?SN=OTHER', 'x'.repeat(1_000))).status).toBe(401);
    }
    expect((await call('/iclock/cdata?SN=../../etc')).status).toBe(401);
    expect((await call('/iclock/cdata?SN=../../etc&SN=SN-A')).status).toBe(401);
    expect((await call('/iclock/cdata')).status).toBe(401);
    expect(strangers).toEqual([
      { serial: 'OTHER', address: '127.0.0.1' },
      { serial: 'none', address: '127.0.0.1' },
    ]);
    clock.advance(3_600_000);
    await call('/iclock/cdata?SN=OTHER');
    expect(strangers).toHaveLength(3);
    expect(heard).toEqual([]);
  });

  it('tells of no more than some strangers an hour, and counts the others', async () => {
    const device = await answer('SN-A');
    const knock = async (times: number, name: string): Promise<void> => {
      for (let turn = 0; turn < times; turn++) await call(`/iclock/cdata?SN=${name}${turn}`);
    };
    await knock(STRANGERS_TOLD_MAX + 30, 'X');
    expect(strangers).toHaveLength(STRANGERS_TOLD_MAX);
    // A device that connects anew in between makes no difference.
    await device.close();
    await answer('SN-A');
    clock.advance(3_599_000);
    expect(strangers).toHaveLength(STRANGERS_TOLD_MAX);
    clock.advance(1_000);
    expect(strangers.at(-1)).toEqual({ moreCalls: 30 });
    await knock(STRANGERS_TOLD_MAX + 5, 'Y');
    clock.advance(3_600_000);
    expect(strangers).toHaveLength(2 * (STRANGERS_TOLD_MAX + 1));
    expect(strangers.at(-1)).toEqual({ moreCalls: 5 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells of the others once, however often the address could not be had meanwhile', async () => {
    const device = await answer('SN-A');
    for (let turn = 0; turn < STRANGERS_TOLD_MAX + 5; turn++) await call(`/iclock/cdata?SN=X${turn}`);
    await device.close();
    expect(clock.pendingTimers).toBe(0);
    const rival = createServer();
    await new Promise<void>((resolve) => rival.listen(port, '127.0.0.1', resolve));
    await expect(answer('SN-A')).rejects.toMatchObject({ code: 'PORT_BUSY' });
    await expect(answer('SN-A')).rejects.toMatchObject({ code: 'PORT_BUSY' });
    expect(clock.pendingTimers).toBe(0);
    await new Promise((resolve) => rival.close(resolve));
    await answer('SN-A');
    clock.advance(3_600_000);
    expect(strangers.filter((news) => 'moreCalls' in news)).toEqual([{ moreCalls: 5 }]);
  });

  it('refuses the right serial number from another address', async () => {
    await answer('SN-A', '?from=10.0.0.9');
    expect((await call('/iclock/getrequest?SN=SN-A')).status).toBe(401);
    expect(strangers).toEqual([{ serial: 'SN-A', address: '127.0.0.1' }]);
  });

  it('refuses a body that is too large, and a terminal that hammers', async () => {
    await answer('SN-A');
    const socket = connect(port, '127.0.0.1');
    const told = new Promise<string>((resolve) =>
      socket.once('data', (bytes) => resolve(bytes.toString('latin1'))),
    );
    socket.write(
      `POST /iclock/cdata?SN=SN-A HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY_BYTES_MAX + 1}\r\n\r\n`,
    );
    expect(await told).toMatch(/^HTTP\/1\.1 413/);
    socket.destroy();
    const statuses = new Set<number>();
    for (let turn = 0; turn < 210; turn++) statuses.add((await call('/iclock/getrequest?SN=SN-A')).status);
    expect([...statuses]).toEqual([200, 503]);
    clock.advance(1_000);
    expect((await call('/iclock/getrequest?SN=SN-A')).status).toBe(200);
  });

  it('never takes half an upload for all of it', async () => {
    await answer('SN-A');
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'POST /iclock/cdata?SN=SN-A&table=ATTLOG HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n1001\t2026-0',
    );
    await new Promise<void>((resolve) => socket.once('ready', resolve));
    socket.destroy();
    expect((await call('/iclock/getrequest?SN=SN-A')).status).toBe(200);
    expect(heard).toHaveLength(1);
  });

  it('says to come again while the device is between two connections, and serves it afterwards', async () => {
    await answer('SN-A');
    const other = await answer('SN-B');
    await other.close();
    expect((await call('/iclock/getrequest?SN=SN-B')).status).toBe(503);
    await answer('SN-B');
    expect((await call('/iclock/getrequest?SN=SN-B')).text).toBe('SN-B');
    expect(strangers).toEqual([]);
  });

  it('answers one request after the other, and everything that waits when it ends', async () => {
    const transport = openTransport(`http://127.0.0.1:${port}/SN-A`, LINK);
    opened.push(transport);
    let calls = 0;
    await transport.open({
      onBytes: () => {
        calls += 1;
      },
      onClose: () => undefined,
    });
    const both = [call('/iclock/getrequest?SN=SN-A'), call('/iclock/getrequest?SN=SN-A')];
    await expect.poll(() => calls).toBe(1);
    await transport.write(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1'));
    await expect.poll(() => calls).toBe(2);
    await transport.close();
    const statuses = (await Promise.allSettled(both)).map((result) =>
      result.status === 'fulfilled' ? result.value.status : 'cut',
    );
    expect(statuses[0]).toBe(200);
    expect([503, 'cut']).toContain(statuses[1]);
    await expect(transport.write(Buffer.from('late'))).rejects.toMatchObject({ code: 'PORT_CLOSED' });
  });

  it('gives the address back, and says who else holds it', async () => {
    const first = await answer('SN-A');
    const rival = createOpenTransport(clock)(`http://127.0.0.1:${port}/SN-X`, LINK);
    const handlers = { onBytes: () => undefined, onClose: () => undefined };
    await expect(rival.open(handlers)).rejects.toMatchObject({ code: 'PORT_BUSY' });
    await first.close();
    const second = createOpenTransport(clock)(`http://127.0.0.1:${port}/SN-X`, LINK);
    opened.push(second);
    await second.open(handlers);
  });
});

describe('the address of a terminal that calls', () => {
  it.each([
    [
      'http://0.0.0.0:8081/CKJM201260001',
      { host: '0.0.0.0', port: 8081, serial: 'CKJM201260001', from: undefined },
    ],
    ['http://[::1]:81/A?from=10.0.5.20', { host: '::1', port: 81, serial: 'A', from: '10.0.5.20' }],
    ['http://0.0.0.0:8081/', undefined],
    ['http://0.0.0.0:8081/a/b', undefined],
    ['http://0.0.0.0:0/A', undefined],
    ['http://0.0.0.0/A', undefined],
    ['https://0.0.0.0:1/A', undefined],
  ])('%s', (text, expected) => {
    expect(parseHttpAddress(text)).toEqual(expected);
  });
});
