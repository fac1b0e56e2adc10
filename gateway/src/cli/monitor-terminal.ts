import { RollcallError } from '@rollcall/protocol/errors';
import type { KeepRequest, TerminalLink } from '../drivers/terminal-log.js';

/**
 * A terminal that is only looked at. What one that pushes sends is shown and not acknowledged, so that it sends it
 * again to the gateway; one that is asked keeps its log anyway.
 */
export function monitorTerminal(
  { pushes }: { pushes: boolean },
  print: (line: Record<string, unknown>) => void,
): TerminalLink {
  const memory = new Map<string, string>();
  return {
    recall: (name) => memory.get(name),
    // Nobody vouches for the clock here: nothing is set by it.
    clockState: () => 'unsynced',
    async keep(request) {
      for (const line of describe(request)) print(line);
      const { logs = [], rejected = [] } = request;
      const { length } = [...logs, ...rejected];
      if (pushes && length > 0) {
        throw new RollcallError('STORE_BUSY', 'Only looked at: the terminal keeps what it has');
      }
      for (const [name, value] of Object.entries(request.memory ?? {})) memory.set(name, value);
      return { fresh: length, repeated: 0 };
    },
  };
}

function describe({ logs = [], rejected = [], news = [] }: KeepRequest): Record<string, unknown>[] {
  return [
    ...logs.map(({ user, deviceTimeMs, kind, verifyMethod }) => ({
      type: 'log',
      user,
      device_time: new Date(deviceTimeMs).toISOString(),
      kind,
      verify_method: verifyMethod,
    })),
    ...rejected.map(({ reason }) => ({ type: 'rejected_line', reason })),
    ...news,
  ];
}
