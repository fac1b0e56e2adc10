import { describe, expect, it } from 'vitest';
import { readConfig } from './config.js';

const problemOf = (env: NodeJS.ProcessEnv, flags = {}): unknown => {
  try {
    readConfig(env, flags);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the configuration of central', () => {
  it('has defaults that work on a fresh machine', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      httpPort: 8000,
      mqttPort: 1883,
      databaseUrl: undefined,
      externalBroker: undefined,
    });
  });

  it('lets the command line win over the environment, and nothing mean not set', () => {
    expect(readConfig({ ROLLCALL_PORT: '9000', DATABASE_URL: '' }, { port: '0' })).toMatchObject({
      httpPort: 0,
      databaseUrl: undefined,
    });
  });

  it('names every wrong variable at once and no value', () => {
    const error = problemOf({
      ROLLCALL_PORT: '80000',
      DATABASE_URL: 'mysql://root:topsecret@x',
      MQTT_URL: 'http://x',
    });
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    for (const name of ['ROLLCALL_PORT', 'DATABASE_URL', 'MQTT_URL']) expect(String(error)).toContain(name);
    expect(String(error)).not.toContain('topsecret');
  });

  it('refuses settings of a broker that is not there', () => {
    expect(problemOf({ MQTT_SHARED_GROUP: 'central' })).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(problemOf({ MQTT_URL: 'mqtt://x', MQTT_PASSWORD_FILE: '/nonexistent' })).toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('listens where it is told, and the broker with it unless that is told something else', () => {
    expect(readConfig({}, { host: '0.0.0.0' })).toMatchObject({ host: '0.0.0.0', mqttHost: '0.0.0.0' });
    expect(readConfig({ ROLLCALL_MQTT_HOST: '192.168.1.5' })).toMatchObject({
      host: '127.0.0.1',
      mqttHost: '192.168.1.5',
    });
  });

  it('reads how people reach it', () => {
    const config = readConfig({
      ROLLCALL_PUBLIC_URL: 'https://attendance.example.edu/, https://rollcall.local',
      ROLLCALL_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      ROLLCALL_RATE_LIMITS: '{"coordinator":{"sessions":{"points":200,"duration":60}}}',
    });
    expect(config).toMatchObject({
      publicUrls: ['https://attendance.example.edu', 'https://rollcall.local'],
      trustedProxies: ['10.0.0.0/8', '::1'],
      roleBudgets: { coordinator: { sessions: { points: 200, duration: 60 } } },
    });
  });

  it.each([
    ['ROLLCALL_PUBLIC_URL', 'attendance.example.edu'],
    ['ROLLCALL_PUBLIC_URL', 'https://attendance.example.edu/path'],
    ['ROLLCALL_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['ROLLCALL_TRUSTED_PROXIES', 'proxy'],
    ['ROLLCALL_METRICS_FROM', 'everybody'],
    ['ROLLCALL_RATE_LIMITS', '{'],
    ['ROLLCALL_RATE_LIMITS', '{"king":{"sessions":{"points":1,"duration":1}}}'],
    ['ROLLCALL_RATE_LIMITS', '{"admin":{"sessions":{"points":0,"duration":1}}}'],
    ['ROLLCALL_RATE_LIMITS', '{"admin":{"everything":{"points":1,"duration":1}}}'],
  ])('refuses %s=%s', (name, value) => {
    expect(problemOf({ [name]: value })).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(String(problemOf({ [name]: value }))).toContain(name);
  });
});
