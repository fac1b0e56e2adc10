import { createHash } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { systemClock } from '@rollcall/protocol/system-clock';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { TestGateway } from '../ingest/test-gateway.js';
import { silentLog } from '../log.js';
import { takeConsumerTurns } from './consumer-turn.js';
import { centralClientId, type EmbeddedBroker, startEmbeddedBroker } from './embedded.js';
import { type BrokerLink, type BrokerLinkOptions, type Message, openBrokerLink } from './link.js';

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

describe('the built-in broker', () => {
  let db: TestDatabase;
  let broker: EmbeddedBroker;
  let clients: MqttClient[];
  let links: BrokerLink[];

  beforeAll(async () => {
    db = await openTestDatabase();
    for (const id of ['gw-1', 'gw-10']) {
      await new TestGateway(id).register(db.knex);
      await db
        .knex('gateway')
        .where({ id })
        .update({ secret_sha256: sha256(`secret of ${id}`) });
    }
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    broker = await startEmbeddedBroker({ db, log: silentLog, host: '127.0.0.1', port: 0 });
    clients = [];
    links = [];
  });
  afterEach(async () => {
    for (const client of clients) await client.endAsync(true);
    for (const link of links) await link.stop();
    await broker.stop();
  });

  async function signIn(id: string, options: IClientOptions = {}): Promise<MqttClient> {
    const login = { clientId: id, username: id, password: `secret of ${id}`, reconnectPeriod: 0, ...options };
    const client = await connectAsync(broker.login.url, login);
    clients.push(client);
    client.on('error', () => undefined);
    return client;
  }

  function openLink(
    handle: BrokerLinkOptions['handle'],
    options: Partial<BrokerLinkOptions> = {},
  ): BrokerLink {
    const link = openBrokerLink({
      ...broker.login,
      clientId: centralClientId(),
      handle,
      clock: systemClock,
      log: silentLog,
      ...options,
    });
    links.push(link);
    return link;
  }

  it('case 94: cuts a gateway that is revoked and refuses it from then on', async () => {
    await new TestGateway('gw-stolen').register(db.knex);
    const secret = { secret_sha256: sha256('secret of gw-stolen') };
    await db.knex('gateway').where({ id: 'gw-stolen' }).update(secret);
    const gateway = await signIn('gw-stolen');
    const cut = once(gateway as unknown as EventEmitter, 'close');
    await db.knex('gateway').where({ id: 'gw-stolen' }).update({ revoked_at: new Date() });
    broker.cut('gw-stolen');
    await cut;
    await expect(signIn('gw-stolen')).rejects.toThrow(/not authorized/i);
    broker.cut('gw-nobody');
  });

  it('takes a message from a gateway to central and one back', async () => {
    let arrive: (message: Message) => void = () => undefined;
    const received = new Promise<Message>((resolve) => {
      arrive = resolve;
    });
    const link = openLink(async (message) => arrive(message));
    await link.consume();
    const gateway = await signIn('gw-1');
    await gateway.subscribeAsync('rollcall/v1/gw-1/down/#');
    const answer = once(gateway as unknown as EventEmitter, 'message');
    await gateway.publishAsync('rollcall/v1/gw-1/up/punch', 'hello', { qos: 1 });
    expect(await received).toMatchObject({ topic: 'rollcall/v1/gw-1/up/punch', retained: false });
    link.publish('rollcall/v1/gw-1/down/ack', '{}');
    expect((await answer)[0]).toBe('rollcall/v1/gw-1/down/ack');
  });

  it.each([
    ['a wrong password', { password: 'guess' }],
    ['no password', { password: undefined }],
    ['another client id than the user name', { clientId: 'gw-10' }],
    ['a gateway that is not registered', { clientId: 'gw-2', username: 'gw-2' }],
    [
      'the name of central with a guessed secret',
      { clientId: 'CENTRAL-1', username: 'CENTRAL', password: 'x' },
    ],
    [
      'a will outside its own topics',
      { will: { topic: 'rollcall/v1/gw-10/up/status', payload: 'x', qos: 1, retain: true } },
    ],
  ] as const)('refuses the login with %s', async (_what, options) => {
    await expect(signIn('gw-1', options as IClientOptions)).rejects.toThrow(/not authorized/i);
  });

  it.each([
    'rollcall/v1/gw-10/up/punch',
    'rollcall/v1/gw-1/down/ack',
    'rollcall/v1/gw-1/up/unknown',
    'rollcall/v1/PROBE/up/live/x',
    '$SYS/x',
    'other',
  ])('ends the connection of a gateway that publishes to %s', async (topic) => {
    const link = openLink(() => Promise.reject(new Error('must not arrive')));
    await link.consume();
    const gateway = await signIn('gw-1');
    const closed = once(gateway as unknown as EventEmitter, 'close');
    gateway.publish(topic, 'x', { qos: 1 }, () => undefined);
    await closed;
  });

  it.each([
    'rollcall/v1/gw-10/down/#',
    'rollcall/v1/+/up/#',
    '#',
    'rollcall/v1/gw-1/up/#',
    '$SYS/#',
  ])('refuses a gateway the subscription of %s', async (topic) => {
    const gateway = await signIn('gw-1');
    await expect(gateway.subscribeAsync(topic)).rejects.toThrow();
  });

  it('drops a connection that announces a packet larger than a batch, before it knows who it is', async () => {
    const socket = connectTcp(broker.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await once(socket, 'close');
  });

  it('names a taken port and the remedy', async () => {
    const error = await startEmbeddedBroker({
      db,
      log: silentLog,
      host: '127.0.0.1',
      port: broker.port,
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'PORT_TAKEN' });
    expect(String(error)).toContain(String(broker.port));
    expect(String(error)).toContain('--mqtt-port');
  });

  it('gives central the next message only after it took the one before', async () => {
    const seen: string[] = [];
    const steps: (() => void)[] = [];
    const arrived: (() => void)[] = [];
    const nextArrival = () => new Promise<void>((resolve) => arrived.push(resolve));
    const link = openLink((message) => {
      seen.push(Buffer.from(message.payload).toString());
      for (const resolve of arrived.splice(0)) resolve();
      return new Promise((resolve) => steps.push(resolve));
    });
    await link.consume();
    const gateway = await signIn('gw-1');
    const first = nextArrival();
    for (const payload of ['1', '2', '3']) gateway.publish('rollcall/v1/gw-1/up/punch', payload, { qos: 1 });
    await first;
    expect(seen).toEqual(['1']);
    const second = nextArrival();
    steps.shift()?.();
    await second;
    expect(seen).toEqual(['1', '2']);
    for (const step of steps) step();
  });

  it('subscribes again by itself when the broker was restarted with an empty memory', async () => {
    const received: string[] = [];
    const waiting: (() => void)[] = [];
    const { port } = broker;
    const link = openLink(async (message) => {
      received.push(message.topic);
      for (const resolve of waiting.splice(0)) resolve();
    });
    await link.consume();
    const readings: boolean[] = [];
    const readsAgain = new Promise<void>((resolve) => {
      link.onReading(() => {
        readings.push(link.isConsuming);
        if (readings.length === 2) resolve();
      });
    });
    await broker.stop();
    broker = await startEmbeddedBroker({
      db,
      log: silentLog,
      host: '127.0.0.1',
      port,
      secret: broker.login.password,
    });
    await readsAgain;
    // What a gateway is made to send by it must not be lost.
    expect(readings).toEqual([true, true]);
    const arrived = new Promise<void>((resolve) => waiting.push(resolve));
    const gateway = await signIn('gw-1');
    const resend = setInterval(() => gateway.publish('rollcall/v1/gw-1/up/health', 'x', { qos: 1 }), 50);
    await arrived;
    clearInterval(resend);
    expect(link.isConsuming).toBe(true);
  });

  it('refuses to start when its own probe does not come back', async () => {
    const link = openLink(async () => undefined, {
      username: 'gw-1',
      password: 'secret of gw-1',
      clientId: 'gw-1',
      probeTimeoutMs: 500,
    });
    const error = await link.consume().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BROKER_PROBE_FAILED' });
    expect(String(error)).toContain('MQTT_USERNAME');
  });

  it('refuses to start without a broker, and keeps the login out of the message', async () => {
    const link = openLink(async () => undefined, {
      url: 'mqtt://user:topsecret@127.0.0.1:1',
      probeTimeoutMs: 500,
    });
    const error = await link.consume().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BROKER_PROBE_FAILED' });
    expect(String(error)).toContain('ECONNREFUSED');
    expect(String(error)).not.toContain('topsecret');
  });

  it('lets one replica read and the next one take over', async () => {
    const begun: string[] = [];
    const options = (name: string) => ({
      databaseUrl: db.url,
      clock: systemClock,
      log: silentLog,
      begin: async () => {
        begun.push(name);
        for (const resolve of waiting.splice(0)) resolve();
      },
      end: async () => undefined,
    });
    const waiting: (() => void)[] = [];
    const first = await takeConsumerTurns(options('first'));
    const second = await takeConsumerTurns({ ...options('second'), retryMs: 20 });
    expect(begun).toEqual(['first']);
    const taken = new Promise<void>((resolve) => waiting.push(resolve));
    await first.stop();
    await taken;
    expect(begun).toEqual(['first', 'second']);
    await second.stop();
  });
});
