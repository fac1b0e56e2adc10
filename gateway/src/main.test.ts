import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { healthSchema } from '@rollcall/protocol/health';
import { systemClock } from '@rollcall/protocol/system-clock';
import { describe, expect, it, vi } from 'vitest';
import { askGateway } from './cli/ask-gateway.js';
import type { GatewayConfig } from './config/schema.js';
import { findDriver } from './drivers/registry.js';
import { createLog } from './log.js';
import { runGateway } from './main.js';
import { STORE_FILE } from './store/replace.js';
import { onCleanup, scribblePage, tempDir } from './store/store.fixture.js';
import { openBatch, PASSWORD, startBroker } from './uplink/broker.fixture.js';
import { KEY_FILE, loadSigner } from './uplink/signer.js';

const GATEWAY_ID = 'gw-block-a';
const WAIT = { timeout: 10_000, interval: 20 };

/** A reader on the network that prints a line per card and notes every light it is told to show. */
async function startReader() {
  const sockets: Socket[] = [];
  const shown: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (chunk) => shown.push(chunk.toString()));
    socket.on('error', () => undefined);
    socket.write('\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanup(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tap: (uid: string) => sockets.at(-1)?.write(`${uid}\r\n`),
    greens: () => shown.join('').split('LED,1,').length - 1,
  };
}

interface Site {
  dataDir: string;
  mqttUrl: string;
  port: string;
}

function configOf({ dataDir, mqttUrl, port }: Site): GatewayConfig {
  writeFileSync(join(dataDir, 'mqtt-password'), `${PASSWORD}\n`);
  writeFileSync(join(dataDir, 'card-hash-key'), 'ab'.repeat(32));
  return {
    gateway: { id: GATEWAY_ID, dataDir },
    uplink: {
      mqttUrl,
      passwordFile: join(dataDir, 'mqtt-password'),
      centralUrl: 'http://127.0.0.1:9',
      windowBatches: 8,
      batchRows: 50,
      resendSeconds: 30,
    },
    identify: { cardHashKeyFile: join(dataDir, 'card-hash-key') },
    fingers: {},
    clock: { trust: 'system' },
    store: { retentionDays: 30, ballastBytes: 1024 * 1024 },
    health: { intervalSeconds: 60 },
    log: { level: 'info' },
    devices: [{ id: 'line-r102', driver: 'line', port, options: findDriver('line')?.options.parse({}) }],
  };
}

function startGateway(config: GatewayConfig) {
  const lines: Array<Record<string, unknown>> = [];
  const stop = new AbortController();
  const done = runGateway({
    config,
    clock: systemClock,
    log: createLog('info', { write: (text: string) => void lines.push(JSON.parse(text)) }),
    env: {},
    signal: stop.signal,
  });
  let isDone = false;
  const finish = async (): Promise<void> => {
    stop.abort();
    await done.finally(() => {
      isDone = true;
    });
  };
  onCleanup(() => {
    if (!isDone) void finish().catch(() => undefined);
  });
  const saw = (msg: string) =>
    vi.waitFor(() => expect(lines.map((line) => line['msg'])).toContain(msg), WAIT);
  return { lines, done, finish, saw };
}

