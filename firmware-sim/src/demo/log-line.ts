import * as z from 'zod';

const COMPLAINT_LEVELS = ['error', 'fatal'];

const pinoLineSchema = z.looseObject({ level: z.string(), msg: z.string().optional() });

export interface LogLine {
  isReady: boolean;
  /** What a human should see of it, if anything. */
  complaint: string | undefined;
}

/** Reads a line that a child printed on standard output: pino JSON, or whatever a crashing program prints. */
export function readLogLine(text: string): LogLine {
  const line = pinoLineSchema.safeParse(parsed(text));
  if (!line.success) return { isReady: false, complaint: undefined };
  const { level, msg } = line.data;
  return {
    isReady: msg === 'ready',
    complaint: COMPLAINT_LEVELS.includes(level) ? complaintOf(line.data) : undefined,
  };
}

function complaintOf(line: Record<string, unknown>): string {
  const error = z.looseObject({ message: z.string() }).safeParse(line['err']);
  const message = typeof line['msg'] === 'string' ? line['msg'] : 'error';
  return error.success && error.data.message !== message ? `${message}: ${error.data.message}` : message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
