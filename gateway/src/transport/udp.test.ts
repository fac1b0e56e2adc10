import { createSocket, type Socket } from 'node:dgram';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenTransport } from './open-transport.js';
import { isWatchable } from './port-identity.js';
import type { Transport } from './transport.js';
import { UdpTransport } from './udp.js';
import { parseUdpAddress } from './udp-address.js';

const LINK = { baud: 9600, dtr: false, rts: false };

let device: Socket;
let transport: Transport;
let received: string[];
let closed: string[];
let onNext: () => void = () => undefined;

beforeEach(async () => {
  device = createSocket('udp4');
  await new Promise<void>((resolve) => device.bind(0, '127.0.0.1', resolve));
  transport = createOpenTransport(new ManualClock())(`udp://127.0.0.1:${device.address().port}`, LINK);
  received = [];
  closed = [];
});

afterEach(async () => {
  await transport.close();
  await new Promise<void>((resolve) => device.close(() => resolve()));
});

const open = (): Promise<void> =>
  transport.open({
    onBytes: (chunk) => {
      received.push(Buffer.from(chunk).toString());
      onNext();
    },
    onClose: ({ code }) => {
      closed.push(code);
      onNext();
    },
  });

const next = (): Promise<void> =>
  new Promise((resolve) => {
    onNext = resolve;
  });

describe('a device that speaks in datagrams', () => {
  it('exchanges them whole, with the one that was called and nobody else', async () => {
    await open();
    const heard = new Promise<number>((resolve) => device.once('message', (_, { port }) => resolve(port)));
    await transport.write(Buffer.from('question'));
    const port = await heard;
    const stranger = createSocket('udp4');
    await new Promise<void>((resolve) => stranger.send('forged', port, '127.0.0.1', () => resolve()));
    stranger.close();
    for (const answer of ['one', 'two']) {
      const came = next();
      device.send(answer, port, '127.0.0.1');
      await came;
    }
    expect(received).toEqual(['one', 'two']);
    expect(transport.datagrams).toBe(true);
  });

  it('is lost when nothing takes them, and writes then fail at once', async () => {
    await new Promise<void>((resolve) => device.close(() => resolve()));
    device = createSocket('udp4');
    await open();
    const lost = next();
    await transport.write(Buffer.from('question')).catch(() => undefined);
    await lost;
    expect(closed).toEqual(['PORT_LOST']);
    await expect(transport.write(Buffer.from('again'))).rejects.toMatchObject({ code: 'PORT_CLOSED' });
  });
});

describe('a name instead of an address', () => {
  const named = (resolve: () => Promise<{ address: string; family: number }>): void => {
    transport = new UdpTransport({
      address: { host: 'terminal.campus.example', port: device.address().port },
      clock: new ManualClock(),
      resolve,
    });
  };

  it('that nobody knows is no port', async () => {
    named(async () => {
      throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    });
    await expect(open()).rejects.toMatchObject({ code: 'PORT_ABSENT' });
    transport = createOpenTransport(new ManualClock())('udp://no-such-host.invalid:4370', LINK);
    await expect(open()).rejects.toMatchObject({ code: 'PORT_ABSENT' });
  });

  it('is reached in the family of its address, and an address nobody may call is no port', async () => {
    named(async () => ({ address: '127.0.0.1', family: 4 }));
    await open();
    const heard = new Promise<string>((resolve) => device.once('message', (text) => resolve(String(text))));
    await transport.write(Buffer.from('question'));
    expect(await heard).toBe('question');
    await transport.close();
    // Of the other family: a socket that was made for IPv4 could not even try.
    named(async () => ({ address: '::1', family: 6 }));
    await open().catch((error: unknown) => expect(String(error)).not.toContain('EINVAL'));
  });

  it('whose address comes when nobody waits any more opens nothing', async () => {
    let answer: (found: { address: string; family: number }) => void = () => undefined;
    named(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const opening = open();
    await transport.close();
    answer({ address: '127.0.0.1', family: 4 });
    await expect(opening).rejects.toMatchObject({ code: 'PORT_CLOSED' });
  });
});

describe('the address of one', () => {
  it('is host and port, and no path that can be watched', () => {
    expect(parseUdpAddress('udp://10.20.0.32:4370')).toEqual({ host: '10.20.0.32', port: 4370 });
    for (const wrong of ['tcp://10.20.0.32:4370', 'udp://10.20.0.32', 'udp://:1', 'udp://a:70000'])
      expect(parseUdpAddress(wrong)).toBeUndefined();
    expect(isWatchable('udp://10.20.0.32:4370')).toBe(false);
  });
});
