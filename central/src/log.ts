import { type DestinationStream, type Logger, pino } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

interface Write {
  (fields: object, message: string): void;
  (message: string): void;
}

/** What every part of central logs through; a test passes `silentLog`. */
export interface Log {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  child(bindings: Record<string, unknown>): Log;
}

/** Field names whose values never reach a log, at the top and one or two levels down. */
const REDACTED_FIELDS = [
  'authorization',
  'connectionString',
  'cookie',
  'hash',
  'key',
  'mqttPassword',
  'password',
  'payload',
  'privateKey',
  'secret',
  'template',
  'token',
  'uid',
] as const;

const REDACTED_PATHS = REDACTED_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** JSON lines on standard output, which journald and the demo read. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return wrap(destination === undefined ? pino(options) : pino(options, destination));
}

function wrap(logger: Logger): Log {
  const write = (level: 'debug' | 'info' | 'warn' | 'error'): Write => {
    return (first: object | string, message?: string) => {
      if (typeof first === 'string') logger[level](first);
      else logger[level](first, message);
    };
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (bindings) => wrap(logger.child(bindings)),
  };
}

/** For tests and for commands that print results instead of logs. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