describe('the gateway', () => {
  it('turns green for every tap, tells central each one exactly once over a restart, and forgets none', async () => {
    const broker = await startBroker();
    const reader = await startReader();
    const site = { dataDir: tempDir(), mqttUrl: broker.url, port: reader.port };
    const config = configOf(site);
    const first = startGateway(config);
    await first.saw('ready');
    const { publicKey } = loadSigner(join(site.dataDir, KEY_FILE));
    const rows = () =>
      [
        ...broker.onTopic('/up/punch'),
        ...broker.onTopic('/up/anchor'),
        ...broker.onTopic('/up/event'),
      ].flatMap((message) => openBatch(message, publicKey).rows);
    const punchIds = () =>
      new Set(rows().flatMap((row) => (row['punch_id'] === undefined ? [] : [row['punch_id']])));
    const isReady = () =>
      broker.onTopic('/up/device/line-r102/status').some(({ payload }) => payload.includes('"ready"'));
    await vi.waitFor(() => expect(isReady()).toBe(true), WAIT);
    for (const [index, uid] of ['04A1B2C3', '04A1B2C4', '04A1B2C5'].entries()) {
      reader.tap(uid);
      await vi.waitFor(() => expect(reader.greens()).toBe(index + 1), WAIT);
    }
    await vi.waitFor(() => expect(punchIds().size).toBe(reader.greens()), WAIT);
    process.emit('SIGUSR2');
    expect(readFileSync(join(site.dataDir, 'captures', 'line-r102.json'), 'utf8')).toContain('30 34 41 31');
    const seqs = new Set(rows().map((row) => row['seq'] as number));
    expect(Math.max(...seqs)).toBe(seqs.size);
    const [health] = broker.onTopic('/up/health').slice(-1);
    expect(healthSchema.parse(JSON.parse(health?.payload.toString() ?? ''))).toMatchObject({
      clock_state: 'synced',
    });
    expect(broker.onTopic('/up/device/line-r102/status')).not.toHaveLength(0);
    expect((await askGateway(site.dataDir))?.devices).toMatchObject([
      { device_id: 'line-r102', state: 'ready' },
    ]);
    await first.finish();

    // Nothing was acked: the next start sends all of it again, as the same punches.
    const before = punchIds();
    broker.received.length = 0;
    const second = startGateway(config);
    await vi.waitFor(() => expect(punchIds()).toEqual(before), WAIT);
    const head = second.lines.find((line) => line['msg'] === 'ready');
    const storeId = head?.['store_id'];
    const headSeq = () => Math.max(...rows().map((row) => row['seq'] as number));
    const ack = () => ({ v: 1, store_id: storeId, through_seq: headSeq(), rejected: [] });
    await vi.waitFor(async () => {
      // Rows go on coming while the readers connect, and each calls for an ack.
      await broker.publish(`rollcall/v1/${GATEWAY_ID}/down/ack`, ack());
      const latest = JSON.parse(broker.onTopic('/up/health').at(-1)?.payload.toString() ?? '{}');
      expect(latest.acked_seq).toBe(latest.head_seq);
    }, WAIT);
    await second.finish();
    expect(second.lines.at(-1)?.['msg']).toBe('stopped');
  }, 60_000);

  it('answers commands', async () => {
    const broker = await startBroker();
    const config = configOf({ dataDir: tempDir(), mqttUrl: broker.url, port: 'tcp://127.0.0.1:9' });
    const gateway = startGateway(config);
    await gateway.saw('connected to the broker');
    const command = { v: 1, id: 'c1', issued_at: new Date().toISOString(), ttl_s: 60, args: {} };
    await broker.publish(`rollcall/v1/${GATEWAY_ID}/down/cmd/ping`, command);
    await broker.publish(`rollcall/v1/${GATEWAY_ID}/down/cmd/ping`, {
      ...command,
      id: 'c2',
      issued_at: '2020-01-01T00:00:00.000Z',
    });
    const answers = () => broker.onTopic('/up/rsp/ping').map(({ payload }) => JSON.parse(payload.toString()));
    await vi.waitFor(() => expect(answers()).toHaveLength(2), WAIT);
    expect(answers()).toMatchObject([
      { id: 'c1', status: 'ok' },
      { id: 'c2', error: { code: 'COMMAND_EXPIRED' } },
    ]);
    await gateway.finish();
  }, 30_000);

  it('starts on a damaged store, without central and without its readers, and says so', async () => {
    const config = configOf({ dataDir: tempDir(), mqttUrl: 'mqtt://127.0.0.1:9', port: 'tcp://127.0.0.1:9' });
    const first = startGateway(config);
    await first.saw('ready');
    await first.finish();
    scribblePage(join(config.gateway.dataDir, STORE_FILE), 1);
    const second = startGateway(config);
    await second.saw('ready');
    expect(second.lines.some((line) => line['code'] === 'STORE_REPLACED')).toBe(true);
    await second.finish();
  }, 30_000);

  it('refuses to start without its secrets, naming what to do', async () => {
    const config = configOf({ dataDir: tempDir(), mqttUrl: 'mqtt://127.0.0.1:9', port: 'tcp://127.0.0.1:9' });
    writeFileSync(config.uplink.passwordFile, '');
    await expect(startGateway(config).done).rejects.toThrow(/password_file.*CONFIG_INVALID/);
    writeFileSync(config.uplink.passwordFile, PASSWORD);
    writeFileSync(config.identify.cardHashKeyFile, 'short');
    await expect(startGateway(config).done).rejects.toThrow(/KEY_INVALID/);
  });
});
