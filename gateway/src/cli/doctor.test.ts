import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../config/load.js';
import type { GatewayConfig } from '../config/schema.js';
import { clockSync } from './checks/clock-sync.js';
import { disk } from './checks/disk.js';
import { modemManager } from './checks/modem-manager.js';
import { broker, central } from './checks/network.js';
import { ports, stableNames } from './checks/ports.js';
import { secretFiles } from './checks/secret-files.js';
import { doctor } from './doctor.js';

let folder: string;
let server: Server;
let config: GatewayConfig;
let file: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-doctor-'));
  server = createServer((_request, response) => {
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  file = join(folder, 'gateway.yaml');
  for (const name of ['password', 'reader']) writeFileSync(join(folder, name), 'x', { mode: 0o600 });
  writeFileSync(join(folder, 'key'), 'ab'.repeat(32), { mode: 0o600 });
  writeFileSync(
    file,
    JSON.stringify({
      gateway: { id: 'gw', data_dir: folder },
      uplink: {
        mqtt_url: `mqtt://127.0.0.1:${port}`,
        password_file: join(folder, 'password'),
        central_url: `http://127.0.0.1:${port}`,
      },
      identify: { card_hash_key_file: join(folder, 'key') },
      clock: { trust: 'system' },
      devices: [{ id: 'a', driver: 'rdm6300', port: join(folder, 'reader') }],
    }),
  );
  ({ config } = loadConfig({ file, env: {} }));
});

afterEach(() => {
  vi.restoreAllMocks();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that the doctor prints, and its exit code. */
async function examine(path = file): Promise<{ failures: number; text: string }> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const failures = await doctor({ config: path });
  return { failures, text };
}

describe('the doctor', () => {
  it('finds nothing wrong with a healthy gateway', async () => {
    const { port } = server.address() as AddressInfo;
    const written = readFileSync(file, 'utf8');
    writeFileSync(file, written.replace(join(folder, 'reader'), `tcp://127.0.0.1:${port}`));
    const { failures, text } = await examine();
    expect(text).not.toMatch(/^fail/m);
    expect(failures).toBe(0);
  });

  it('counts every failure and prints its remedy', async () => {
    rmSync(join(folder, 'password'));
    rmSync(join(folder, 'reader'));
    const { failures, text } = await examine();
    expect(failures).toBe(3);
    expect(text).toMatch(/^fail {2}devices: a: PORT_ABSENT\n {6}→ There is no reader at .*\)$/m);
    expect(text).toMatch(/^fail {2}secret-files: uplink\.password_file: .* is missing\n {6}→ /m);
    expect(text).toMatch(/^fail {2}ports: a: nothing is at .*\n {6}→ plug the reader in/m);
  });

  it('says what is wrong with a configuration that cannot be used', async () => {
    writeFileSync(file, 'gatway: {}');
    const { failures, text } = await examine();
    expect(failures).toBe(1);
    expect(text).toMatch(/gatway: is not a key; did you mean "gateway"\?/);
  });
});

