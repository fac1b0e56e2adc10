import type { Log } from '../log.js';
import type { FromThread } from './messages.js';
import { hearError, tellError } from './told-error.js';

type Line = FromThread & { kind: 'log' };

/** Central's log has one writer: a thread hands over what it says. */
export function threadLog(tell: (line: Line) => void, bindings: Record<string, unknown> = {}): Log {
  const write =
    (level: Line['level']) =>
    (first: object | string, message?: string): void => {
      const { err, ...fields }: Record<string, unknown> = typeof first === 'string' ? {} : { ...first };
      const text = typeof first === 'string' ? first : (message ?? '');
      tell({
        kind: 'log',
        level,
        // Only what can be cloned goes from thread to thread.
        fields: cloneable({ ...bindings, ...fields }),
        err: err === undefined ? undefined : tellError(err),
        message: text,
      });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => threadLog(tell, { ...bindings, ...more }),
  };
}

/** A line that cannot be carried over loses its fields and not the thread. */
function cloneable(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(fields));
  } catch {
    return { fields: Object.keys(fields) };
  }
}

/** Writes a line of a thread where everything of this process is written. */
export function writeLine(log: Log, { level, fields, err, message }: Line): void {
  log[level](err === undefined ? fields : { ...fields, err: hearError(err) }, message);
}
