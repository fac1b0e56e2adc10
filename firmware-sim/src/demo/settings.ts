import { resolve } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';

const DEFAULT_PORT = 8000;
const DEFAULT_MQTT_PORT = 1883;
const DEFAULT_DATA_DIR = './var';
const PORT_MAX = 65_535;

/** What the command line gave; the environment and the defaults fill the rest. */
export interface DemoOptions {
  port?: number;
  mqttPort?: number;
  dataDir?: string;
  seed: number;
}

export interface DemoSettings {
  port: number;
  mqttPort: number;
  /** Absolute, so that no child depends on its working directory. */
  dataDir: string;
  seed: number;
}

export function demoSettings(options: DemoOptions, environment: NodeJS.ProcessEnv): DemoSettings {
  return {
    port: options.port ?? portFrom(environment, 'ROLLCALL_PORT') ?? DEFAULT_PORT,
    mqttPort: options.mqttPort ?? portFrom(environment, 'ROLLCALL_MQTT_PORT') ?? DEFAULT_MQTT_PORT,
    dataDir: resolve(options.dataDir ?? environment['ROLLCALL_DATA_DIR'] ?? DEFAULT_DATA_DIR),
    seed: options.seed,
  };
}

function portFrom(environment: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX) return Number(text);
  throw new RollcallError(
    'CONFIG_INVALID',
    `${name} is "${text}"; it must be a port from 0 to ${PORT_MAX}, 0 for any.`,
  );
}
