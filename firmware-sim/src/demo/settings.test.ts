import { describe, expect, it } from 'vitest';
import { demoSettings } from './settings.js';

describe('demoSettings', () => {
  it('takes the command line before the environment before the defaults', () => {
    const environment = {
      ROLLCALL_PORT: '8100',
      ROLLCALL_MQTT_PORT: '1999',
      ROLLCALL_DATA_DIR: '/srv/rollcall',
    };
    expect(demoSettings({ seed: 1 }, {})).toMatchObject({ port: 8000, mqttPort: 1883 });
    expect(demoSettings({ seed: 1 }, environment)).toEqual({
      port: 8100,
      mqttPort: 1999,
      dataDir: '/srv/rollcall',
      seed: 1,
    });
    expect(demoSettings({ seed: 1, port: 9000, mqttPort: 0, dataDir: '/x' }, environment)).toEqual({
      port: 9000,
      mqttPort: 0,
      dataDir: '/x',
      seed: 1,
    });
  });

  it.each(['http', '-1', '65536', '80.5'])('refuses the port %j by the name of its variable', (text) => {
    expect(() => demoSettings({ seed: 1 }, { ROLLCALL_PORT: text })).toThrow(/ROLLCALL_PORT.*CONFIG_INVALID/);
  });
});
