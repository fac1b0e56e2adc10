import { type DestinationStream, type Logger, pino } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

interface Write {
  (fields: object, message: string): void;
  (message: string): void;
}

/** What every part of the gateway logs through; a test passes `silentLog`. */
export interface Log {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  child(bindings: Record<string, unknown>): Log;
}

/** The process's own log: one level for it and all its children, changeable while they run. */
export interface RootLog extends Log {
  setLevel(level: LogLevel): void;
}

/** Field names whose values never reach a log, at the top and one or two levels down (edge §4.7). */
const REDACTED_FIELDS = [
  'authorization',
  'canonical',
  'hmac',
  'key',
  'mqttPassword',
  'password',
  'pin',
  'privateKey',
  'read',
  'secret',
  'template',
  'token',
  'uid',
  'values',
] as const;

const REDACTED_PATHS = REDACTED_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/**
 * JSON lines on standard output, which journald and the demo read. A pino child copies its parent's level
 * when it is made, so the level is kept here and children ask for it: that is what lets a command turn
 * debugging on in a running gateway.
 */
export function createLog(level: LogLevel, destination?: DestinationStream): RootLog {
  const options = {
    level: 'trace',
    base: null,
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const logger = destination === undefined ? pino(options) : pino(options, destination);
  const gate = { index: LOG_LEVELS.indexOf(level) };
  return {
    ...wrap(logger, gate),
    setLevel: (next) => {
      gate.index = LOG_LEVELS.indexOf(next);
    },
  };
}

function wrap(logger: Logger, gate: { index: number }): Log {
  const write = (level: LogLevel): Write => {
    const index = LOG_LEVELS.indexOf(level);
    return (first: object | string, message?: string) => {
      if (index < gate.index) return;
      if (typeof first === 'string') logger[level](first);
      else logger[level](first, message);
    };
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (bindings) => wrap(logger.child(bindings), gate),
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