describe('checks', () => {
  it('fails for a secret that others can read or that is empty', async () => {
    chmodSync(join(folder, 'key'), 0o644);
    writeFileSync(join(folder, 'password'), '\n');
    const [password, key] = await secretFiles.run(config);
    expect(password).toMatchObject({ verdict: 'fail', text: expect.stringContaining('empty') });
    expect(key).toMatchObject({ verdict: 'fail', remedy: expect.stringContaining('chmod 640') });
  });

  it('fails for a card key that no card could be recognized with', async () => {
    writeFileSync(join(folder, 'key'), 'not a key');
    const [, key] = await secretFiles.run(config);
    expect(key).toMatchObject({ verdict: 'fail', text: expect.stringContaining('64 hex digits') });
  });

  it('looks at the key files of readers, too', async () => {
    const keyFile = join(folder, 'reader.key');
    writeFileSync(keyFile, 'f9c2', { mode: 0o644 });
    chmodSync(keyFile, 0o644);
    const options = { scbk_file: keyFile };
    const device = { id: 'osdp-1', driver: 'osdp', port: '/dev/bus', options };
    const findings = await secretFiles.run({ ...config, devices: [device] });
    expect(findings[2]).toMatchObject({
      verdict: 'fail',
      text: expect.stringContaining('osdp-1: scbk_file'),
      remedy: expect.stringContaining('chmod 640'),
    });
  });

  it('fails for a template key that is missing, that is none, or that a scanner needs and nobody wrote', async () => {
    const keyFile = join(folder, 'template-key');
    const fingers = { templateKeyFile: keyFile };
    const last = async (given: GatewayConfig) => (await secretFiles.run(given)).at(-1);
    expect(await last({ ...config, fingers })).toMatchObject({
      verdict: 'fail',
      text: expect.stringMatching(/template_key_file: .* is missing/),
    });
    writeFileSync(keyFile, 'not a key', { mode: 0o600 });
    expect(await last({ ...config, fingers })).toMatchObject({
      verdict: 'fail',
      text: expect.stringContaining('64 hex digits'),
    });
    writeFileSync(keyFile, 'ab'.repeat(32));
    expect(await last({ ...config, fingers })).toMatchObject({ verdict: 'ok' });
    const scanner = { id: 'finger-1', driver: 'ef01', port: '/dev/finger', options: { match: 'gateway' } };
    expect(await last({ ...config, devices: [scanner] })).toMatchObject({
      verdict: 'fail',
      text: expect.stringContaining('finger-1'),
      remedy: expect.stringContaining('options.match: sensor'),
    });
    const own = { ...scanner, options: { match: 'sensor' } };
    expect(await last({ ...config, devices: [own] })).toMatchObject({ verdict: 'ok' });
  });

  it('leaves network addresses out of the port check and warns about names that change', async () => {
    const [device] = config.devices;
    if (device === undefined) throw new Error('no device');
    const devices = [
      { ...device, port: 'tcp://10.0.0.1:4001' },
      { ...device, port: '/dev/ttyUSB3' },
    ];
    expect(await ports.run({ ...config, devices })).toHaveLength(1);
    expect(await stableNames.run({ ...config, devices })).toEqual([
      expect.objectContaining({ verdict: 'warn' }),
    ]);
  });

  it('fails when nothing listens for broker and central', async () => {
    await new Promise((resolve) => server.close(resolve));
    for (const check of [broker, central]) {
      expect(await check.run(config)).toEqual([expect.objectContaining({ verdict: 'fail' })]);
    }
  });

  it('warns when the clocks differ', async () => {
    server.removeAllListeners('request');
    server.on('request', (_request, response) => {
      response.setHeader('date', new Date(0).toUTCString());
      response.end('ok');
    });
    expect(await central.run(config)).toContainEqual(
      expect.objectContaining({ verdict: 'warn', text: expect.stringContaining('clock differs') }),
    );
  });

  it('fails for a data folder that is missing', async () => {
    const gateway = { ...config.gateway, dataDir: join(folder, 'none') };
    expect(await disk.run({ ...config, gateway })).toEqual([expect.objectContaining({ verdict: 'fail' })]);
  });

  it('finds ModemManager among the processes', async () => {
    const proc = join(folder, 'proc');
    mkdirSync(join(proc, '17'), { recursive: true });
    writeFileSync(join(proc, '17', 'comm'), 'ModemManager\n');
    expect(await modemManager(proc).run(config)).toEqual([expect.objectContaining({ verdict: 'warn' })]);
    writeFileSync(join(proc, '17', 'comm'), 'bash\n');
    expect(await modemManager(proc).run(config)).toEqual([expect.objectContaining({ verdict: 'ok' })]);
  });

  it('believes the configuration about the clock', async () => {
    expect(await clockSync.run(config)).toEqual([expect.objectContaining({ verdict: 'ok' })]);
  });
});
