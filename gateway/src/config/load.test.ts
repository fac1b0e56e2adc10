import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@rollcall/protocol/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from './load.js';

const GOOD = `
gateway: { id: gw-block-a, data_dir: /var/lib/rollcall-gateway }
uplink: { mqtt_url: "mqtt://127.0.0.1:1883", password_file: /etc/rollcall/mqtt-password, central_url: "http://127.0.0.1:8000" }
identify: { card_hash_key_file: /etc/rollcall/card-hash-key }
devices:
  - { id: rdm-r101, driver: rdm6300, port: /dev/serial/by-id/a, direction: in, feedback: lights-r101, options: { hold_off_ms: 700 } }
  - { id: lights-r101, driver: line, port: "tcp://10.0.0.7:4001", options: { baud: 9600, order: le } }
`;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-config-'));
  file = join(folder, 'gateway.yaml');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function load(yaml: string, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(file, yaml);
  return loadConfig({ file, env });
}

function refusal(yaml: string, env: NodeJS.ProcessEnv = {}): string {
  try {
    load(yaml, env);
  } catch (error) {
    if (hasCode(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('a good configuration', () => {
  it('becomes camelCase values with defaults', () => {
    const { config } = load(GOOD);
    expect(config.gateway).toEqual({ id: 'gw-block-a', dataDir: '/var/lib/rollcall-gateway' });
    expect(config.uplink).toEqual({
      mqttUrl: 'mqtt://127.0.0.1:1883',
      passwordFile: '/etc/rollcall/mqtt-password',
      centralUrl: 'http://127.0.0.1:8000',
      windowBatches: 8,
      batchRows: 50,
      resendSeconds: 30,
    });
    expect(config.store).toEqual({ retentionDays: 30, ballastBytes: 33_554_432 });
    expect(config.clock.trust).toBe('ntp');
    expect(config.health.intervalSeconds).toBe(60);
    expect(config.devices[0]).toMatchObject({
      direction: 'in',
      feedback: 'lights-r101',
      options: { hold_off_ms: 700, single_frame: false },
    });
    expect(config.devices[1]?.options).toMatchObject({ baud: 9600, order: 'le', technology: 'iso14443a' });
  });

  it('takes the environment before the file and says where each value is from', () => {
    const { config, origins } = load(GOOD, {
      ROLLCALL_UPLINK_MQTT_URL: 'mqtts://broker:8883',
      ROLLCALL_STORE_RETENTION_DAYS: '7',
      ROLLCALL_DATABASE: 'of another program',
    });
    expect(config.uplink.mqttUrl).toBe('mqtts://broker:8883');
    expect(config.store.retentionDays).toBe(7);
    expect(origins.get('uplink.mqtt_url')).toEqual({ value: 'mqtts://broker:8883', origin: 'env' });
    expect(origins.get('gateway.id')?.origin).toBe('file');
    expect(origins.get('log.level')).toEqual({ value: 'info', origin: 'default' });
    expect(origins.get('devices[0].options.hold_off_ms')).toEqual({ value: 700, origin: 'file' });
    expect(origins.get('devices[0].options.single_frame')).toEqual({ value: false, origin: 'default' });
  });

  it('warns about a name that the kernel may give to another reader', () => {
    const { warnings } = load(GOOD.replace('/dev/serial/by-id/a', '/dev/ttyUSB0'));
    expect(warnings).toEqual([expect.stringMatching(/^devices\[0\]\.port: \/dev\/ttyUSB0 .*by-id/)]);
    expect(load(GOOD).warnings).toEqual([]);
  });

  it('is accepted without devices, with a warning', () => {
    expect(load(GOOD.slice(0, GOOD.indexOf('devices:'))).warnings[0]).toMatch(/^devices: none/);
  });
});

describe('a refused configuration', () => {
  it('has a terminal that calls where one is called, or a reader where a terminal is', () => {
    const message = refusal(
      `${GOOD.slice(0, GOOD.indexOf('devices:'))}devices:
  - { id: a, driver: zk-push, port: "tcp://10.0.0.5:4370" }
  - { id: b, driver: zk-4370, port: "http://0.0.0.0:8081/SN1" }
  - { id: c, driver: line, port: "http://0.0.0.0:8081/SN2" }
  - { id: d, driver: zk-push, port: "http://0.0.0.0:8081/SN3?from=10.0.0.7", options: { time_zone: Asia/Nowhere } }
  - { id: e, driver: line, port: "udp://10.0.0.5:4001" }
  - { id: f, driver: zk-4370, port: "udp://10.0.0.6:4370" }
`,
    );
    expect(message).toMatch(/devices\[0\]\.port: must be http:\/\/address:port\/SERIAL/);
    expect(message).toMatch(/devices\[1\]\.port: must be tcp:\/\/address:4370/);
    expect(message).toMatch(/devices\[2\]\.port: must be a path or tcp/);
    expect(message).toMatch(/devices\[3\]\.options\.time_zone: must be the name of a time zone/);
    expect(message).toMatch(/devices\[4\]\.port: must be a path or tcp/);
    expect(message).toContain('has 5 problems');
  });

  it('lists every problem at once, each with its path and what to write', () => {
    const message = refusal(`
gateway: { id: "GW A", data_dri: /x }
uplink: { mqtt_url: "http://x", password: hunter2 }
store: { retention_days: "30", ballast_bytes: 1 }
devices:
  - { id: a, driver: rdm630, port: ttyUSB0 }
  - { id: a, driver: line, prot: /dev/x, feedback: zz-unknown, options: { baud: 1200, ordr: le } }
`);
    for (const expected of [
      /gateway\.id: must be 1 to 31 of .*; write for example "id: gw-block-a"/,
      /gateway\.data_dri: is not a key; did you mean "data_dir"\?/,
      /uplink\.mqtt_url: must be a mqtt:\/\/ or mqtts:\/\/ address; write for example "mqtt_url: /,
      /uplink\.password: secrets do not belong in this file.*password_file: /,
      /uplink\.password_file: is missing/,
      /uplink\.central_url: is missing/,
      /identify\.card_hash_key_file: is missing/,
      /store\.retention_days: must be a whole number of days from 1 to 365, without quotes/,
      /store\.ballast_bytes: must be a whole number of bytes from 1048576/,
      /devices\[0\]\.driver: is not a driver; the known ones are .*line, .*rdm6300.*; did you mean "rdm6300"\?/,
      /devices\[0\]\.port: must be an absolute path, .* or tcp:\/\/host:port, or hid:VID:PID .*; write for example "port: /,
      /devices\[1\]\.id: is already the name of devices\[0\]/,
      /devices\[1\]\.prot: is not a key; did you mean "port"\?/,
      /devices\[1\]\.port: is missing/,
      /devices\[1\]\.feedback: names a device that is not in this list/,
      /devices\[1\]\.options\.baud: must be one of 9600/,
      /devices\[1\]\.options\.ordr: is not an option; did you mean "order"\?/,
    ]) {
      expect(message).toMatch(expected);
    }
    expect(message).toContain('has 17 problems');
    expect(message).not.toContain('hunter2');
  });

  it.each([
    ['uplink: [1]', /uplink: must be a group of keys/],
    ['just text', /must be groups of keys/],
    ['devices: 7', /devices: must be a list/],
    ['devices: [4]', /devices\[0\]: must be a group of keys/],
    ['updlink: {}', /updlink: is not a key; did you mean "uplink"\?/],
  ])('names the wrong shape of %j', (yaml, expected) => {
    expect(refusal(yaml)).toMatch(expected);
  });

  it('refuses a password inside an address without repeating it', () => {
    const message = refusal(GOOD.replace('mqtt://127', 'mqtt://me:hunter2@127'));
    expect(message).toMatch(/uplink\.mqtt_url: must not contain a user or a password/);
    expect(message).not.toContain('hunter2');
  });

  it('refuses the password of a fingerprint module, and names the file that it belongs into', () => {
    const options = 'options: { password: 4b3a2918 }';
    const message = refusal(`${GOOD}  - { id: f, driver: ef01, port: /dev/serial/by-id/f, ${options} }\n`);
    expect(message).toMatch(
      /devices\[2\]\.options\.password: secrets do not belong in this file.*password_file: /,
    );
    expect(message).not.toContain('4b3a2918');
  });

  it('refuses two devices on one port, self-feedback and lights that do not exist', () => {
    expect(refusal(GOOD.replace('tcp://10.0.0.7:4001', '/dev/serial/by-id/a'))).toMatch(
      /devices\[1\]\.port: is already the port of devices\[0\]/,
    );
    expect(refusal(GOOD.replace('feedback: lights-r101', 'feedback: rdm-r101'))).toMatch(
      /names the device itself/,
    );
    expect(refusal(`${GOOD}  - { id: c, driver: line, port: /dev/c, feedback: rdm-r101 }\n`)).toMatch(
      /devices\[2\]\.feedback: names a device of driver rdm6300, which has no lights/,
    );
  });

  it('refuses one terminal as two devices, by whichever address it is to call', () => {
    const terminals = (...ports: string[]): string =>
      `${GOOD}${ports.map((port, at) => `  - { id: zk-${at}, driver: zk-push, port: "${port}" }\n`).join('')}`;
    const port = 'http://10.0.0.2:8081/SN1';
    for (const other of [`${port}?from=10.0.0.8`, 'http://10.0.0.2:8082/SN1']) {
      expect(refusal(terminals(`${port}?from=10.0.0.7`, other))).toMatch(
        /devices\[3\]\.port: names terminal SN1, which is devices\[2\] already/,
      );
    }
    expect(load(terminals(port, 'http://10.0.0.2:8081/SN2')).config.devices).toHaveLength(4);
  });

  it('lets devices of a bus share a port, each with its own address and all with one speed', () => {
    const bus = (...entries: string[]): string =>
      `${GOOD}${entries.map((entry, at) => `  - { id: osdp-${at}, port: /dev/serial/by-id/bus, ${entry} }\n`).join('')}`;
    const { config } = load(
      bus('driver: osdp, options: { address: 1 }', 'driver: osdp, options: { address: 2 }'),
    );
    expect(config.devices.filter(({ driver }) => driver === 'osdp')).toHaveLength(2);
    expect(
      refusal(bus('driver: osdp, options: { address: 1 }', 'driver: osdp, options: { address: 1 }')),
    ).toMatch(/devices\[3\]\.options\.address: is already the address of devices\[2\]/);
    expect(refusal(bus('driver: osdp', 'driver: osdp, options: { address: 1, baud: 19200 }'))).toMatch(
      /devices\[3\]\.options\.baud: differs from that of devices\[2\]/,
    );
    expect(refusal(bus('driver: osdp', 'driver: line'))).toMatch(
      /devices\[3\]\.port: is already the port of devices\[2\]/,
    );
  });

  it.each([
    ['{ scbk_file: /k, secure: off }', /secure: cannot be off where scbk_file is given/],
    ['{ secure: required }', /scbk_file: is missing/],
    ['{ install: true }', /install: needs scbk_file/],
    ['{ previous_scbk_file: /k }', /previous_scbk_file: needs scbk_file/],
    ['{ scbk_file: /k, install_address: 0 }', /install_address: needs install: true/],
    ['{ address: 127 }', /address: must be a whole number from 0 to 126/],
    ['{ scbk: "00" }', /scbk: secrets do not belong in this file.*scbk_file: /],
  ])('refuses the OSDP options %s: a secured reader is never spoken to in the clear', (options, expected) => {
    expect(refusal(`${GOOD}  - { id: o, driver: osdp, port: /dev/o, options: ${options} }\n`)).toMatch(
      expected,
    );
  });

  it('names the variable when the environment is wrong, misspelled ones included', () => {
    const message = refusal(GOOD, {
      ROLLCALL_STORE_RETENTION_DAYS: 'many',
      ROLLCALL_UPLINK_MQT_URL: 'mqtt://x',
    });
    expect(message).toMatch(/ROLLCALL_STORE_RETENTION_DAYS: must be a whole number of days/);
    expect(message).toMatch(
      /ROLLCALL_UPLINK_MQT_URL: overrides no key; did you mean ROLLCALL_UPLINK_MQTT_URL\?/,
    );
  });

  it('gives line and column of broken YAML', () => {
    expect(refusal('gateway:\n  id: "gw\nuplink: }')).toMatch(/is not YAML:\n {2}line \d+, column \d+: /);
    expect(refusal('gateway: {}\ngateway: {}')).toMatch(/line 2, column 1: .*unique/);
  });

  it('says what to do when the file is missing or a folder', () => {
    expect(() => loadConfig({ file: join(folder, 'none.yaml'), env: {} })).toThrow(
      /There is no configuration at .*--config/,
    );
    expect(() => loadConfig({ file: folder, env: {} })).toThrow(/is a folder/);
  });
});
