import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runToEnd } from '../support/process.js';
import { COMMANDS } from '../support/root.js';

const GOOD = {
  gateway: { id: 'gw-a', data_dir: '' },
  uplink: { mqtt_url: 'mqtt://127.0.0.1:1', password_file: '', central_url: 'http://127.0.0.1:1' },
  identify: { card_hash_key_file: '' },
  devices: [{ id: 'line-1', driver: 'line', port: '/dev/rollcall/line-1' }],
};

describe('rollcall-gateway run with a configuration that', () => {
  let directory: string;
  let file: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rollcall-config-'));
    file = join(directory, 'gateway.yaml');
    writeFileSync(join(directory, 'secret'), `${'0'.repeat(63)}1\n`, { mode: 0o600 });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function good() {
    const secret = join(directory, 'secret');
    return structuredClone({
      ...GOOD,
      gateway: { ...GOOD.gateway, data_dir: join(directory, 'data') },
      uplink: { ...GOOD.uplink, password_file: secret },
      identify: { card_hash_key_file: secret },
    });
  }

  async function refusal(config: unknown, env: Record<string, string> = {}): Promise<string> {
    writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
    const { code, stdout, stderr } = await runToEnd({
      args: [COMMANDS.gateway, 'run', '--config', file],
      env,
    });
    expect(code, `${stdout}${stderr}`).toBe(1);
    expect(stderr).toContain('CONFIG_INVALID');
    return stderr;
  }

  it('has an unknown key is refused with its path and the key that was probably meant', async () => {
    const { gateway, ...rest } = good();
    const message = await refusal({ ...rest, gateway: { id: gateway.id, data_dri: gateway.data_dir } });
    expect(message).toContain('gateway.data_dri: is not a key; did you mean "data_dir"?');
  });

  it('has a value of the wrong type is refused with what to write instead', async () => {
    const message = await refusal({ ...good(), store: { retention_days: '30' } });
    expect(message).toContain(
      'store.retention_days: must be a whole number of days from 1 to 365, without quotes',
    );
  });

  it('has a device without a path is refused with an example', async () => {
    const message = await refusal({ ...good(), devices: [{ id: 'line-1', driver: 'line' }] });
    expect(message).toContain('devices[0].port: is missing');
  });

  it('has an impossible baud rate is refused with the possible ones', async () => {
    const [device] = good().devices;
    const message = await refusal({ ...good(), devices: [{ ...device, options: { baud: 1234 } }] });
    expect(message).toContain('devices[0].options.baud: must be one of 9600, 19200, 38400, 57600, 115200');
  });

  it('names a driver that does not exist is refused with the known ones', async () => {
    const [device] = good().devices;
    const message = await refusal({ ...good(), devices: [{ ...device, driver: 'rdm630' }] });
    expect(message).toContain('did you mean "rdm6300"?');
  });

  it('is overridden by a misspelled variable is refused with its name', async () => {
    const message = await refusal(good(), { ROLLCALL_UPLINK_MQT_URL: 'mqtt://broker' });
    expect(message).toContain('did you mean ROLLCALL_UPLINK_MQTT_URL?');
  });

  it('is no YAML is refused with line and column', async () => {
    expect(await refusal('gateway:\n  id: "gw\n')).toMatch(/line \d+, column \d+/);
  });

  it('is not there is refused with the path', async () => {
    const missing = join(directory, 'none.yaml');
    const { code, stderr } = await runToEnd({ args: [COMMANDS.gateway, 'run', '--config', missing] });
    expect(code).toBe(1);
    expect(stderr).toContain(missing);
  });

  it('names a secret that is not there is refused with the key and the file', async () => {
    const missing = join(directory, 'none');
    writeFileSync(file, JSON.stringify({ ...good(), identify: { card_hash_key_file: missing } }));
    const { code, stderr } = await runToEnd({ args: [COMMANDS.gateway, 'run', '--config', file] });
    expect(code).toBe(1);
    expect(stderr).toContain(missing);
  });

  it('is called with an unknown option ends with 2 and the usage', async () => {
    const { code, stderr } = await runToEnd({ args: [COMMANDS.gateway, 'run', '--confg', file] });
    expect(code).toBe(2);
    expect(stderr).toContain('--confg');
  });
});
