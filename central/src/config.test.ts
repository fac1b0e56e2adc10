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

  it.each(['0.0.0.0', '192.168.1.5', '::'])('refuses to listen on %s until there is sign-in', (host) => {
    expect(problemOf({}, { host })).toMatchObject({ code: 'LOOPBACK_ONLY' });
  });
});
