import type { DriverContext } from '../driver.js';
import { terminalLog } from '../terminal/terminal-options.js';
import type { RejectedLine, TerminalLog } from '../terminal-log.js';
import type { ZkPushOptions } from '../zk-push.js';
import type { DrainWatch } from './drain-watch.js';
import { isFingerLine } from './finger-line.js';
import { parseLogLine } from './log-line.js';
import { MEMORY } from './push-memory.js';
import type { PushTime } from './push-time.js';

/** Lines kept in one transaction, as the gateway takes them. */
export const LINES_PER_KEEP = 250;

export interface TakeLogOptions {
  context: Pick<DriverContext<ZkPushOptions>, 'terminal' | 'options' | 'emit'>;
  drain: DrainWatch;
  time: PushTime;
}

/**
 * One upload of a terminal's log. Every line is kept or put aside; only then the terminal may go on (PUSH note §1.3).
 *
 * @throws RollcallError `STORE_FULL`, `STORE_BUSY` or `STORE_CORRUPT`
 */
export async function takeLog(
  lines: readonly string[],
  stamp: string | undefined,
  { context, drain, time }: TakeLogOptions,
): Promise<void> {
  const { terminal } = context;
  const { logs, rejected } = read(lines, { context, time });
  const note = time.read(logs, time.now());
  let fresh = 0;
  for (let at = 0; at === 0 || at < lines.length; at += LINES_PER_KEEP) {
    const isLast = at + LINES_PER_KEEP >= lines.length;
    const kept = await terminal.keep({
      logs: logs.slice(at, at + LINES_PER_KEEP),
      rejected: rejected.slice(at, at + LINES_PER_KEEP),
      clock: time.clock,
      ...(at === 0 ? { news: note.news } : {}),
      memory: {
        ...(at === 0 ? note.memory : {}),
        ...(isLast && stamp !== undefined ? { [MEMORY.logStamp]: stamp } : {}),
      },
    });
    fresh += kept.fresh;
  }
  await terminal.keep({ memory: drain.taken({ lines: lines.length, fresh }) });
  if (rejected.length === 0) return;
  const message = 'the terminal sent lines that nobody understands; they are put aside';
  context.emit({ type: 'rejected', reason: 'bad_line', message });
}

function read(
  lines: readonly string[],
  { context, time }: Pick<TakeLogOptions, 'context' | 'time'>,
): { logs: TerminalLog[]; rejected: RejectedLine[] } {
  const logs: TerminalLog[] = [];
  const rejected: RejectedLine[] = [];
  for (const line of lines) {
    const parsed = parseLogLine(line);
    if (parsed.type === 'entry')
      logs.push(terminalLog(parsed.entry, { options: context.options, zone: time.zone }));
    else if (parsed.type === 'bad')
      rejected.push({ line: isPrivate(line) ? '' : line, reason: parsed.reason });
  }
  return { logs, rejected };
}

/** What is put aside lies in the store for a person to read. */
const isPrivate = (line: string): boolean =>
  isFingerLine(line) || /(?:^|[\s,;&])(?:passwd|password|name|tmp|template|content)\s*=/i.test(line);
