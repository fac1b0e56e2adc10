import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import { describeIssues } from '@rollcall/protocol/parse';
import * as z from 'zod';
import { isNetwork } from './http/networks.js';
import { type RoleBudgets, roleBudgetsSchema } from './http/role-budgets.js';
import { LOG_LEVELS, type LogLevel } from './log.js';

const PORT_TEXT = 'must be a port from 0 to 65535; 0 takes any free one';
const portSchema = z
  .string()
  .regex(/^\d{1,5}$/, PORT_TEXT)
  .transform(Number)
  .refine((port) => port <= 65_535, PORT_TEXT);

/** Addresses and networks, separated by commas: `10.0.0.0/8, 192.168.7.20, fd00::/8`. */
const networksSchema = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((parts) => parts.every(isNetwork), {
    message: 'must be addresses or networks separated by commas, such as 10.0.0.0/8, 192.168.7.20',
  });

/** Everything central is told from outside; the names are those of the environment. */
const environmentSchema = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must look like postgres://user:password@host:5432/database')
    .optional(),
  MQTT_URL: z
    .string()
    .regex(/^(mqtts?|wss?):\/\//, 'must look like mqtt://host:1883 or mqtts://host:8883')
    .optional(),
  MQTT_USERNAME: z.string().min(1).optional(),
  MQTT_PASSWORD_FILE: z.string().min(1).optional(),
  MQTT_SHARED_GROUP: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'must be 1 to 32 letters, digits, "_" or "-"')
    .optional(),
  ROLLCALL_DATA_DIR: z.string().min(1).default('./var'),
  ROLLCALL_HOST: z.string().min(1).default('127.0.0.1'),
  ROLLCALL_MQTT_HOST: z.string().min(1).optional(),
  ROLLCALL_PUBLIC_URL: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim().replace(/\/$/, '')))
    .refine((urls) => urls.every((url) => /^https?:\/\/[^/\s]+$/.test(url) && URL.canParse(url)), {
      message: 'must look like https://attendance.example.edu, several separated by commas',
    })
    .default([]),
  ROLLCALL_TRUSTED_PROXIES: networksSchema.default([]),
  ROLLCALL_METRICS_FROM: networksSchema.default([]),
  ROLLCALL_RATE_LIMITS: z.string().min(1).transform(parseJson).pipe(roleBudgetsSchema).default({}),
  ROLLCALL_PORT: portSchema.default(8000),
  ROLLCALL_MQTT_PORT: portSchema.default(1883),
  ROLLCALL_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  ROLLCALL_CARD_HASH_KEY_FILE: z.string().min(1).optional(),
  ROLLCALL_TOKEN_KEY_FILE: z.string().min(1).optional(),
  ROLLCALL_DATA_KEY_FILE: z.string().min(1).optional(),
});

export interface ExternalBroker {
  url: string;
  username: string | undefined;
  password: string | undefined;
  sharedGroup: string | undefined;
}

export interface CentralConfig {
  /** Absolute. */
  dataDir: string;
  host: string;
  httpPort: number;
  mqttHost: string;
  mqttPort: number;
  /** Origins under which people reach central besides loopback names and plain addresses. */
  publicUrls: readonly string[];
  /** Whose word about the client's address and about HTTPS is taken. */
  trustedProxies: readonly string[];
  /** Who may read the metrics besides this machine. */
  metricsFrom: readonly string[];
  roleBudgets: RoleBudgets;
  /** Undefined: the PostgreSQL that comes with central. */
  databaseUrl: string | undefined;
  /** Undefined: the broker that comes with central. */
  externalBroker: ExternalBroker | undefined;
  logLevel: LogLevel;
  cardHashKeyFile: string | undefined;
  tokenKeyFile: string | undefined;
  dataKeyFile: string | undefined;
}

/** What the command line may say instead of the environment. */
export interface ConfigFlags {
  port?: string | undefined;
  host?: string | undefined;
  mqttPort?: string | undefined;
  dataDir?: string | undefined;
}

/** @throws RollcallError `CONFIG_INVALID` naming every wrong variable */
export function readConfig(env: NodeJS.ProcessEnv, flags: ConfigFlags = {}): CentralConfig {
  const result = environmentSchema.safeParse(dropEmpty({ ...env, ...fromFlags(flags) }));
  if (!result.success) {
    throw new RollcallError(
      'CONFIG_INVALID',
      `The configuration of central is wrong: ${describeIssues(result.error)}`,
    );
  }
  const values = result.data;
  return {
    dataDir: resolve(values.ROLLCALL_DATA_DIR),
    host: values.ROLLCALL_HOST,
    httpPort: values.ROLLCALL_PORT,
    mqttHost: values.ROLLCALL_MQTT_HOST ?? values.ROLLCALL_HOST,
    publicUrls: values.ROLLCALL_PUBLIC_URL,
    trustedProxies: values.ROLLCALL_TRUSTED_PROXIES,
    metricsFrom: values.ROLLCALL_METRICS_FROM,
    roleBudgets: values.ROLLCALL_RATE_LIMITS,
    mqttPort: values.ROLLCALL_MQTT_PORT,
    databaseUrl: values.DATABASE_URL,
    externalBroker: readBroker(values),
    logLevel: values.ROLLCALL_LOG_LEVEL,
    cardHashKeyFile: values.ROLLCALL_CARD_HASH_KEY_FILE,
    tokenKeyFile: values.ROLLCALL_TOKEN_KEY_FILE,
    dataKeyFile: values.ROLLCALL_DATA_KEY_FILE,
  };
}

function fromFlags(flags: ConfigFlags): NodeJS.ProcessEnv {
  return dropEmpty({
    ROLLCALL_PORT: flags.port,
    ROLLCALL_HOST: flags.host,
    ROLLCALL_MQTT_PORT: flags.mqttPort,
    ROLLCALL_DATA_DIR: flags.dataDir,
  });
}

/** Compose files and unit files set variables to nothing where people mean "not set". */
function dropEmpty(values: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== ''),
  );
}

function readBroker(values: z.infer<typeof environmentSchema>): ExternalBroker | undefined {
  const {
    MQTT_URL: url,
    MQTT_USERNAME: username,
    MQTT_PASSWORD_FILE: file,
    MQTT_SHARED_GROUP: sharedGroup,
  } = values;
  if (url !== undefined) {
    return { url, username, password: file === undefined ? undefined : readSecret(file), sharedGroup };
  }
  if (sharedGroup === undefined && username === undefined && file === undefined) return undefined;
  throw new RollcallError(
    'CONFIG_INVALID',
    'MQTT_USERNAME, MQTT_PASSWORD_FILE and MQTT_SHARED_GROUP are for a broker of your own: set MQTT_URL too, or none of them',
  );
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RollcallError('CONFIG_INVALID', `MQTT_PASSWORD_FILE cannot be read: ${reason}`, { cause });
  }
}

/** Nobody signs in yet, so nobody but this machine may come in (design §7). */
function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'must be JSON, such as {"coordinator":{"sessions":{"points":200,"duration":60}}}',
    });
    return z.NEVER;
  }
}
